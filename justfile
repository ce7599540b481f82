# What agents type, and what this repository needs. `just --list` shows the recipes.

set positional-arguments

harness := env("HARNESS_BINARY", "harness")

[private]
default:
    @just --list

# in an application's folder or an agent's tree: agent setup|launch <id>|teardown <id>|verify <id>|verify-full <id>|status|launch-all [n]|teardown-all|cli <id> <command...>
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

# every test that needs no container
test:
    cargo test

# what CI runs
ci:
    CI=true .ci/run </dev/null

# every measurement, as tables
bench:
    for bench in benches/*.sh; do "$bench"; done
