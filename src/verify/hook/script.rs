//! The text of hooks.

use std::path::Path;

/// The line by which our own hook is known.
const MARK: &str = "# made by `harness hook install`";

/// What a call of git may run; those of servers, and the two that run at every change of a reference or of the index,
/// aside.
pub(super) const NAMES: [&str; 16] = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "push-to-checkout",
];

/// Finds the hook that git would call without ours.
const OTHER: &str = r#"folder=$(git config --worktree --type=path --get harness.hooksPath 2>/dev/null ||
  git config --local --type=path --get core.hooksPath ||
  git config --global --type=path --get core.hooksPath ||
  git config --system --type=path --get core.hooksPath)
case $folder in
"") folder=$(git rev-parse --git-common-dir)/hooks ;;
/*) ;;
*) folder=$(git rev-parse --show-toplevel)/$folder ;;
esac
hook=$folder/$(basename "$0")
"#;

/// The gate alone.
pub(super) fn gate(program: &Path) -> String {
    format!("#!/bin/sh\n{MARK}\n{}", judgement(program))
}

/// The hook `name` of our own folder.
pub(super) fn chained(name: &str, program: &Path) -> String {
    if name == "pre-commit" {
        let calls = "if [ -x \"$hook\" ]; then \"$hook\" \"$@\" || exit $?; fi\n";
        return format!("#!/bin/sh\n{MARK}\n{OTHER}{calls}{}", judgement(program));
    }
    format!("#!/bin/sh\n{MARK}\n{OTHER}[ -x \"$hook\" ] || exit 0\nexec \"$hook\" \"$@\"\n")
}

fn judgement(program: &Path) -> String {
    let program = shell_words::quote(&program.to_string_lossy()).into_owned();
    format!(
        r#"# Refuses a commit unless this very tree has passed `harness verify --full`. `harness hook remove` removes it;
# `git commit --no-verify` skips it once.
harness=$(command -v harness || echo {program})
"$harness" verify --status --index > /dev/null
case $? in
0 | 5) exit 0 ;; # verified, or not the tree of an agent
126 | 127) echo "harness is not installed any more: install it, or remove $0" >&2; exit 1 ;;
*) echo "not committed: run \`harness verify --full\` first" >&2; exit 1 ;;
esac
"#
    )
}

/// Whether harness wrote this hook.
pub(super) fn is_ours(script: &str) -> bool {
    script.lines().nth(1) == Some(MARK)
}

/// Whether it asks harness, whoever wrote it.
pub(super) fn asks_harness(script: &str) -> bool {
    script.contains("harness verify --status") || is_ours(script)
}
