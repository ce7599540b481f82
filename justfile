# What agents type, and what this repository needs. `just --list` shows the recipes; CONTRIBUTING.md explains them.

set positional-arguments

harness := env("HARNESS_BINARY", "harness")

[private]
default:
    @just --list

# in an application's folder or an agent's tree: agent setup|launch <id>|teardown <id>|verify <id>|verify-full <id>|status|launch-all [n]|teardown-all|cli <id> <command...>
[group("agents")]
[no-cd]
[no-exit-message]
agent verb *arguments:
    #!/bin/sh
    set -eu
    verb=$1
    shift
    # where no application is, in harness's own repository, the example stands in
    found=$PWD
    while [ ! -f "$found/harness.toml" ] && [ "$found" != / ]; do found=$(dirname "$found"); done
    if [ ! -f "$found/harness.toml" ] && [ -f "{{ justfile_directory() }}/examples/board/harness.toml" ]; then
        cd "{{ justfile_directory() }}/examples/board"
    fi
    case "$verb" in
        setup | launch | teardown | verify | status) exec {{ harness }} "$verb" "$@" ;;
        verify-full) exec {{ harness }} verify --full "$@" ;;
        launch-all) exec {{ harness }} launch --all "$@" ;;
        teardown-all) exec {{ harness }} teardown --all "$@" ;;
        cli)
            id=${1:?"agent cli <id> <command...>"}
            command=${2:?"agent cli <id> <command...>"}
            shift 2
            exec {{ harness }} "$command" "$id" "$@"
            ;;
        *)
            echo "agent: unknown verb \`$verb\`; see \`just --list\`" >&2
            exit 2
            ;;
    esac

# check again whenever a file is saved; with a name, run the tests of that name too
[group("inner loop")]
watch *name:
    #!/bin/sh
    set -eu
    stamp=$(mktemp)
    trap 'rm -f "$stamp"' EXIT
    trap exit INT TERM
    while true; do
        touch "$stamp"
        if cargo check --all-targets --quiet && { [ $# -eq 0 ] || cargo test --quiet -- "$@"; }; then echo "ok"; fi
        while [ -z "$(find src tests templates compose Cargo.toml CLAUDE.agent.md -newer "$stamp" -print -quit)" ]; do
            sleep 0.5
        done
    done

# the tests with NAME in their path: a folder or file of tests/, a row of docs/faults.md, a function; without it, all
[group("inner loop")]
test *name:
    cargo test -- "$@"

# format, lints, unit tests, the command line and the house rules: no root, no server, no network
[group("inner loop")]
check: format lint
    cargo test --quiet --lib
    cargo test --quiet --test all -- cli:: house::
    @echo "left out: stack:: and faults:: (need psql and PostgreSQL: just test), docker:: (needs an engine: just docker), cargo-deny (just deny)"

# is everything formatted?
[group("inner loop")]
format:
    cargo fmt --check

# clippy, warnings as errors
[group("inner loop")]
lint:
    cargo clippy --locked --all-targets -- -D warnings

# the API documentation of this crate, private items included, with broken links as errors
[group("inner loop")]
docs:
    RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --no-deps --document-private-items --lib

# write snapshots of help and errors, and the JSON Schemas, as the code now makes them; read the diff
[group("inner loop")]
snapshots:
    UPDATE_SCHEMA=1 cargo test --quiet --lib schema
    INSTA_UPDATE=always cargo test --quiet --test all -- cli::
    git status --short tests/cli/snapshots schema

# licences, bans and sources of all dependencies, as deny.toml says
[group("whole check")]
deny:
    .ci/deny bans licenses sources

# known vulnerabilities of dependencies; needs the network
[group("whole check")]
advisories:
    .ci/deny advisories

# what holds on containers: makes the images, then runs the tests
[group("whole check")]
docker:
    cargo build --locked
    HARNESS_BIN=target/debug/harness tests/images/build
    tests/images/agent target/debug/harness
    HARNESS_TEST_DOCKER=required cargo test --test all -- docker::

# cloud-init.yml, really booted: bookworm, trixie, noble; as root, 4 to 17 minutes each
[group("whole check")]
boot *suites:
    tests/cloud-init/boot "$@"

# the .deb, installed and removed in clean systems, and install.sh; needs cargo-deb and root
[group("whole check")]
packages *suites:
    tests/packages/run "$@"

# the Dockerfile and compose/harness.yml, run with the real docker compose, and Dockerfile.agent; as root
[group("whole check")]
container:
    tests/container/run
    tests/container/agent

# what CI runs; as root on Debian or Ubuntu
[group("whole check")]
ci:
    CI=true .ci/run </dev/null

# every measurement, as tables; with a name, that one (launch, verify, supervisor, network, infra, soak, trees, fleet, torture; serve, gateway, queue and dashboard by name alone)
[group("whole check")]
bench *names:
    #!/bin/sh
    set -eu
    if [ $# -eq 0 ]; then set -- infra launch supervisor network verify soak trees fleet torture; fi
    for name in "$@"; do benches/$name.sh; done

# build VERSION from a clean main and tag it; pushes nothing
[group("release")]
release version:
    .ci/release "$1"
