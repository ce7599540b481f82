#!/bin/sh
# 99 agents at once, as a table: `status`, `ports`, and what launching and removing all of them takes.
#
#     benches/fleet.sh [AGENTS [ROUNDS]]
#
# The application is as small as can be, so that harness is what is measured. It exits with 1 when `status` or `ports` takes
# more than 300 ms (median). It uses the release build (HARNESS_BINARY names another one) and the native engine, in a home
# of its own with ports of its own, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/fleet.py "$HARNESS_BINARY" "${1:-99}" "${2:-10}"
