//! Python: a program that serves by a library without a detector of its own, by the file that starts it.

use std::sync::LazyLock;

use regex::Regex;

use super::projects::{PythonProject, projects};
use crate::project::detect::facts::{Facts, PORT, Probe, Program, Role};
use crate::project::detect::tree::{Tree, base_name, is_aside, parent, relative};

/// Libraries that serve, with the port that they take unless another is asked for.
const LIBRARIES: [(&str, u16); 17] = [
    ("aiohttp", 8080),
    ("tornado", 8888),
    ("sanic", 8000),
    ("bottle", 8080),
    ("falcon", 8000),
    ("quart", 5000),
    ("cherrypy", 8080),
    ("robyn", 8080),
    ("blacksheep", 8000),
    ("nicegui", 8080),
    ("waitress", 8080),
    ("hypercorn", 8000),
    ("websockets", 8765),
    ("uvicorn", 8000),
    ("flask", 5000),
    ("dash", 8050),
    ("gradio", 7860),
];

/// Calls that serve until they are stopped.
static SERVES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:run_app|serve_forever|start_server|run_server|HTTPServer|uvicorn\.run|quickstart|serve)\(|\b(?:app|server|application|ui|demo)\.(?:run|listen|launch|start)\(")
        .expect("the pattern is right")
});
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:environ\.get|getenv|environ\[|config|env(?:\.int)?)\(?\s*["']((?:[A-Z][A-Z0-9]*_)*PORT)["']\]?\s*(?:,\s*(?:default\s*=\s*)?["']?(\d{3,5}))?"#)
        .expect("the pattern is right")
});
static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:\bport\s*[=:]\s*(?:int\()?["']?|\.listen\(\s*|\(\s*["'][\w.:]*["']\s*,\s*)(\d{4,5})\b"#)
        .expect("the pattern is right")
});

/// Looks at projects of which `known` has no program.
pub(in crate::project::detect) fn detect(tree: &Tree, known: &Facts) -> Facts {
    let mut facts = Facts::default();
    let is_run = |project: &PythonProject| {
        let of =
            |program: &Program| project.directory == program.directory || project.members.contains(&program.directory);
        known
            .programs
            .iter()
            .any(|program| of(program) && (program.command.contains(".venv") || program.role != Role::Worker))
    };
    for project in projects(tree).into_iter().filter(|project| !is_run(project)) {
        if let Some(program) = streamlit(tree, &project).or_else(|| by_file(tree, &project, &mut facts)) {
            facts.see("a server in Python", program.evidence.clone());
            facts.programs.push(program);
        }
    }
    facts
}

/// The files of a project that a person may start, the likeliest first.
fn files<'t>(tree: &'t Tree, project: &'t PythonProject) -> Vec<(&'t str, &'t str)> {
    let mut found: Vec<(&str, &str)> =
        tree.sources(&project.directory, &["py"]).filter(|(path, _)| !is_aside(path)).collect();
    found.sort_by_key(|(path, _)| {
        let likely = ["main.py", "server.py", "app.py", "run.py", "web.py", "__main__.py"];
        let rank = likely.iter().position(|name| base_name(path) == *name).unwrap_or(likely.len());
        (path.matches('/').count(), rank)
    });
    found
}

fn streamlit(tree: &Tree, project: &PythonProject) -> Option<Program> {
    if !project.lists("streamlit") {
        return None;
    }
    let (path, _) = files(tree, project).into_iter().find(|(_, text)| text.contains("import streamlit"))?;
    let file = relative(&project.directory, path);
    let command = format!(
        "{} -m streamlit run {file} --server.port {PORT} --server.address 127.0.0.1 --server.headless true",
        project.program(&project.directory, "python")
    );
    let probe = Probe::Http("/_stcore/health".to_owned());
    Some(Program::new(&project.directory, Role::Page, command, path).listening(8501, probe))
}

fn by_file(tree: &Tree, project: &PythonProject, facts: &mut Facts) -> Option<Program> {
    let library = LIBRARIES.iter().find(|(name, _)| project.lists(name));
    let (path, text) = files(tree, project).into_iter().find(|(path, text)| {
        let starts = text.contains("__main__") || base_name(path) == "__main__.py";
        let serves = library.is_some() || text.contains("http.server") || text.contains("wsgiref");
        starts && serves && SERVES.is_match(text)
    })?;
    let python = project.program(&project.directory, "python");
    let inside = relative(&project.directory, path);
    let command = match inside.strip_suffix("/__main__.py") {
        Some(package) => format!("{python} -m {}", package.replace('/', ".")),
        None => format!("{python} {inside}"),
    };
    let mut program = Program::new(&project.directory, Role::Api, command, path);
    program.environment = vec![("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
    let is_own = |name: &str| {
        !["DB_", "PG", "POSTGRES", "REDIS", "SMTP", "MAIL", "MYSQL", "MONGO"]
            .iter()
            .any(|other| name.starts_with(other))
    };
    // the file itself says most, then what lies beside it
    let near = tree.sources(&project.directory, &["py"]).filter(|(other, _)| parent(other) == parent(path));
    let texts: Vec<(&str, &str)> = std::iter::once((path, text)).chain(near).collect();
    let variable = texts.iter().find_map(|(file, text)| {
        let found = VARIABLE.captures_iter(text).find(|found| is_own(&found[1]))?;
        let default = found.get(2).and_then(|digits| digits.as_str().parse().ok());
        Some((*file, found[1].to_owned(), default))
    });
    let usual = library.map_or(8000, |(_, port)| *port);
    if let Some((file, name, default)) = variable {
        facts.see(format!("the port is read from {name}"), file);
        program = program.listening(default.unwrap_or(usual), Probe::Tcp);
        program.environment.push((name, PORT.to_owned()));
    } else if let Some((name, port)) = library.filter(|(name, _)| ["gradio", "dash"].contains(name)) {
        let variable = if *name == "gradio" { "GRADIO_SERVER_PORT" } else { "PORT" };
        program = program.listening(*port, Probe::Tcp);
        program.environment.push((variable.to_owned(), PORT.to_owned()));
    } else {
        let written = FIXED.captures(text).and_then(|found| found[1].parse().ok());
        program = program.listening(written.unwrap_or(usual), Probe::Tcp);
        (program.port_is_fixed, program.port_evidence) = (true, Some(path.to_owned()));
    }
    Some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(packages: &str, path: &str, text: &str) -> Option<Program> {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([file("requirements.txt", packages), file(path, text)]);
        detect(&tree, &Facts::default()).programs.pop()
    }

    #[test]
    fn a_server_by_a_library_without_a_detector_is_a_process() {
        let main = "if __name__ == '__main__':\n    ";
        let found =
            look("aiohttp", "main.py", &format!("{main}web.run_app(app, port=int(os.environ.get('PORT', 9000)))"));
        let program = found.unwrap();
        assert_eq!((program.port, program.port_is_fixed), (Some(9000), false));
        assert_eq!(program.environment[1], ("PORT".to_owned(), PORT.to_owned()));
        assert_eq!(program.command, ".venv/bin/python main.py");
        let written = look("tornado", "srv/__main__.py", "if __name__ == '__main__':\n    app.listen(8881)").unwrap();
        assert_eq!((written.port, written.port_is_fixed), (Some(8881), true));
        assert_eq!(written.command, ".venv/bin/python -m srv");
        let plain = look(
            "requests",
            "a.py",
            &format!("from http.server import *\n{main}HTTPServer(('', 8123), H).serve_forever()"),
        );
        assert_eq!(plain.unwrap().port, Some(8123));
        assert!(look("streamlit", "page.py", "import streamlit as st").unwrap().command.contains("--server.port"));
        assert!(look("requests", "a.py", &format!("{main}app.run()")).is_none(), "nothing there serves");
        assert!(look("aiohttp", "a.py", "web.run_app(app)").is_none(), "nothing starts it");
    }
}
