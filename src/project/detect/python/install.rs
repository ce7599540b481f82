//! How the packages of a Python project are installed.

use super::checks::checks;
use super::interpreter::{self, Call};
use super::projects::{CLIENTS, Manager, PythonProject, projects};
use crate::project::detect::facts::{BackingService, Facts, Step};
use crate::project::detect::tree::{Tree, extension_of, join, relative};

const PASS_ENV: [&str; 9] = [
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_FIND_LINKS",
    "PYENV_VERSION",
];

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for project in projects(tree) {
        // a list of packages alone makes no application
        if !tree.under(&project.directory).any(|path| extension_of(path) == "py") {
            continue;
        }
        install(tree, &project, &mut facts);
        if let Some(client) = CLIENTS.iter().find(|client| project.lists(client)) {
            facts.need(BackingService::Postgres, format!("{}: {client}", project.manifest));
        }
        checks(tree, &project, &mut facts);
    }
    if let Some(name) = tree.toml("pyproject.toml").and_then(|toml| {
        let project = toml.get("project").or_else(|| toml.get("tool")?.get("poetry"))?;
        Some(project.get("name")?.as_str()?.to_owned())
    }) {
        facts.name = Some(name);
    }
    facts
}

fn install(tree: &Tree, project: &PythonProject, facts: &mut Facts) {
    let directory = &project.directory;
    let mut inputs = vec![project.manifest.clone()];
    // a virtual environment is no part of the tree that verify judges
    let ignored = "echo '*' > .venv/.gitignore";
    let Call { before, program: python } =
        interpreter::choose(tree, directory, &project.text, project.manager == Manager::Uv, facts);
    let run = match project.manager {
        Manager::Uv => {
            let sync = if project.manifest.ends_with("uv.lock") { "uv sync --frozen" } else { "uv sync" };
            interpreter::uv_sync(tree, directory, sync)
        }
        // left alone, it takes the Python that it runs with
        Manager::Poetry => format!(
            "export POETRY_VIRTUALENVS_IN_PROJECT=true; {}poetry install --no-interaction || poetry install --no-interaction \
             --no-root && {ignored}",
            if python == "python3" { String::new() } else { format!("poetry env use {python}; ") }
        ),
        Manager::Pdm => "pdm install --frozen-lockfile".to_owned(),
        Manager::Pipenv => {
            let has_lock = tree.has(&join(directory, "Pipfile.lock"));
            let install = if has_lock { "sync --dev" } else { "install --dev --skip-lock" };
            format!("export PIPENV_VENV_IN_PROJECT=1; pipenv {install} && {ignored}")
        }
        Manager::Pip => {
            let Lists { main, further, files } = pip_lists(tree, project);
            inputs = files;
            let pip = ".venv/bin/python -m pip install --quiet";
            let further: Vec<String> = further
                .iter()
                .map(|list| {
                    format!(" && {{ {pip} {list} || echo \"harness: {list} cannot be installed; the application runs without it\"; }}")
                })
                .collect();
            format!("{python} -m venv .venv && {ignored} && {pip} {main}{}", further.concat())
        }
    };
    let run = format!("{before}{run}");
    let program = match project.manager {
        Manager::Uv => "uv",
        Manager::Poetry => "poetry",
        Manager::Pdm => "pdm",
        Manager::Pipenv => "pipenv",
        Manager::Pip => "python3",
    };
    facts.see(
        format!("Python packages for {}", if program == "python3" { "pip" } else { program }),
        project.manifest.clone(),
    );
    facts.required.insert(program, format!("{} asks for it", project.manifest));
    let name = if directory.is_empty() { "python".to_owned() } else { format!("python {directory}") };
    let mut step = Step::new(&name, directory, run, project.manifest.clone());
    step.inputs = inputs;
    step.outputs = vec![join(directory, ".venv")];
    facts.prepare.push(step);
    facts.pass_env.extend(PASS_ENV);
}

/// What pip installs, and the files that say so.
struct Lists {
    /// What the application needs.
    main: String,
    /// What its development is easier with: the application runs without it.
    further: Vec<String>,
    files: Vec<String>,
}

fn pip_lists(tree: &Tree, project: &PythonProject) -> Lists {
    let directory = &project.directory;
    let argument = |path: &String| format!("-r {}", relative(directory, path));
    let there = |names: &[&str]| -> Vec<String> {
        names.iter().map(|name| join(directory, name)).filter(|path| tree.has(path)).collect()
    };
    let mut main = there(&["requirements.txt"]);
    // one that asks for what only a deployment needs
    let base = there(&["requirements/base.txt", "requirements/common.txt"]);
    let is_of_deployment =
        |path: &String| tree.text(path).is_some_and(|text| text.lines().any(|line| line.contains("prod")));
    if main.is_empty() || !base.is_empty() && main.iter().any(is_of_deployment) {
        main.clone_from(&base);
    }
    let dev = [
        "requirements-dev.txt",
        "dev-requirements.txt",
        "requirements_dev.txt",
        "requirements/dev.txt",
        "requirements/local.txt",
        "requirements/development.txt",
    ];
    let mut further = there(&dev);
    if main.is_empty() && !further.is_empty() {
        main.push(further.remove(0));
    }
    if !main.is_empty() {
        let arguments: Vec<String> = main.iter().map(argument).collect();
        let lists = further.iter().map(argument).collect();
        return Lists { main: arguments.join(" "), further: lists, files: [main, further].concat() };
    }
    let file = project.manifest.clone();
    let extras = tree.toml(&file).and_then(|toml| {
        let table = toml.get("project")?.get("optional-dependencies")?.as_table()?.clone();
        let wanted: Vec<&str> = ["dev", "test", "tests"].into_iter().filter(|name| table.contains_key(*name)).collect();
        (!wanted.is_empty()).then(|| format!("[{}]", wanted.join(",")))
    });
    let further = extras.iter().map(|extras| format!("--editable '.{extras}'")).collect();
    Lists { main: "--editable .".to_owned(), further, files: vec![file] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::tree::Interpreter;

    fn steps(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().chain(&[("app.py", "")]);
        let tree = Tree::of(files.map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        detect(&tree).prepare.into_iter().map(|step| step.run).collect()
    }

    #[test]
    fn a_list_for_development_that_fails_does_not_fail_the_others() {
        let run = &steps(&[("requirements.txt", "flask"), ("requirements-dev.txt", "broken")])[0];
        assert!(run.contains("pip install --quiet -r requirements.txt && { "), "{run}");
        assert!(run.contains("--quiet -r requirements-dev.txt || echo "), "{run}");
        let lists = [("requirements/base.txt", "a"), ("requirements/development.txt", "-r base.txt\nb")];
        let run = &steps(&[&lists[..], &[("requirements.txt", "-r requirements/production.txt")]].concat())[0];
        assert!(run.contains("--quiet -r requirements/base.txt && { "), "{run}");
        let run =
            &steps(&[("pyproject.toml", "[project]\nname = 'a'\n[project.optional-dependencies]\ndev = ['b']")])[0];
        assert!(run.contains("--editable . && { ") && run.contains("--editable '.[dev]' || echo"), "{run}");
    }

    #[test]
    fn poetry_is_told_the_interpreter_that_is_chosen() {
        let files =
            [("app.py", ""), ("poetry.lock", ""), ("pyproject.toml", "[tool.poetry.dependencies]\npython = '3.9'")];
        let mut tree = Tree::of(files.map(|(path, text)| (path.to_owned(), Some(text.to_owned()))));
        assert!(!detect(&tree).prepare[0].run.contains("env use"));
        tree.python3 = Some(11);
        tree.interpreters.push(Interpreter { minor: 9, by_pyenv: false });
        let run = &detect(&tree).prepare[0].run;
        assert!(run.contains("; poetry env use python3.9; poetry install "), "{run}");
    }

    #[test]
    fn a_module_of_the_name_setup_is_no_manifest() {
        assert!(steps(&[("core/setup.py", "def run():\n    pass\n")]).is_empty());
        assert_eq!(steps(&[("setup.py", "from setuptools import setup\nsetup(name='a')")]).len(), 1);
    }
}
