#!/bin/sh
# Does anything stay behind? Launches and tears down an agent again and again on the native engine and
# counts processes, databases, roles, buckets, ports, file descriptors and files before and after:
#
#     benches/soak.sh [ROUNDS]
#
# It takes HARNESS_BINARY, else the release build, in a home of its own with ports of its own, removes all
# of it, and exits with 1 when something was left.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/soak.py "$HARNESS_BINARY" "${1:-200}"
