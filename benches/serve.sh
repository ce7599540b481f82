#!/bin/sh
# What `harness serve` does under load, as tables: requests, events, terminals, idle and busy WebSockets.
#
#     benches/serve.sh [STACKS]
#
# It uses the release build (HARNESS_BINARY names another one) and the native engine, in a home of its own with ports of its
# own, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/serve.py "$HARNESS_BINARY" "${1:-20}"
