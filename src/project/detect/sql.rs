//! SQL files: extensions that they ask for.

use std::sync::LazyLock;

use regex::Regex;

use super::extensions;
use super::facts::Facts;
use super::sql_migrations;
use super::tree::{Tree, extension_of};

static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)create\s+extension\s+(?:if\s+not\s+exists\s+)?\\?["']?([a-z][a-z0-9_-]*)"#)
        .expect("the pattern is right")
});

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (path, text) in tree.sources("", &["sql", "py", "rb", "ts", "js", "exs", "php"]) {
        let is_schema = path.contains("migrat") || (extension_of(path) == "sql") || path.ends_with("schema.rb");
        if !is_schema || path.split('/').any(|part| ["test", "tests", "docs", "fixtures"].contains(&part)) {
            continue;
        }
        let mut names: Vec<String> = EXTENSION.captures_iter(text).map(|found| found[1].to_lowercase()).collect();
        let enabled = text.lines().filter_map(|line| line.trim().strip_prefix("enable_extension"));
        names.extend(enabled.filter_map(|rest| Some(rest.split(['"', '\'']).nth(1)?.to_owned())));
        for name in names.into_iter().filter(|name| extensions::is_known(name)) {
            if facts.extensions.insert(name.clone()) {
                facts.see(format!("the extension {name}"), path);
            }
        }
    }
    sql_migrations::detect(tree, &mut facts);
    facts
}
