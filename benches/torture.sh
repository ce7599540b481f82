#!/bin/sh
# Kills harness and its servers at random moments, and counts what was lost:
#
#     benches/torture.sh [ROUNDS [SEED]]
#
# Each round lets a command begin, kills the command, a supervisor, a guardian, both, or a server 0 to 600 ms later, and
# then asks for a launch or a teardown, which must succeed at its first attempt. Every agent's rows are compared with a
# model. Prints a table, and how to repeat each failure; exits with 1 unless all counts are 0. 400 rounds take under 15
# minutes on 2 cores.
#
# It uses the release build (HARNESS_BINARY names another one) in a home of its own with ports of its own, and leaves
# nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/torture.py "$HARNESS_BINARY" "${1:-400}" "${2:-$(date +%s)}"
