//! `FastAPI` and Starlette: the application object and uvicorn.

use std::sync::LazyLock;

use regex::Regex;

use super::projects::{PythonProject, project_of, projects};
use crate::project::detect::facts::{Facts, PORT, Probe, Program, Role};
use crate::project::detect::tree::{Tree, base_name, parent, relative};

static OBJECT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:fastapi\.|starlette\.\w+\.)?(?:FastAPI|Starlette|Litestar)\(")
        .expect("the pattern is right")
});
static FACTORY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:async )?def (create_app|get_app|make_app|build_app|get_application|create_application)\(")
        .expect("the pattern is right")
});
static MADE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(\w+)\s*(?::\s*\w+\s*)?=\s*(?:create_app|get_app|make_app|build_app|get_application|create_application)\(").expect("the pattern is right")
});
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"@app\.(?:get|route)\(\s*["'](/(?:health|healthz|ping|health-check)?)["']"#)
        .expect("the pattern is right")
});

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let projects = projects(tree);
    let Some((file, text, object, factory)) = application(tree) else { return facts };
    let lists = |project: &&PythonProject| ["fastapi", "starlette", "litestar"].iter().any(|name| project.lists(name));
    let Some(project) = project_of(&projects, file).filter(lists) else { return facts };
    facts.see("FastAPI", file);
    let directory = &project.home_of(file);
    let inside = relative(directory, file);
    let stem = inside.trim_end_matches(".py").trim_end_matches("/__init__");
    // the import root: above the topmost directory that is a package, or a `src`
    let (root, module) = import_root(tree, directory, stem);
    let option = if root.is_empty() { String::new() } else { format!(" --app-dir {root}") };
    let option = if factory { format!("{option} --factory") } else { option };
    let python = project.program(directory, "python");
    let command = format!("{python} -m uvicorn {module}:{object}{option} --reload --host 127.0.0.1 --port {PORT}");
    if !["uvicorn", "fastapi[standard]", "fastapi[all]"].iter().any(|name| project.lists(name)) {
        facts.unknown.push(format!("{} does not name uvicorn, which is to run {file}", project.manifest));
    }
    let closed = ["docs_url", "openapi_url", "root_path", "Starlette("].iter().any(|word| text.contains(word));
    let route = ROUTE.captures_iter(text).map(|found| found[1].to_owned()).max_by_key(String::len);
    let probe = match route {
        Some(path) if path != "/" => Probe::Http(path),
        _ if !closed => Probe::Http("/docs".to_owned()),
        Some(path) => Probe::Http(path),
        None => Probe::Tcp,
    };
    let mut program = Program::new(directory, Role::Api, command, file).listening(8000, probe);
    program.environment = vec![("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
    facts.programs.push(program);
    facts
}

fn import_root(tree: &Tree, directory: &str, stem: &str) -> (String, String) {
    let mut parts: Vec<&str> = stem.split('/').collect();
    let mut root = Vec::new();
    while parts.len() > 1 {
        let below = [&root[..], &parts[..1]].concat().join("/");
        let package =
            format!("{}{}", if directory.is_empty() { String::new() } else { format!("{directory}/") }, below);
        if tree.has(&format!("{package}/__init__.py")) || parts[0] != "src" && !has_sibling_packages(tree, &package) {
            break;
        }
        root.push(parts.remove(0));
    }
    (root.join("/"), parts.join("."))
}

/// Whether packages lie beside the file's, so that their directory is the import root.
fn has_sibling_packages(tree: &Tree, directory: &str) -> bool {
    tree.under(directory).any(|path| base_name(path) == "__init__.py" && parent(parent(path)) == directory)
}

/// File, text, name of the object or factory, whether it is a factory.
fn application(tree: &Tree) -> Option<(&str, &str, String, bool)> {
    let aside = ["tests", "test", "docs", "examples", "scripts", "docs_src", "alembic", "migrations"];
    let found = tree
        .sources("", &["py"])
        .filter(|(path, _)| !path.split('/').any(|part| aside.contains(&part)))
        .filter(|(_, text)| {
            ["fastapi", "FastAPI", "starlette", "litestar"].iter().any(|word| text.contains(word))
                || MADE.is_match(text)
        })
        .filter_map(|(path, text)| {
            let object = OBJECT.captures(text).or_else(|| MADE.captures(text));
            let makes = text.contains("FastAPI(");
            let (name, factory) = match (object, FACTORY.captures(text).filter(|_| makes)) {
                (Some(found), _) => (found[1].to_owned(), false),
                (None, Some(found)) => (found[1].to_owned(), true),
                (None, None) => return None,
            };
            Some((path, text, name, factory))
        });
    found.min_by_key(|(path, _, name, factory)| {
        let likely = ["main.py", "asgi.py", "app.py", "server.py", "__init__.py", "application.py"];
        let rank = likely.iter().position(|file| base_name(path) == *file).unwrap_or(likely.len());
        (*factory, name != "app" && name != "application", rank, parent(path).matches('/').count())
    })
}
