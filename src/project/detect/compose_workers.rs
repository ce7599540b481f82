//! Services of a compose file that work off a queue: programs of the application which no manifest names. They are
//! started only when somebody asks for them, as those of a `Procfile`.

use serde_json::Value;

use super::facts::{Facts, Program, Role};
use super::python::projects::{project_of, projects};
use super::template_text::literal;
use super::tree::{Tree, join, parent};

/// Programs in Python that work off queues, and what stands before the module that they are given.
const PYTHON: [(&str, &str); 6] =
    [("celery", "-A"), ("arq", ""), ("dramatiq", ""), ("taskiq", "worker"), ("rq", ""), ("huey_consumer", "")];

/// Adds the program that a service of `file` runs, where it is a worker.
pub(super) fn worker(tree: &Tree, file: &str, name: &str, service: &Value, facts: &mut Facts) {
    let Some(words) = command(service) else { return };
    let Some(program) = words.first().map(String::as_str) else { return };
    let evidence = format!("{file}: services.{name}");
    let text = shell_words::join(&words);
    // paths of a container are not those of this machine
    if words.iter().any(|word| word.starts_with('/')) || text.contains('$') {
        return;
    }
    let is_django = program.starts_with("python")
        && words
            .iter()
            .any(|word| ["rqworker", "qcluster", "process_tasks", "runworker", "celery"].contains(&word.as_str()));
    let directory = match PYTHON.iter().find(|(known, _)| *known == program) {
        Some((_, before)) => {
            let at = words.iter().position(|word| word == before).map_or(1, |at| at + 1);
            let module = words.get(at).map_or("", String::as_str).trim_start_matches("--app=");
            import_root(tree, module.split(['.', ':']).next().unwrap_or_default())
        }
        None if is_django => tree.named("manage.py").first().map(|path| parent(path).to_owned()),
        None => return,
    };
    let Some(directory) = directory else { return };
    let all = projects(tree);
    let Some(project) = project_of(&all, &join(&directory, "x")).or_else(|| all.first()) else { return };
    facts.see("a worker", evidence.clone());
    let mut found = Program::new(&directory, Role::Worker, literal(&text), evidence);
    found.name = Some(name.to_owned());
    found.disabled = true;
    let bin = join(&project.directory, ".venv/bin");
    found.environment.push(("PATH".to_owned(), format!("{{{{ worktree }}}}/{bin}:{{{{ env.PATH }}}}")));
    facts.programs.push(found);
}

/// The words of a service's command; what a shell is given to run counts as the command.
fn command(service: &Value) -> Option<Vec<String>> {
    let words = match service.get("command")? {
        Value::String(text) => shell_words::split(text).ok()?,
        Value::Array(list) => list.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    match words.as_slice() {
        [shell, option, text] if shell.ends_with("sh") && option == "-c" => shell_words::split(text).ok(),
        _ => Some(words),
    }
}

/// The directory that has a package or module of this name, the nearest to the root.
fn import_root(tree: &Tree, module: &str) -> Option<String> {
    if module.is_empty() {
        return None;
    }
    let sources = tree.sources("", &["py"]).map(|(path, _)| path);
    let roots = sources.filter_map(|path| {
        let file = path.strip_suffix(&format!("{module}.py")).filter(|rest| rest.is_empty() || rest.ends_with('/'));
        let package = path.find(&format!("{module}/")).filter(|at| *at == 0 || path.as_bytes()[at - 1] == b'/');
        file.or_else(|| package.map(|at| &path[..at])).map(|root| root.trim_end_matches('/').to_owned())
    });
    roots.min_by_key(|root| (root.matches('/').count() + usize::from(!root.is_empty()), root.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_of_a_compose_file_is_a_program_that_waits_to_be_asked_for() {
        let tree = Tree::of(
            ["project/requirements.txt", "project/worker.py", "project/app/core/settings.py"]
                .map(|path| (path.to_owned(), Some(String::new()))),
        );
        for (command, expected) in [
            (
                r#""celery -A worker.celery worker --loglevel=info""#,
                Some(("project", "celery -A worker.celery worker '--loglevel=info'")),
            ),
            (r#"["arq", "app.core.settings.Worker"]"#, Some(("project", "arq app.core.settings.Worker"))),
            (r#""sh -c 'celery -A worker worker'""#, Some(("project", "celery -A worker worker"))),
            (r#""celery -A worker worker --logfile=x -s /data/x""#, None),
            (r#""uvicorn main:app""#, None),
            (r#""celery -A elsewhere worker""#, None),
        ] {
            let service = serde_json::from_str(&format!("{{ \"command\": {command} }}")).unwrap();
            let mut facts = Facts::default();
            worker(&tree, "compose.yml", "worker", &service, &mut facts);
            let found = facts.programs.first();
            let found = found.map(|one| (one.directory.as_str(), one.command.as_str()));
            assert_eq!(
                found.map(|(place, text)| (place, text.replace('\'', ""))),
                expected.map(|(place, text)| (place, text.replace('\'', ""))),
                "{command}"
            );
            assert!(facts.programs.iter().all(|one| one.disabled));
        }
    }
}
