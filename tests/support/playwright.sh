#!/bin/sh
# Prints a directory whose node_modules has playwright-core, by which a script drives the Chromium of this machine; fetches it
# first where it is not at hand, in the version that examples/shop locks. Kept outside the clone.
set -eu
cd "$(dirname "$0")/../.."
version=$(node -p 'require("./examples/shop/package-lock.json").packages["node_modules/playwright-core"].version')
directory="${XDG_CACHE_HOME:-$HOME/.cache}/harness-tests/playwright-core-$version"
if [ ! -e "$directory/node_modules/playwright-core/package.json" ]; then
    mkdir -p "$directory"
    npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix "$directory" "playwright-core@$version" >&2
fi
echo "$directory"
