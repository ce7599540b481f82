#!/bin/sh
# What `harness verify` costs beyond the slowest command of a stage, as Markdown tables:
#
#     benches/verify.sh [ROUNDS]
#
# It measures the release build (HARNESS_BINARY names another one) in a home of its own with ports of its
# own, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/verify.py "$HARNESS_BINARY" "${1:-20}"
