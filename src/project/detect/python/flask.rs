//! Flask: the application object and its server.

use std::sync::LazyLock;

use regex::Regex;

use super::projects::{project_of, projects};
use crate::project::detect::facts::{Facts, PORT, Probe, Program, Role, Step};
use crate::project::detect::tree::{Tree, base_name, join, parent, relative};

static OBJECT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:flask\.)?Flask\(").expect("the pattern is right"));
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"@app\.(?:route|get)\(\s*["'](/(?:health|healthz|ping|api/health)?)["']\s*[,)]"#)
        .expect("the pattern is right")
});

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let projects = projects(tree);
    let Some((file, text)) = application(tree) else { return facts };
    let Some(project) = project_of(&projects, file).filter(|project| project.lists("flask")) else { return facts };
    let directory = project.home_of(file);
    facts.see("Flask", file);
    let inside = relative(&directory, file);
    let stem = inside.trim_end_matches(".py").trim_end_matches("/__init__");
    let (source, stem) = match stem.strip_prefix("src/") {
        Some(rest) => ("src", rest),
        None => ("", stem),
    };
    let module = stem.replace('/', ".");
    let named =
        OBJECT.captures(text).map(|found| found[1].to_owned()).filter(|name| name != "app" && name != "application");
    let target = named.map_or_else(|| module.clone(), |name| format!("{module}:{name}"));
    let python = project.program(&directory, "python");
    let command = format!("{python} -m flask --app {target} run --port {PORT}");
    let route = ROUTE.captures_iter(text).map(|found| found[1].to_owned()).max_by_key(String::len);
    let probe = route.map_or(Probe::Tcp, Probe::Http);
    let mut program = Program::new(&directory, Role::Page, command, file).listening(5000, probe);
    program.environment =
        vec![("FLASK_DEBUG".to_owned(), "1".to_owned()), ("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
    if !source.is_empty() {
        program.environment.push(("PYTHONPATH".to_owned(), source.to_owned()));
    }
    facts.programs.push(program);
    let versions = join(&directory, "migrations/versions");
    if project.lists("flask-migrate") && tree.has_directory(&versions) {
        let mut upgrade =
            Step::new("migrate", &directory, format!("{python} -m flask --app {target} db upgrade"), versions.clone());
        upgrade.inputs = vec![format!("{versions}/**/*.py")];
        upgrade.incremental = true;
        facts.migrations.push(upgrade);
    }
    facts
}

/// The file that makes the application, the nearest to the root and the likeliest by its name.
fn application(tree: &Tree) -> Option<(&str, &str)> {
    let aside = ["tests", "test", "docs", "examples"];
    tree.sources("", &["py"])
        .filter(|(path, text)| text.contains("Flask(__name__") && !path.split('/').any(|part| aside.contains(&part)))
        .min_by_key(|(path, _)| {
            let likely = ["wsgi.py", "app.py", "main.py", "__init__.py", "run.py", "server.py"];
            let rank = likely.iter().position(|name| base_name(path) == *name).unwrap_or(likely.len());
            (parent(path).matches('/').count(), rank)
        })
}
