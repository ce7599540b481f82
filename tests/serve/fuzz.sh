#!/bin/sh
# Requests that a fuzzer (schemathesis) makes of the OpenAPI document, sent to a running `harness serve` of a home of their own: no
# answer may be a 500, or one that the document does not describe. Bounded in number; not part of CI, which has no
# schemathesis.
#
#     tests/serve/fuzz.sh [HARNESS]          SCHEMATHESIS=st  EXAMPLES=20  SEED=1  PORT=13000
set -eu
harness=${1:-target/debug/harness}
st=${SCHEMATHESIS:-st}
command -v "$st" >/dev/null || { echo "fuzz: there is no \`$st\`: pip install schemathesis, or name it with SCHEMATHESIS" >&2; exit 2; }
work=$(mktemp -d /tmp/fuzz-XXXXXX)
chmod 711 "$work"
export HARNESS_HOME=$work/home
serving=
cleanup() {
    [ -z "$serving" ] || { kill "$serving"; wait "$serving" || true; }
    (cd "$work/project" && "$harness" teardown --all --force && "$harness" teardown --infra --volumes) || true
    rm -rf "$work"
}
trap cleanup EXIT
harness=$(realpath "$harness")
mkdir "$work/project"
cd "$work/project"
cat >harness.toml <<TOML
[project]
name = "fuzz"
[ports]
web = ${PORT:-13000}
[infra]
engine = "native"
[infra.postgres]
disabled = true
[infra.s3]
disabled = true
[infra.mail]
disabled = true
[infra.browser]
disabled = true
[database]
disabled = true
[processes.web]
command = "python3 -m http.server {{ ports.web }} --bind 127.0.0.1"
TOML
git init -q . && git add . && git -c user.name=fuzz -c user.email=fuzz@localhost commit -qm "A project"
"$harness" launch 3
"$harness" serve --port 0 2>"$work/log" &
serving=$!
until url=$(sed -n 's/^serving at \([^;]*\);.*/\1/p' "$work/log") && [ -n "$url" ]; do
    kill -0 "$serving" || { cat "$work/log" >&2; exit 1; }
    sleep 0.1
done
# what never ends is left out: streams that are followed, and connections that become something else. After ten wrong tokens
# the answer is 429 and not 401; deleting a job interrupts it, and leaves it on the list; a number written as `3.0` is none of
# a task
printf '[parameters]\n"query.follow" = 0\n' >"$work/st.toml"
"$st" --config-file "$work/st.toml" run "$url/api/openapi.json" \
    --header "Authorization: Bearer $(cat "$HARNESS_HOME/serve/token")" \
    --checks all --exclude-checks ignored_auth,use_after_free,positive_data_acceptance \
    --exclude-path-regex '^/(ws|enter|api/events|api/sessions$)' \
    --max-examples "${EXAMPLES:-20}" --seed "${SEED:-1}" --request-timeout 20 --workers 1
