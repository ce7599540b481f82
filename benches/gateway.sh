#!/bin/sh
# What the gateway of `harness serve` does beside nginx as a reverse proxy, in front of the same application, in one run, as
# a Markdown table:
#
#     benches/gateway.sh [SECONDS]
#
# It measures the release build (HARNESS_BINARY names another one) with a home, a project and ports of its own, and leaves
# nothing behind. It needs nginx and wrk (Debian: nginx-light, wrk); an nginx of its own is started and ended.
set -eu
cd "$(dirname "$0")/.."
for program in nginx wrk curl; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/gateway.py "$HARNESS_BINARY" "${1:-10}"
