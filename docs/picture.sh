#!/bin/sh
# Draws launch.svg, the picture in the README, from a real run on a terminal:
#
#     docs/picture.sh
#
# It runs the commands below in a home of its own, with the default ports, and leaves nothing behind.
# HARNESS_BINARY names the binary; without it the release build is used.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
directory=$(mktemp -d "${TMPDIR:-/tmp}/harness-picture-XXXXXX")
chmod 711 "$directory"
export HARNESS_HOME="$directory/home"
trap '"$HARNESS_BINARY" teardown --all --force --quiet || true
      "$HARNESS_BINARY" teardown --infra --volumes --quiet || true
      rm -rf "$directory"' EXIT
mkdir "$directory/bin"
ln -s "$HARNESS_BINARY" "$directory/bin/harness"
export PATH="$directory/bin:$PATH"
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet 'rich>=14,<15' 'pyte>=0.8,<0.9'
cp -a examples/board "$directory/board"
(cd "$directory/board" && git init -q && cargo build --quiet)
"$directory/venv/bin/python" docs/picture.py "$directory/board" docs/launch.svg
