//! What a failure says, without what differs from run to run and from tree to tree: lines, times, addresses, the tree's
//! own path, the agent's number and ports.

use std::borrow::Cow;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Failing;

/// What is taken out, and what is put in its place.
static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"^(\S+?):\d+(?::\d+)?: ", "$1: "),
        (r"((?:[\w@.-]+/)*[\w@-]+\.\w+):\d+(?::\d+)?", "$1"),
        (r"\b(lines?) \d+", "$1"),
        (r"\b0x[0-9a-fA-F]+\b", "0x"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "TIME"),
        (r"\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|sec|secs|seconds?|min|minutes?)\b", "TIME"),
        // `duration_ms 281.6`, `"elapsed": 3`, `real_seconds=1`
        (r"\b(\w*(?:_ms|_us|_ns|_secs?|_seconds|duration|elapsed))(['\x22]?[ :=]+)\d+(?:\.\d+)?", "$1$2N"),
        (r"(localhost|127\.0\.0\.1|\[::1\]|::1):\d+", "$1"),
        (r"\bagent([_-])\d+", "agent$1N"),
        (r"/tmp/[^\s'\x22)]+", "TMP"),
        (r"\b(pid|PID|ThreadId|thread)([ (=:]+)\d+", "$1$2N"),
    ]
    .into_iter()
    .map(|(pattern, instead)| (Regex::new(pattern).expect("a constant pattern"), instead))
    .collect()
});

/// The wording of a failure in `tree`: the name of its test, and what is wrong.
pub(super) fn wording(failing: &Failing, tree: &Path) -> String {
    let said = neutral(&failing.text, tree);
    match &failing.test {
        Some(test) => format!("{test}: {said}"),
        None => said,
    }
}

fn neutral(text: &str, tree: &Path) -> String {
    let mut tree = tree.display().to_string();
    tree.push('/');
    let mut text = text.replace(&tree, "");
    for (pattern, instead) in RULES.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&text, *instead) {
            text = changed;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_runs_is_left_out() {
        let same = |left: &str, right: &str| {
            assert_eq!(neutral(left, Path::new("/t/3")), neutral(right, Path::new("/t/7")), "{left}");
        };
        same("src/a.ts:3:5: error TS1: no", "src/a.ts:40:1: error TS1: no");
        same("a.py:9: Error in /t/3/b.py:7, line 12", "a.py:1: Error in /t/7/b.py:8, line 13");
        same("took 12 ms at 0xdeadbeef", "took 1.5 s at 0x0");
        same("# fail 1\n# duration_ms 281.6", "# fail 1\n# duration_ms 90");
        same("{\"elapsed\": 3.5}", "{\"elapsed\": 4}");
        same("connect ECONNREFUSED 127.0.0.1:8030", "connect ECONNREFUSED 127.0.0.1:8070");
        same("role agent_3 of agent-3-api", "role agent_7 of agent-7-api");
        let differ = |left: &str, right: &str| {
            assert_ne!(neutral(left, Path::new("/t")), neutral(right, Path::new("/t")), "{left}");
        };
        differ("a.py:9: assert 3 == 4", "a.py:9: assert 3 == 5");
        differ("a.py:9: assert 3 == 4", "b.py:9: assert 3 == 4");
    }
}
