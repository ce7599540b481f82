#!/bin/sh
# Memory and disk of an agent of the examples, and of what all agents share, as a table.
#
#     benches/footprint.sh [AGENTS [SECONDS [EXAMPLE...]]]
#
# By default 3 agents of board and of shop, SECONDS (30) after the last one is ready. Memory is PSS, in which a page that several processes share
# counts once. It uses the release build (HARNESS_BINARY names another one) and the native engine, in a home of its own with
# ports of its own, needs npm for the shop, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
agents=${1:-3} seconds=${2:-30}
shift $(($# < 2 ? $# : 2))
exec python3 benches/footprint.py "$HARNESS_BINARY" "$agents" "$seconds" "$@"
