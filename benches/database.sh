#!/bin/sh
# How long a clone, a hand-out of a spare, a restore and seven clones at once take beside raw SQL on the same server, by size of
# the template, on PostgreSQL as installed, on the pinned PostgreSQL 18, and on that with its data on an XFS with reflinks:
#
#     benches/database.sh [ROUNDS [PLACE...]]
#
# PLACE is `installed`, `18` or `xfs`; all of them unless given. It takes HARNESS_BINARY, else the release build, in homes of
# their own with ports of their own, and removes all of it. `xfs` needs root, mkfs.xfs (xfsprogs) and a loop device, and 20 GB
# of sparse file; where it cannot be had, that is said.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
rounds="${1:-20}"
[ $# = 0 ] || shift
exec python3 benches/database.py "$HARNESS_BINARY" "$rounds" "$@"
