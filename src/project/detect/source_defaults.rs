//! Addresses of databases and caches that the source falls back to where a variable is not set:
//! `getenv("QUEUE", "redis://localhost:6379")`. They say what a name alone does not: which server is meant.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Example, Facts};
use super::tree::{Tree, base_name, extension_of, is_aside};

const ADDRESS: &str = r#"["'`]((?:postgres(?:ql)?|mysql2?|mariadb|mongodb|redis|valkey)(?:\+\w+)?://[^"'`\s]+)["'`]"#;

fn pattern(before: &str) -> Regex {
    Regex::new(&format!("{before}{ADDRESS}")).expect("the pattern is right")
}

/// What stands before the address, with the name of the variable.
static WAYS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        // `process.env.NAME || "..."`, `os.environ.get("NAME") or "..."`
        pattern(r#"\b(?:env\.|env\[["']|get\(["']|ENV\[["'])([A-Z][A-Z0-9_]+)(?:["'][\])])?\s*(?:\|\||\?\?|or)\s*"#),
        // `getenv("NAME", "...")`, `config("NAME", default="...")`
        pattern(r#"\(\s*["']([A-Z][A-Z0-9_]+)["']\s*,\s*(?:default\s*=\s*)?"#),
        // `z.string().default("...")` of a schema of the environment
        pattern(r"\b([A-Z][A-Z0-9_]+)\s*:\s*\w+\.[^\n,]{0,80}default\(\s*"),
        // clap: `env = "NAME", default_value = "..."`
        pattern(r#"\benv\s*=\s*"([A-Z][A-Z0-9_]+)"[^)\n]{0,80}default_value\s*=\s*"#),
        // caarlos0/env: `env:"NAME" envDefault:"..."`
        pattern(r#"\benv:"([A-Z][A-Z0-9_]+)"\s+(?:envDefault|default|env-default):"#),
    ]
});
/// `name: str = "..."` of pydantic's settings.
static FIELD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^ {4}([A-Za-z][A-Za-z0-9_]*)\s*:[^=\n]+=\s*(?:Field\(\s*(?:default\s*=\s*)?)?"));
static PREFIX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"env_prefix\s*=\s*["'](\w*)["']"#).expect("the pattern is right"));

const EXTENSIONS: [&str; 9] = ["js", "mjs", "cjs", "ts", "mts", "py", "rb", "go", "rs"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (path, text) in tree.sources("", &EXTENSIONS) {
        let of_test = [".test.", ".spec.", "_test.", "conftest."].iter().any(|part| base_name(path).contains(part));
        if is_aside(path)
            || of_test
            || path.split('/').any(|part| ["docs", "scripts", "bench", "benches"].contains(&part))
        {
            continue;
        }
        let ways = WAYS.iter().flat_map(|way| way.captures_iter(text));
        let mut found: Vec<(String, String)> = ways.map(|found| (found[1].to_owned(), found[2].to_owned())).collect();
        if extension_of(path) == "py" && text.contains("BaseSettings") {
            let prefix = PREFIX.captures(text).map(|found| found[1].to_uppercase()).unwrap_or_default();
            let fields = FIELD.captures_iter(text);
            found.extend(fields.map(|field| (format!("{prefix}{}", field[1].to_uppercase()), field[2].to_owned())));
        }
        for (name, value) in found {
            // taken over only where it has a meaning
            let evidence = format!("{path}: {name}");
            facts.layered.insert(evidence.clone());
            if facts.variables.iter().all(|other| other.name != name) {
                facts.variables.push(Example { name, value: Some(value), evidence });
            }
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(path: &str, text: &str) -> Vec<(String, String)> {
        let facts = detect(&Tree::of([(path.to_owned(), Some(text.to_owned()))]));
        facts.variables.into_iter().map(|one| (one.name, one.value.unwrap_or_default())).collect()
    }

    #[test]
    fn an_address_behind_a_variable_says_what_the_variable_means() {
        for (path, text, name, value) in [
            ("a.js", "connect(process.env.DB || 'mongodb://localhost/app')", "DB", "mongodb://localhost/app"),
            ("a.ts", "QUEUE: z.string().url().default('redis://localhost')", "QUEUE", "redis://localhost"),
            ("a.py", "x = os.getenv('BROKER', 'redis://localhost:6379/0')", "BROKER", "redis://localhost:6379/0"),
            ("a.py", "x = config('DB_A', default=\"mysql://u@h/a\")", "DB_A", "mysql://u@h/a"),
            ("a.go", "getEnv(\"STORE_DSN\", \"postgres://u:p@h/a\")", "STORE_DSN", "postgres://u:p@h/a"),
            ("a.rs", "#[arg(long, env = \"CACHE\", default_value = \"redis://h\")]", "CACHE", "redis://h"),
            (
                "a.py",
                "class A(BaseSettings):\n    writer_url: str = \"mysql+aiomysql://u:p@h/a\"",
                "WRITER_URL",
                "mysql+aiomysql://u:p@h/a",
            ),
        ] {
            assert_eq!(defaults(path, text), [(name.to_owned(), value.to_owned())], "{text}");
        }
        assert!(defaults("tests/a.py", "os.getenv('A', 'redis://h')").is_empty());
        assert!(defaults("a.py", "os.getenv('A', 'http://h')").is_empty());
    }
}
