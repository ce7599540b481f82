#!/bin/sh
# Does a work tree that somebody else makes and removes leave anything behind? `git worktree add`, a launch without an id and
# `git worktree remove`, again and again on the native engine, with processes, databases, buckets, ports, records and files
# counted before and after; and what `harness hook` adds to a launch:
#
#     benches/trees.sh [ROUNDS]
#
# It takes HARNESS_BINARY, else the release build, in a home of its own with ports of its own, removes all of it, and exits
# with 1 when something was left, a removal took more than 10 s, or a hook adds more than 100 ms.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/trees.py "$HARNESS_BINARY" "${1:-200}"
