//! The commands of `[verify]` that a Python project's tools make.

use super::projects::PythonProject;
use crate::project::detect::facts::{Check, Facts};
use crate::project::detect::tree::{Tree, base_name, join};

pub(in crate::project::detect) fn checks(tree: &Tree, project: &PythonProject, facts: &mut Facts) {
    let homes = if project.members.is_empty() { vec![project.directory.clone()] } else { project.members.clone() };
    for home in &homes {
        checks_of(tree, project, home, facts);
    }
}

fn checks_of(tree: &Tree, project: &PythonProject, directory: &str, facts: &mut Facts) {
    let prefix = if directory.is_empty() { String::new() } else { format!("{}-", base_name(directory)) };
    let has = |name: &str| tree.has(&join(directory, name));
    let own = tree.text(&join(directory, "pyproject.toml")).unwrap_or_default();
    let lists = |name: &str| project.lists(name) && (project.members.is_empty() || own.contains(name));
    let mut add = |stage, name: &str, program: &str, arguments: &str| {
        let run = format!("{} {arguments}", project.program(directory, program)).trim_end().to_owned();
        let evidence = format!("{}: {program}", project.manifest);
        facts.saw.push((format!("a command for {name}"), evidence.clone()));
        facts.checks.push(Check::new(stage, &format!("{prefix}{name}"), directory, run, evidence));
    };
    if lists("ruff") {
        add("check", "lint", "ruff", "check .");
    } else if lists("flake8") {
        add("check", "lint", "flake8", "");
    }
    let setup = tree.text(&join(directory, "setup.cfg")).unwrap_or_default();
    if lists("mypy") && (has("mypy.ini") || project.text.contains("[tool.mypy]") || setup.contains("[mypy]")) {
        add("check", "types", "mypy", if tree.has_directory(&join(directory, "app")) { "app" } else { "." });
    }
    if lists("pytest") {
        add("test", "test", "pytest", "-q");
    }
}
