//! What the files of settings of a module hold, by key.

use serde_json::Value;

use super::tree::{Tree, base_name, join, parent};
use crate::project::dotenv;

/// Files that hold the values for development; those of other surroundings are left out.
const NAMES: [&str; 12] = [
    "base",
    "default",
    "defaults",
    "config",
    "app",
    "application",
    "settings",
    "local",
    "dev",
    "development",
    "env",
    "server",
];
const EXTENSIONS: [&str; 6] = ["yaml", "yml", "toml", "json", "ini", "env"];
const FOLDERS: [&str; 5] = ["config", "configuration", "configs", "conf", "settings"];

/// The keys and values of the files that a module reads.
pub(super) fn values(tree: &Tree, directory: &str) -> Vec<(Vec<String>, String, String)> {
    let mut found = Vec::new();
    for path in tree.under(directory) {
        let Some((stem, extension)) = without_sample(base_name(path)).rsplit_once('.') else { continue };
        let place = parent(path);
        let is_place = place == directory || FOLDERS.iter().any(|folder| place == join(directory, folder));
        if !is_place || !NAMES.contains(&stem) || !EXTENSIONS.contains(&extension) {
            continue;
        }
        let Some(text) = tree.text(path) else { continue };
        if extension == "env" {
            let entries = dotenv::parse(text, &|_| None).unwrap_or_default();
            found.extend(entries.into_iter().map(|(name, value)| (vec![name], value, path.to_owned())));
            continue;
        }
        let value: Option<Value> = match extension {
            "toml" => text.parse::<toml::Table>().ok().and_then(|table| serde_json::to_value(table).ok()),
            "json" => serde_json::from_str(text).ok(),
            "ini" => Some(ini(text)),
            _ => serde_saphyr::from_str(text).ok(),
        };
        if let Some(value) = value {
            flatten(&value, &mut Vec::new(), path, &mut found);
        }
    }
    found
}

/// A file of sections with `key = value` lines.
fn ini(text: &str) -> Value {
    let mut sections = serde_json::Map::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            let table = sections.entry(section.clone()).or_insert_with(|| Value::Object(serde_json::Map::new()));
            table[key.trim()] = Value::String(value.trim().to_owned());
        }
    }
    Value::Object(sections)
}

/// The name of the file that a sample is of; any other name as it is.
pub(super) fn without_sample(name: &str) -> &str {
    [".sample", ".example", ".dist", ".template", ".default"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name)
}

fn flatten(value: &Value, key: &mut Vec<String>, path: &str, found: &mut Vec<(Vec<String>, String, String)>) {
    let text = match value {
        Value::Object(table) => {
            for (name, value) in table {
                key.push(name.clone());
                flatten(value, key, path, found);
                key.pop();
            }
            return;
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    if !key.is_empty() {
        found.push((key.clone(), text, path.to_owned()));
    }
}
