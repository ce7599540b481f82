#!/bin/sh
# harness's supervisor beside PM2, supervisord and pitchfork, as Markdown tables:
#
#     benches/supervisor.sh [ROUNDS]
#
# It measures the release build (HARNESS_BINARY names another one). The peers are installed once, from
# their registries, into a folder outside the clone (HARNESS_BENCH_PEERS, else ~/.cache/harness-bench);
# building pitchfork takes minutes. One that cannot be had is left out, which is said. Everything runs in a
# temporary directory and is gone afterwards.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
peers=${HARNESS_BENCH_PEERS:-$HOME/.cache/harness-bench}
mkdir -p "$peers/pm2"
if [ ! -x "$peers/pm2/node_modules/.bin/pm2" ] && command -v npm >/dev/null; then
    # npm wants a package to install into
    echo '{"name":"peers","version":"1.0.0","private":true}' >"$peers/pm2/package.json"
    timeout 600 npm install --prefix "$peers/pm2" --no-audit --no-fund pm2@latest >&2 || true
fi
if [ ! -x "$peers/supervisord/bin/supervisord" ]; then
    { python3 -m venv "$peers/supervisord" && timeout 600 "$peers/supervisord/bin/pip" install -q supervisor; } >&2 || true
fi
if [ ! -x "$peers/pitchfork/bin/pitchfork" ]; then
    timeout 3600 cargo install --locked --root "$peers/pitchfork" --target-dir "$peers/pitchfork-target" pitchfork-cli >&2 || true
fi
exec python3 benches/supervisor.py "$HARNESS_BINARY" "$peers" "${1:-5}"
