#!/bin/sh
# Installs a release of harness for the current user, or for all as root. The checksum of the release is checked before
# anything is written.
#
#     curl -fsSL https://github.com/harness/harness/releases/latest/download/install.sh | sh
#
#     HARNESS_VERSION   such as 0.2.0, by default the latest
#     HARNESS_BIN_DIR   by default ~/.local/bin, for root /usr/local/bin
#     HARNESS_RELEASES  where releases are, by default https://github.com/harness/harness/releases
set -eu

main() {
    releases=${HARNESS_RELEASES:-https://github.com/harness/harness/releases}
    say() { echo "install.sh: $1"; }
    stop() { say "$1" >&2; exit 1; }
    for program in curl tar sha256sum; do
        command -v $program >/dev/null || stop "\`$program\` is not installed"
    done
    [ "$(uname -s)" = Linux ] || stop "harness runs on Linux; this is $(uname -s)"
    case "$(uname -m)" in
        x86_64 | amd64) target=x86_64-unknown-linux-gnu ;;
        aarch64 | arm64) target=aarch64-unknown-linux-gnu ;;
        *) stop "there is no release for $(uname -m): cargo install harness" ;;
    esac
    version=${HARNESS_VERSION:-}
    if [ -z "$version" ]; then
        # it leads to .../tag/vVERSION
        version=$(curl -fsSL -o /dev/null -w '%{url_effective}' "$releases/latest" | sed -n 's|.*/tag/v||p')
        [ -n "$version" ] || stop "$releases/latest names no release: set HARNESS_VERSION"
    fi
    if [ "$(id -u)" = 0 ]; then into=/usr/local/bin; else into=$HOME/.local/bin; fi
    into=${HARNESS_BIN_DIR:-$into}
    name=harness-$version-$target
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    for file in "$name.tar.gz" "$name.tar.gz.sha256"; do
        curl -fsSL --retry 3 -o "$work/$file" "$releases/download/v$version/$file" ||
            stop "cannot download $releases/download/v$version/$file"
    done
    (cd "$work" && sha256sum --check --status "$name.tar.gz.sha256") ||
        stop "$name.tar.gz is not what its checksum says; nothing was installed"
    tar -C "$work" -xzf "$work/$name.tar.gz"
    mkdir -p "$into"
    # a name of its own first, so that a binary that runs is replaced and not overwritten
    cp "$work/$name/harness" "$into/.harness.new"
    chmod 0755 "$into/.harness.new"
    mv -f "$into/.harness.new" "$into/harness"
    say "$("$into/harness" --version) is in $into"
    case ":$PATH:" in *":$into:"*) ;; *) say "add $into to PATH" ;; esac
}

# a download that was cut off runs nothing
main
