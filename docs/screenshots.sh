#!/bin/sh
# Takes the pictures of the dashboard, docs/dashboard-*.png, from real stacks of examples/shop and examples/board:
#
#     docs/screenshots.sh
#
# It runs them in a home of its own, with the default ports, and leaves nothing behind. HARNESS_BINARY names the binary;
# without it the release build is used. It needs node, npm and Debian's chromium, vim and python3-venv.
set -eu
cd "$(dirname "$0")/.."
if [ -z "${HARNESS_BINARY:-}" ]; then
    cargo build --release --locked >&2
    HARNESS_BINARY=$PWD/target/release/harness
fi
modules=$(tests/support/playwright.sh)
directory=$(mktemp -d "${TMPDIR:-/tmp}/harness-screenshots-XXXXXX")
chmod 711 "$directory"
export HARNESS_HOME="$directory/home"
trap '"$HARNESS_BINARY" serve stop --quiet || true
      "$HARNESS_BINARY" teardown --all --force --quiet || true
      "$HARNESS_BINARY" teardown --infra --volumes --force --quiet || true
      rm -rf "$directory"' EXIT
python3 -m venv "$directory/venv"
"$directory/venv/bin/pip" install --quiet 'pillow>=11,<13'
for example in board shop; do
    cp -a "examples/$example" "$directory/$example"
    (cd "$directory/$example" && git init -q && git add . && git -c user.name=shop -c user.email=shop@localhost commit -qm "Begin")
done
printf '[worktree]\npath = "%s/trees/{{ project }}-{{ id }}"\n' "$directory" >"$directory/shop/harness.local.toml"
harness() { "$HARNESS_BINARY" --quiet "$@"; }
harness -C "$directory/shop" launch 1 2
harness -C "$directory/board" launch 3 4
harness serve --detach
# agent 1 has passed; agent 2 works on something that neither compiles nor runs yet; agent 4 is parked
harness -C "$directory/shop" verify 1 >/dev/null
tree=$(harness status 2 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["agents"][0]["tree"])')
sed -i 's|"/products"|42|' "$tree/frontend/src/api.ts"
sed -i '1i throw new Error("no carrier is configured");' "$tree/backend/src/scheduler.ts"
harness -C "$directory/shop" verify 2 >/dev/null || true
harness wait 2 scheduler --for exit --timeout 60s || true
harness db 3 snapshot before_import
harness park 4
harness -C "$directory/shop" session start 1 --name vim -- vim -u NONE -N -n --cmd 'set mouse=a number ruler | syntax on' backend/src/receipt.ts
token=$(cat "$HARNESS_HOME/serve/token")
task() { # status, agent or null, title
    number=$(curl -fsS -H "Authorization: Bearer $token" -d "{\"title\": \"$3\", \"assignee\": $2}" http://127.0.0.1:3333/api/tasks |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
    curl -fsS -X PATCH -H "Authorization: Bearer $token" -d "{\"status\": \"$1\"}" "http://127.0.0.1:3333/api/tasks/$number" >/dev/null
}
task open null "Receipts name the tax rate"
task open null "Orders can be called off"
task in_progress 2 "Ask the carrier for the price of delivery"
task in_progress 3 "Import the old messages"
task review 1 "Pictures of products in three sizes"
task "done" 4 "Search ignores accents"
link=$(harness open --dashboard --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["url"])')
node docs/screenshots.mjs "$modules" "$link" "$directory"
"$directory/venv/bin/python" - "$directory" docs <<'PYTHON'
import sys
from pathlib import Path

from PIL import Image

for path in sorted(Path(sys.argv[1]).glob("dashboard-*.png")):
    picture = Image.open(path).convert("RGB").quantize(colors=64, dither=Image.Dither.NONE)
    picture.save(Path(sys.argv[2]) / path.name, optimize=True)
PYTHON
ls -l docs/dashboard-*.png
