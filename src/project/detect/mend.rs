//! What the output of a program that failed says of what it lacks.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

static NO_PROGRAM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|: )(?:\d+: )?([\w@./-]+): (?:command )?not found|command not found: ([\w@./-]+)"));
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x) KeyError:\ '([A-Z][A-Z0-9_]{2,})'
        | (?:Set\ the|Missing|missing|required|undefined)[^A-Z\n]{0,40}\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b
        | \b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b["'`]?\]?\s(?:environment\ variable\s)?(?:is|must\ be|was)\s(?:required|not\ set|missing|undefined|set|provided|not\ defined)"#,
    )
});
static REFUSED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)(?:ECONNREFUSED|connection refused|connect to)[^\n]*?(?:127\.0\.0\.1|localhost|::1)\D{1,3}(\d{2,5})")
});
static IN_USE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(?:EADDRINUSE|address already in use)[^\n]*?[: ](\d{4,5})\b"));
static NO_MODULE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?:Cannot find (?:module|package)|No module named|cannot load such file --) ['"]?([\w@./-]+)"#)
});
static OTHER_PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:requires a different Python: [\d.]+ not in ['"]|Requires-Python |requires Python )([<>=~!^3][^'";)\s]*)"#,
    )
});

/// Suggestions, each once, in the order in which the lines give rise to them.
pub fn mend<'t>(lines: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut suggestions = Vec::new();
    for line in lines {
        let first = |pattern: &Regex| {
            let found = pattern.captures(line)?;
            found.iter().skip(1).flatten().next().map(|text| text.as_str().to_owned())
        };
        let found = [
            first(&NO_PROGRAM).map(|name| format!("install `{name}`, or correct the command that calls it")),
            first(&VARIABLE).map(|name| format!("give `{name}` a value in [env]")),
            first(&REFUSED).map(|port| {
                format!(
                    "nothing listens on port {port}: give the address of that server in [env], or run it in [processes]"
                )
            }),
            first(&IN_USE).map(|port| format!("port {port} is in use: the program must take its port from [ports]")),
            first(&NO_MODULE).map(|name| format!("`{name}` is not installed: complete the steps of [prepare]")),
            first(&OTHER_PYTHON).map(|range| {
                format!("call a Python that fits `{range}` in [prepare], such as `python3.13 -m venv .venv`")
            }),
        ];
        for suggestion in found.into_iter().flatten() {
            if told.insert(suggestion.clone()) {
                suggestions.push(suggestion);
            }
        }
    }
    suggestions
}

#[cfg(test)]
mod tests {
    use super::mend;

    #[test]
    fn what_is_missing_is_named() {
        for (line, expected) in [
            ("sh: 1: turbo: not found", "install `turbo`"),
            ("KeyError: 'SECRET_KEY'", "give `SECRET_KEY` a value"),
            ("Error: AUTH_SECRET is not set", "give `AUTH_SECRET` a value"),
            ("Missing required environment variable: API_TOKEN", "give `API_TOKEN` a value"),
            ("Error: connect ECONNREFUSED 127.0.0.1:6379", "nothing listens on port 6379"),
            ("Error: listen EADDRINUSE: address already in use :::3000", "port 3000 is in use"),
            ("ERROR: a requires a different Python: 3.11.7 not in '>=3.12'", "call a Python that fits `>=3.12`"),
            (
                "ERROR: Ignored the following versions that require a different python version: 6.1 Requires-Python >=3.12; 6.0 \
                 Requires-Python >=3.12",
                "call a Python that fits `>=3.12`",
            ),
            ("ModuleNotFoundError: No module named 'celery'", "`celery` is not installed"),
        ] {
            let found = mend([line]);
            assert!(found.len() == 1 && found[0].starts_with(expected), "{line}: {found:?}");
        }
        assert!(mend(["ready in 3 s", "GET / 200"]).is_empty());
    }
}
