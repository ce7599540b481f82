#!/bin/sh
# What the loopback map costs: bind and connect of a stack's process under `[network] map`, beside the same calls without
# a map, as a Markdown table:
#
#     benches/network.sh [CALLS]
#
# It measures the release build (HARNESS_BINARY names another one) with a home, a project and ports of its own. Everything
# runs in a temporary directory and is gone afterwards.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/network.py "$HARNESS_BINARY" "${1:-5000}"
