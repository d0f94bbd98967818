#!/bin/sh
# Runs all tests that CI runs. The binary is built first: the end-to-end tests run it as a program.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet -p xssh
if ! cargo nextest --version > /dev/null 2>&1; then
    echo "installing cargo-nextest" >&2
    cargo install --quiet --locked cargo-nextest
fi
exec cargo nextest run --workspace --no-fail-fast "$@"
