#!/bin/sh
# The queue under fire: jobs over workers that are killed at random moments, and the server and PostgreSQL with them.
#
#     benches/queue.sh [JOBS [WORKERS [STORES [PARTS]]]]      # 1000 20 sqlite,postgres fire,measure,latency
#
# Workers are small processes that speak the worker API; each is killed with SIGKILL again and again, so is the server, twice, and
# PostgreSQL once. It exits with 1 unless each ticket has been completed exactly once, no job was claimed twice, what was
# "pushed" was pushed by the holder of the lease, and a worker that comes too late is refused. Then it measures a claim with 0, 100,
# 1,000 and 10,000 jobs pending (`measure`), and how long a job waits for a worker that waits for one (`latency`). It uses the release build (HARNESS_BINARY names another
# one), in homes of its own, with a PostgreSQL of its own, and leaves nothing behind.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/queue.py "$HARNESS_BINARY" "${1:-1000}" "${2:-20}" "${3:-sqlite,postgres}" "${4:-fire,measure,latency}"
