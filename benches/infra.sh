#!/bin/sh
# How long the shared servers take to come up on either engine, and what they use at rest, as Markdown tables:
#
#     benches/infra.sh [ROUNDS]
#
# It measures the release build (HARNESS_BINARY names another one) in homes of their own with ports of their
# own, and leaves nothing behind. The docker engine is left out where none answers with every image
# (tests/images/build makes them).
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
exec python3 benches/infra.py "$HARNESS_BINARY" "${1:-5}"
