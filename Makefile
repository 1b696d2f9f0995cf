# The front door. `make run` and `make test` need a Debian machine with a Rust toolchain, nothing else.

LISTEN ?= 127.0.0.1:8080
DATA_DIR ?= ./data
NAME ?= admin
AREA ?= 511802
SCALE ?= 1
SECONDS ?= 600
ROUNDS ?= 10

.PHONY: help install run user demo example python page container conformance test fuzz check openapi schema roles import-names bench drill-ha drill-restore

help:
	@echo "make install                 put lianfang on PATH (cargo's folder of programs)"
	@echo "make run                     install what is missing, build, serve on $(LISTEN)"
	@echo "make user NAME=admin         make an administrator of AREA=$(AREA); prints a one-time password"
	@echo "make demo [SCALE=1]          fill a district to play with; works while it runs"
	@echo "make test                    every test, against a real PostgreSQL of its own"
	@echo "make fuzz [SECONDS=600]      everything that reads strangers' bytes, fed with mutations of tests/corpus"
	@echo "make example                 the offline queue in TypeScript, against the service"
	@echo "make python                  the Python package, against the service"
	@echo "make page                    the page at / in a real browser; screenshots in target/page"
	@echo "make container               the container image, built and run where there is a runtime"
	@echo "make conformance             linters, clients and fuzzers of others against the service"
	@echo "make drill-ha [ROUNDS=10]    kills, freezes and cuts off the primary of two under load; half an hour"
	@echo "make drill-restore           drops a table under load, and goes back to the second before"
	@echo "make check                   what CI runs: form, lints, tests"
	@echo "make openapi | make schema   write openapi/openapi.json | api/schema.rs anew"
	@echo "make roles                   write docs/roles.md anew: who may do what"
	@echo "make import-names            write docs/import-names.md anew: how sheets are understood"
	@echo "make bench                   figures beside their floors"

# Optimised: the first build takes two minutes longer than an unoptimised one, and everything after it is as fast as
# what a district would run.
run:
	@.ci/install-postgresql
	cargo build --locked --profile quick
	exec ./target/quick/lianfang serve --listen $(LISTEN) --data-dir $(DATA_DIR)

# The smaller binary that is handed on; it takes longer to build.
install:
	@.ci/install-postgresql
	cargo install --locked --path . --bin lianfang

user:
	@.ci/install-postgresql
	@cargo build --locked --profile quick --quiet
	@./target/quick/lianfang user add $(NAME) --admin --area $(AREA) --data-dir $(DATA_DIR)

demo:
	@.ci/install-postgresql
	@cargo build --locked --profile quick --quiet
	@./target/quick/lianfang demo --scale $(SCALE) --data-dir $(DATA_DIR)

test:
	@.ci/install-postgresql
	.ci/test

# Needs no PostgreSQL. FUZZ_SEED repeats a run, FUZZ_FILE one input: tests/corpus/README.md.
fuzz:
	RUST_BACKTRACE=0 FUZZ_SECONDS=$(SECONDS) cargo test --locked --test tests -- fuzz:: --nocapture

example:
	@.ci/install-postgresql
	@.ci/install-typescript
	cargo build --locked
	cd examples/offline-queue && tsc && SERVICE_BINARY="$(CURDIR)/target/debug/lianfang" node --test test/

python:
	@.ci/install-postgresql
	cargo build --locked
	clients/python/test

page:
	@.ci/install-postgresql
	@.ci/install-browser
	cargo build --locked
	node tests/browser/page.mjs

# Says so where there is no docker or podman that works, and checks what can be checked without.
container:
	.ci/container

conformance:
	@.ci/install-postgresql
	@.ci/install-conformance
	cargo build --locked
	conformance/run $(PARTS)

check:
	.ci/run

openapi:
	cargo run --quiet -- openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json
	python3 clients/python/kinds.py

schema:
	UPDATE_SCHEMA=1 cargo test --test tests schema_rs_is_fresh

roles:
	UPDATE_ROLES=1 cargo test --test tests roles_md_is_fresh

import-names:
	UPDATE_IMPORT_NAMES=1 cargo test --test tests import_names_md_is_fresh

# Need Debian's patroni, etcd-server, haproxy, pgbackrest: installed where they lack, never started as services.
drill-ha:
	@.ci/install-postgresql
	@.ci/install-drills
	cargo build --locked --bin lianfang
	ROUNDS=$(ROUNDS) deploy/ha/drill

drill-restore:
	@.ci/install-postgresql
	@.ci/install-drills
	cargo build --locked --bin lianfang
	deploy/pitr/drill

bench:
	@.ci/install-postgresql
	cargo bench --locked --bench load
