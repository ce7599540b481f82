//! Names that may stand in a `harness.toml`, each once.

use super::facts::{Check, Facts, Program, Role, Step};
use super::tree::{Tree, base_name};

/// Lower-case letters, digits, `-` and `_`, beginning with a letter or digit.
pub(super) fn plain_name(text: &str, fallback: &str) -> String {
    let mut name = String::new();
    for character in text.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() || "-_".contains(character) {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name: String = name.trim_matches(['-', '_']).chars().take(40).collect();
    if name.is_empty() { fallback.to_owned() } else { name }
}

pub(super) fn project_name(tree: &Tree, facts: &Facts) -> String {
    let named = facts.name.as_deref().map(|name| name.rsplit('/').next().unwrap_or(name));
    let general =
        ["app", "root", "monorepo", "frontend", "backend", "web", "server", "api", "main", "workspace", "source"];
    let named = named.filter(|name| !general.contains(&name.to_lowercase().as_str()));
    plain_name(named.unwrap_or(&tree.directory_name), "app")
}

/// Gives each program a name of its own that may stand in `ports.<name>`.
pub(super) fn named(programs: Vec<Program>) -> Vec<(String, Program)> {
    let mut named: Vec<(String, Program)> = Vec::new();
    for program in programs {
        let by_role = match program.role {
            Role::Page => "web",
            Role::Api => "api",
            Role::Worker => "worker",
        };
        let wanted = match (&program.name, base_name(&program.directory)) {
            (Some(name), _) => name.clone(),
            (None, "" | "src" | "app") => by_role.to_owned(),
            (None, directory) => directory.to_owned(),
        };
        let wanted = plain_name(&wanted, by_role).replace('-', "_");
        let wanted = if wanted.starts_with(|first: char| first.is_ascii_digit()) {
            format!("{by_role}_{wanted}")
        } else {
            wanted
        };
        let name = unique(&wanted, "_", |name| named.iter().any(|(known, _)| known == name));
        named.push((name, program));
    }
    named
}

pub(super) fn unique(wanted: &str, separator: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{wanted}{separator}{number}"));
    std::iter::once(wanted.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

pub(super) fn unique_steps(steps: Vec<Step>) -> Vec<Step> {
    let mut kept: Vec<Step> = Vec::new();
    for mut step in steps {
        if kept.iter().any(|other| other.run == step.run && other.directory == step.directory) {
            continue;
        }
        let wanted = plain_name(&step.name, "step");
        step.name = unique(&wanted, "-", |name| kept.iter().any(|other| other.name == name));
        kept.push(step);
    }
    kept
}

pub(super) fn unique_checks(checks: Vec<Check>) -> Vec<Check> {
    let mut kept: Vec<Check> = Vec::new();
    for mut check in checks {
        let wanted = plain_name(&check.name, "command");
        check.name =
            unique(&wanted, "-", |name| kept.iter().any(|other| other.stage == check.stage && other.name == name));
        kept.push(check);
    }
    kept
}
