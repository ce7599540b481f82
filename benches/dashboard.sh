#!/bin/sh
# Does a page that somebody leaves open grow? Opens the pages of 20 agents, of one agent with its log, and of a terminal in
# Chromium while everything changes, and has the browser's debugger count heap, nodes and listeners, and what moved:
#
#     benches/dashboard.sh [MINUTES] [STACKS]
#
# It takes HARNESS_BINARY, else the release build, in a home of its own with ports of its own, removes all of it, and exits
# with 1 when a page has grown. It needs node, npm and Debian's chromium.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/dashboard.py "$HARNESS_BINARY" "$(tests/support/playwright.sh)" "${1:-10}" "${2:-20}"
