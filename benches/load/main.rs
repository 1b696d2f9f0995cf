//! Speed of the service, measured beside its floor in the same run: `make bench`.
//!
//! Each figure is the median of interleaved rounds: floor, service, peer, floor, service, peer… These machines
//! are noisy; trust ratios. Options: `BENCH_ROUNDS` (5), `BENCH_SECONDS` a round (3),
//! `BENCH_ROWS` of the import (100,000), of a first pull and behind the filters (1,000,000), `BENCH_CASES` of isolation
//! (50,000), `BENCH_LINES` of supply reports (10,000,000), `BENCH_PASSAGES` behind figures (1,000,000),
//! `BENCH_HOUSEHOLDS` of a round (120,000). `BENCH_ONLY=ledger`, `lists`, `files`, `feed`, `pull`, `overload`,
//! `filters`, `supply`, `duties`, `figures` or `coverage` leaves out the rest.
//! `BENCH_BINARY` measures another build; `BENCH_PEER` says where the peer is (`target/peers`), `0` leaves it out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod client;
mod compare;
mod coverage;
mod cpu;
mod duties;
mod feed;
mod figures;
mod files;
mod filters;
mod floor;
mod lists;
mod overload;
mod peer;
mod pull;
mod report;
mod served;
mod supply;

use std::time::Instant;

use client::{Load, Target};
use compare::{HEAD, compare, compare_with_peer};
use floor::Floor;
use peer::Peer;
use report::Report;
use served::Served;

fn option(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let wanted = |part: &str| only.is_empty() || only == part;
    let report = Report::default();
    let mut served = Served::start();
    if wanted("ledger") {
        served = ledger(served, &runtime, &report);
    }
    if only == "lists" {
        lists::measure(&served, &runtime);
    }
    if only == "files" {
        files::measure(&served, &runtime, option("BENCH_ROWS", 100_000), &report);
    }
    if wanted("feed") {
        served = served.restart().sign_in_again();
        feed::measure(&served, &runtime, &report);
    }
    if wanted("overload") {
        served = served.restart().sign_in_again();
        let (seconds, times) = (option("BENCH_SECONDS", 60), option("BENCH_TIMES", 5));
        overload::measure(&served, &runtime, (seconds, times), &report);
    }
    if wanted("pull") {
        served = served.restart().sign_in_again();
        pull::measure(&mut served, &runtime, &report, option("BENCH_ROWS", 1_000_000));
    }
    if wanted("supply") {
        served = served.restart().sign_in_again();
        supply::measure(&served, &runtime, option("BENCH_LINES", 10_000_000));
    }
    if wanted("figures") {
        served = served.restart().sign_in_again();
        figures::measure(&served, &runtime, option("BENCH_PASSAGES", 1_000_000));
    }
    if wanted("filters") {
        served = served.restart().sign_in_again();
        filters::measure(&served, option("BENCH_ROWS", 1_000_000));
    }
    if wanted("coverage") {
        served = served.restart().sign_in_again();
        coverage::measure(&served, &runtime, option("BENCH_HOUSEHOLDS", 120_000));
    }
    if wanted("duties") {
        let cases = option("BENCH_CASES", 50_000);
        duties::fill(&served, cases);
        duties::measure(&served.restart().sign_in_again(), &runtime, cases);
    }
    report.print();
    println!("Measured in {} s.", started.elapsed().as_secs());
}

/// The write path, lists, files, start and memory.
fn ledger(mut served: Served, runtime: &tokio::runtime::Runtime, report: &Report) -> Served {
    let first_start = served.ready_after;
    let peer = Peer::start(&served);
    println!("{HEAD}");
    let floor = Floor::new(&served);
    let load = Load::screenings(&served, std::slice::from_ref(&served.token), &served.places);
    let beside = peer.as_ref().map(|peer| Load::screenings(peer, &[peer.token().to_owned()], &served.places));
    for (connections, goal) in [(1, "≥ 0.40"), (16, "≥ 1.00"), (64, "≥ 2.00")] {
        let row = compare_with_peer(
            &format!("POST a screening of somebody new, {connections} connections"),
            goal,
            |round| floor.insert(connections, round),
            |round| runtime.block_on(load.run(connections, round)),
            beside.as_ref().map(|load| move |round| runtime.block_on(load.run(connections, round))),
        );
        report.compared(&format!("post {connections}"), &row);
    }
    let (tokens, places) = served.districts(16);
    let load = Load::screenings(&served, &tokens, &places);
    compare(
        "POST, 64 connections, 16 districts",
        "≥ 2.50",
        |round| floor.insert(64, round),
        |round| runtime.block_on(load.run(64, round)),
    );
    let path = "/v1/screenings?limit=100";
    let (list, beside) = (Load::get(&served, path), peer.as_ref().map(|peer| Load::get(peer, path)));
    let row = compare_with_peer(
        "list of 100, 4 connections",
        "≥ 0.35",
        |round| floor.list(4, round),
        |round| runtime.block_on(list.run(4, round)),
        beside.as_ref().map(|load| |round| runtime.block_on(load.run(4, round))),
    );
    report.compared("list", &row);
    drop(peer);
    files::measure(&served, runtime, option("BENCH_ROWS", 100_000), report);
    println!("Memory after the load: {} MB resident.", served.resident_mb());
    let restarted = served.restart();
    println!("Memory idle after a start: {} MB resident.", restarted.resident_mb());
    println!(
        "Start: empty database {} ms, existing {} ms.",
        first_start.as_millis(),
        restarted.ready_after.as_millis()
    );
    restarted
}
