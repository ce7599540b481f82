#!/bin/sh
# How long harness takes for the example application on the native engine, as Markdown tables:
#
#     benches/launch.sh [ROUNDS]
#
# It measures the release build (HARNESS_BINARY names another one) in a home of its own with ports of its
# own, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
(cd examples/board && cargo build --locked >&2)
exec python3 benches/launch.py "$HARNESS_BINARY" "${1:-10}"
