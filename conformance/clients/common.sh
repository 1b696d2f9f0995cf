# What the scripts of this folder share: where tools go, whom to sign in as, how to fail.

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }
fail() { say "$*" >&2; exit 1; }

# A generator that warns has left something out or guessed.
no_warning() {
  ! grep -niE 'warn|⚠|✘|error:|exception' "$1" || fail "the generator warned; see above"
}

: "${SERVICE:?the address of a running service with the data of the demo, without a slash at the end}"
: "${ACCOUNTS:?the file that conformance/accounts.py made}"
export TOOLS="${TOOLS:-$PWD/target/conformance}"
OPENAPI="$(realpath "${OPENAPI:-openapi/openapi.json}")"
export OPENAPI
CLIENTS="$PWD/examples/clients"
WORK="$TOOLS/clients"
mkdir -p "$WORK"
WORK="$(cd "$WORK" && pwd)"

account() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["administrator"][sys.argv[2]])' "$ACCOUNTS" "$1"; }
LIANFANG_URL="$SERVICE"
LIANFANG_USERNAME="$(account username)"
LIANFANG_PASSWORD="$(account password)"
export LIANFANG_URL LIANFANG_USERNAME LIANFANG_PASSWORD

# A virtual environment with exactly the requirements of the file $2, made anew when they change.
environment() {
  if ! cmp -s "$2" "$1/requirements.txt"; then
    say "installing the packages"
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
    cp "$2" "$1/requirements.txt"
  fi
}
