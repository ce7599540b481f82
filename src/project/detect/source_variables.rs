//! The names of variables that the source reads.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Example, Facts};
use super::tree::{Tree, base_name, extension_of, is_aside};

static READ: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)
        (?:process\.env\.|import\.meta\.env\.|\bENV\[["']|ENV\.fetch\(\s*["'] | process\.env\[["']
        | environ(?:\.get)?[\[(]\s*["'] | getenv\(\s*["'] | Getenv\(\s*" | LookupEnv\(\s*" | get_env!?\(\s*" | fetch_env!\(\s*"
        | \benv::var(?:_os)?\(\s*" | \b\w*(?:[eE]nv|ENV)\w*!?\(\s*["'] | \bconfig\(\s*["'] | \benv\.\w+\(\s*["'] | \bconfig(?:BackingService)?\.get(?:OrThrow)?(?:<\w+>)?\(\s*["']
        | \benv:")
        ([A-Z][A-Z0-9_]{1,60})\b"#,
    )
    .expect("the pattern is right")
});
/// `const { HOST, DB_NAME: name } = process.env`
static TAKEN_APART: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{([^{}]*)\}\s*=\s*process\.env\b").expect("the pattern is right"));
/// Names in quotation marks, which in a file about configuration are those of variables.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""([A-Z][A-Z0-9]*_[A-Z0-9_]+|PORT)""#).expect("the pattern is right"));
static FIELD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^ {4}([A-Za-z][A-Za-z0-9_]*)\s*:\s*[A-Za-z]").expect("the pattern is right"));
static PREFIX: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"env_prefix\s*=\s*["'](\w*)["']"#).expect("the pattern is right"));

const EXTENSIONS: [&str; 12] = ["js", "mjs", "cjs", "ts", "mts", "cts", "py", "rb", "go", "rs", "exs", "yml"];
const ASIDE: [&str; 10] =
    ["test", "tests", "__tests__", "e2e", "docs", "examples", ".github", "cypress", "fixtures", "spec"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in tree.sources("", &EXTENSIONS) {
        if is_aside(path)
            || path.split('/').any(|part| ASIDE.contains(&part))
            || extension_of(path) == "yml" && base_name(path) != "database.yml"
        {
            continue;
        }
        for name in READ.captures_iter(text) {
            found.entry(name[1].to_owned()).or_insert_with(|| path.to_owned());
        }
        for list in TAKEN_APART.captures_iter(text) {
            let names =
                list[1].split(',').map(|part| part.split([':', '=']).next().unwrap_or_default().trim().to_owned());
            let is_name = |name: &String| {
                !name.is_empty()
                    && name.bytes().all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == b'_')
            };
            for name in names.filter(is_name) {
                found.entry(name).or_insert_with(|| path.to_owned());
            }
        }
        if extension_of(path) == "go" && ["config", "env", "options", "settings"].iter().any(|word| path.contains(word))
        {
            for name in QUOTED.captures_iter(text) {
                found.entry(name[1].to_owned()).or_insert_with(|| path.to_owned());
            }
        }
        // pydantic's settings take each field from the variable of its name
        if extension_of(path) == "py" && text.contains("BaseSettings") {
            let prefix = PREFIX.captures(text).map(|found| found[1].to_uppercase()).unwrap_or_default();
            for field in FIELD.captures_iter(text) {
                found.entry(format!("{prefix}{}", field[1].to_uppercase())).or_insert_with(|| path.to_owned());
            }
        }
    }
    let variables = found.into_iter().map(|(name, evidence)| Example { name, value: None, evidence });
    Facts { variables: variables.collect(), ..Facts::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_taken_apart_are_read() {
        let text = "const {\n  MYSQL_HOST: HOST,\n  MYSQL_DB = 'x',\n  other,\n} = process.env;";
        let facts = detect(&Tree::of([("a.js".to_owned(), Some(text.to_owned()))]));
        let names: Vec<String> = facts.variables.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["MYSQL_DB", "MYSQL_HOST"]);
    }
}
