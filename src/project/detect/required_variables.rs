//! Variables without which a program refuses to start: fields of schemas that validate the environment,
//! and reads without a default.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::Facts;
use super::python::projects::{PythonProject, projects};
use super::tree::{Tree, is_aside};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

/// `NAME: z.string().min(1),`
static ZOD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^\s*([A-Z][A-Z0-9_]+):\s*(z\s*\.[^\n]*(?:\n\s+\.[^\n]*)*)"));
/// `NAME: Joi.string().required()`
static JOI: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^\s*([A-Z][A-Z0-9_]+):\s*([Jj]oi\.[^\n]*(?:\n\s+\.[^\n]*)*)"));
/// `if (!process.env.NAME) { throw`
static THROWS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"if\s*\(\s*!\s*process\.env\.([A-Z][A-Z0-9_]+)\s*\)\s*\{?\s*throw\b"));
/// `NAME: str` of pydantic's settings.
static PYDANTIC: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?m)^ {4}([A-Z][A-Z0-9_]+)\s*:\s*([A-Z]?[A-Za-z]+)\s*(?:#.*)?$"));
/// `DB_ENGINE: str = "sqlite"`
static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?m)^\s+((?:DB|DATABASE)_(?:ENGINE|TYPE|DRIVER|DIALECT|BACKEND))\s*:[^=\n]*=\s*["']sqlite3?["']"#)
});
/// `os.environ["NAME"]`, `env("NAME")` and `config("NAME")` with nothing after the name.
static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?:environ\[\s*|\benv(?:\.str)?\(\s*|\bconfig\(\s*)["']([A-Z][A-Z0-9_]+)["']\s*[\])]"#)
});

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let mut choices: Vec<(String, &str, &str)> = Vec::new();
    let mut add = |name: &str, stand_in: &str, path: &str| {
        facts.required_variables.entry(name.to_owned()).or_insert_with(|| (stand_in.to_owned(), path.to_owned()));
    };
    let is_aside = |path: &str| {
        is_aside(path)
            || path.split('/').any(|part| ["docs", "scripts"].contains(&part))
            || [".test.", ".spec.", ".stories."].iter().any(|part| path.contains(part))
    };
    for (path, text) in tree.sources("", &["ts", "js", "mjs", "mts"]).filter(|(path, _)| !is_aside(path)) {
        let validates = text.contains("process.env") || text.contains("createEnv") || path.contains("env");
        if validates && text.contains("z.") {
            for found in ZOD.captures_iter(text) {
                let kind = &found[2];
                let has_default = ["optional(", "default(", "nullish(", "catch(", "enum(", "literal(", "union("]
                    .iter()
                    .any(|call| kind.contains(call));
                if !has_default {
                    add(&found[1], stand_in(&format!("{} {kind}", &found[1])), path);
                }
            }
        }
        for found in THROWS.captures_iter(text) {
            add(&found[1], stand_in_for(&found[1]), path);
        }
        for found in
            JOI.captures_iter(text).filter(|found| found[2].contains(".required(") && !found[2].contains(".valid("))
        {
            add(&found[1], stand_in(&format!("{} {}", &found[1], &found[2])), path);
        }
    }
    for (path, text) in tree.sources("", &["py"]).filter(|(path, _)| !is_aside(path)) {
        if text.contains("BaseSettings") && !text.contains("env_prefix") {
            for found in PYDANTIC.captures_iter(text) {
                add(&found[1], stand_in(&found[2]), path);
            }
        }
        // of several databases the one that harness runs
        if let Some(found) = CHOICE.captures(text) {
            let name = if text.contains("\"postgresql\"") || text.contains("'postgresql'") {
                "postgresql"
            } else {
                "postgres"
            };
            if text.to_lowercase().contains("postgres") {
                choices.push((found[1].to_owned(), name, path));
            }
        }
        let is_settings = path.contains("settings") || path.contains("config");
        for found in PYTHON.captures_iter(text).filter(|_| is_settings && !path.contains("prod")) {
            let at = found.get(0).map_or(0, |whole| whole.start());
            // `environ.Env(NAME=(bool, False))`
            let has_default = text.contains(&format!("{}=(", &found[1]));
            if !has_default && !is_conditional(text, at) {
                add(&found[1], stand_in_for(&found[1]), path);
            }
        }
    }
    let has_client = || projects(tree).iter().any(PythonProject::lists_client);
    for (name, value, path) in choices.into_iter().filter(|_| has_client()) {
        facts.settle(name, value, format!("{path} chooses the database by it"));
    }
    facts
}

/// A value of the kind that a name means.
fn stand_in_for(name: &str) -> &'static str {
    let is = |words: &[&str]| name.split('_').any(|part| words.contains(&part));
    if is(&["DEBUG", "ENABLE", "ENABLED", "USE"]) {
        "true"
    } else if is(&["PORT", "TIMEOUT", "MINUTES", "SECONDS", "COUNT", "SIZE"]) {
        "1"
    } else {
        stand_in(if is(&["URL", "URI", "ENDPOINT"]) { "url" } else { "str" })
    }
}

/// Whether a place in a Python file is reached only under a condition, in a function, or not at all: settings do
/// well without what is read there. `else` is what happens where nothing is set.
fn is_conditional(text: &str, at: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    if line.trim_start().starts_with('#') || line.contains(" if ") || line.trim_start().starts_with("if ") {
        return true;
    }
    let mut inner = indent(line);
    for above in text[..begin].lines().rev().filter(|above| !above.trim().is_empty()) {
        if inner == 0 {
            return false;
        }
        if indent(above) < inner {
            inner = indent(above);
            let begins = above.trim_start();
            if ["if ", "elif ", "try:", "except", "def ", "async def "].iter().any(|word| begins.starts_with(word)) {
                return true;
            }
        }
    }
    false
}

/// A value of the right kind.
fn stand_in(kind: &str) -> &'static str {
    let kind = kind.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| kind.contains(word));
    if is(&["_port", "number", "int("]) {
        return "1";
    }
    if is(&["url", "uri", "dsn", "endpoint"]) {
        "http://localhost/stand-in"
    } else if is(&["email"]) {
        "stand-in@example.com"
    } else if is(&["number", "int", "float", "port"]) {
        "1"
    } else if is(&["bool"]) {
        "false"
    } else {
        // schemas often ask for a least length
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_without_a_default_are_required() {
        let tree = Tree::of([
            ("env.ts".to_owned(), Some("createEnv({\n  A_KEY: z.string().min(1),\n  B: z.string().optional(),\n  C_URL: z\n    .string()\n    .url(),\n})".to_owned())),
            ("db.ts".to_owned(), Some("if (!process.env.I_KEY) {\n  throw new Error('no')\n}".to_owned())),
            ("db.test.ts".to_owned(), Some("if (!process.env.T_KEY) throw 1".to_owned())),
            ("app/config.py".to_owned(), Some("class S(BaseSettings):\n    D_NAME: str\n    E: str = \"x\"\nF = os.environ[\"F_KEY\"]\nD = {\n    \"k\": env(\"H_KEY\"),\n}\nif X:\n    G = {\n        \"k\": env(\"G_KEY\")\n    }\n".to_owned())),
        ]);
        let found: Vec<String> = detect(&tree).required_variables.into_keys().collect();
        assert_eq!(found, ["A_KEY", "C_URL", "D_NAME", "F_KEY", "H_KEY", "I_KEY"]);
    }
}
