//! Alembic: migrations of `SQLAlchemy`.

use super::projects::{project_of, projects};
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::tree::{Tree, join, parent, relative};

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let projects = projects(tree);
    for file in tree.named("alembic.ini") {
        let directory = parent(file);
        let Some(project) = project_of(&projects, file) else { continue };
        let text = tree.text(file).unwrap_or_default();
        let value = |key: &str| {
            let lines = text.lines().filter_map(|line| line.split_once('='));
            lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned()).next()
        };
        let location = value("script_location").unwrap_or_else(|| "alembic".to_owned());
        let location = location.trim_start_matches("%(here)s/").trim_start_matches("./").to_owned();
        let folder = join(directory, &location);
        // Flask-Migrate's own, which Flask calls
        let of_flask =
            |folder: &str| tree.text(&join(folder, "env.py")).is_some_and(|text| text.contains("current_app"));
        if of_flask(&folder) || of_flask(directory) {
            continue;
        }
        facts.see("Alembic", file);
        // where the ini file lies in a package, what it imports starts at the project
        let run_from =
            if tree.has(&join(directory, "__init__.py")) { project.home_of(file) } else { directory.to_owned() };
        let option = if run_from == directory { String::new() } else { format!(" -c {}", relative(&run_from, file)) };
        let python = project.program(&run_from, "python");
        let mut step = Step::new("migrate", &run_from, format!("{python} -m alembic{option} upgrade head"), file);
        let versions = join(&folder, "versions");
        if tree.has_directory(&versions) {
            step.incremental = true;
        }
        // one glob, which matches a file today and the first migration when there is one
        step.inputs = vec![format!("{{{file},{versions}/**/*.py}}")];
        facts.migrations.push(step);
        let environment = tree.text(&join(&folder, "env.py")).unwrap_or_default();
        let fixed = value("sqlalchemy.url")
            .filter(|url| !url.is_empty() && !url.starts_with("%(") && !url.starts_with("driver:"));
        if fixed.is_some()
            && !["set_main_option", "environ", "getenv", "settings", "create_engine", "get_url", "config."].iter().any(
                |way| {
                    environment
                        .replace("config.get_main_option", "")
                        .replace("config.config_file_name", "")
                        .replace("config.get_section", "")
                        .contains(way)
                },
            )
        {
            facts.unknown.push(format!(
                "{file}: sqlalchemy.url is written out; {} should take DATABASE_URL of the environment",
                join(&folder, "env.py")
            ));
        }
        break;
    }
    facts
}
