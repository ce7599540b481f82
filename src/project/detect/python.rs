//! Python: where packages are installed, how, and the interpreter that has them.

use super::facts::{BackingService, Check, Facts, Step};
use super::interpreter::{self, Call};
use super::tree::{Tree, base_name, extension_of, join, parent, relative};

/// How packages are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Pip,
}

/// A directory with a list of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PythonProject {
    pub(super) directory: String,
    pub(super) manager: Manager,
    /// What says so.
    pub(super) manifest: String,
    /// The directories of its members that have a list of their own.
    members: Vec<String>,
    /// Everything that lists packages, in lower case.
    text: String,
}

impl PythonProject {
    /// A program of its environment, as seen from a directory.
    pub(super) fn program(&self, from: &str, program: &str) -> String {
        // the members of a workspace of uv share the environment of its root
        relative(from, &join(&self.directory, &format!(".venv/bin/{program}")))
    }

    /// The directory that a file's programs are run from: that of the member it belongs to.
    pub(super) fn home_of(&self, path: &str) -> String {
        let above = self.members.iter().filter(|member| path.starts_with(&format!("{member}/")));
        above.max_by_key(|member| member.len()).unwrap_or(&self.directory).clone()
    }

    /// Whether a package is listed that speaks to PostgreSQL.
    pub(super) fn lists_client(&self) -> bool {
        CLIENTS.iter().any(|client| self.lists(client))
    }

    /// Whether a package is listed.
    pub(super) fn lists(&self, package: &str) -> bool {
        self.text.match_indices(package).any(|(at, _)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + package.len()..].chars().next();
            let is_part = |character: char| character.is_alphanumeric() || "-_.".contains(character);
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
    }
}

/// Lists of packages, in the order in which they are believed.
const MANIFESTS: [(&str, Option<Manager>); 9] = [
    ("uv.lock", Some(Manager::Uv)),
    ("poetry.lock", Some(Manager::Poetry)),
    ("pdm.lock", Some(Manager::Pdm)),
    ("Pipfile.lock", Some(Manager::Pipenv)),
    ("Pipfile", Some(Manager::Pipenv)),
    ("requirements.txt", Some(Manager::Pip)),
    ("pyproject.toml", None),
    ("setup.py", Some(Manager::Pip)),
    ("requirements/base.txt", Some(Manager::Pip)),
];

/// The projects of a tree.
pub(super) fn projects(tree: &Tree) -> Vec<PythonProject> {
    let mut found: Vec<PythonProject> = Vec::new();
    for (name, manager) in MANIFESTS {
        for path in tree.named(base_name(name)).into_iter().filter(|path| path.ends_with(name)) {
            let directory = path.strip_suffix(name).unwrap_or_default().trim_end_matches('/').to_owned();
            let aside = ["docs", "doc", "examples", "tests", "test", "scripts", ".github"];
            if directory.split('/').any(|part| aside.contains(&part))
                || found.iter().any(|other| other.directory == directory)
            {
                continue;
            }
            let is_manifest = |text: &str| ["setuptools", "distutils", "setup("].iter().any(|word| text.contains(word));
            if name == "setup.py" && !tree.text(path).is_some_and(is_manifest) {
                continue;
            }
            let text = manifest_text(tree, &directory);
            let manager =
                manager.unwrap_or(if text.contains("[tool.poetry]") { Manager::Poetry } else { Manager::Pip });
            let members = members(tree, &directory);
            found.push(PythonProject { directory, manager, manifest: path.to_owned(), members, text });
        }
    }
    // a member of a workspace is installed from the root that has the lock file
    let roots: Vec<String> =
        found.iter().filter(|one| one.manifest.ends_with("uv.lock")).map(|one| one.directory.clone()).collect();
    found.retain(|one| {
        one.manifest.ends_with("uv.lock")
            || !roots.iter().any(|root| {
                is_uv_member(tree, root) && (root.is_empty() || one.directory.starts_with(&format!("{root}/")))
            })
    });
    found.sort_by_key(|one| one.directory.matches('/').count() + usize::from(!one.directory.is_empty()));
    found
}

/// The members of uv's workspace.
fn members(tree: &Tree, root: &str) -> Vec<String> {
    if !is_uv_member(tree, root) {
        return Vec::new();
    }
    let manifests = tree.named("pyproject.toml").into_iter().map(parent);
    manifests
        .filter(|directory| *directory != root)
        .filter(|directory| tree.under(root).any(|path| parent(path) == *directory))
        .map(str::to_owned)
        .collect()
}

fn is_uv_member(tree: &Tree, root: &str) -> bool {
    tree.text(&join(root, "pyproject.toml")).is_some_and(|text| text.contains("[tool.uv.workspace]"))
}

fn manifest_text(tree: &Tree, directory: &str) -> String {
    let is_list = |path: &&str| {
        let name = base_name(path);
        let near =
            parent(path) == directory || parent(parent(path)) == directory && parent(path).ends_with("requirements");
        near && (name.starts_with("requirements")
            || parent(path).ends_with("requirements")
            || ["pyproject.toml", "Pipfile", "setup.py", "setup.cfg"].contains(&name))
            || is_uv_member(tree, directory) && name == "pyproject.toml"
    };
    let has_base =
        ["base.txt", "common.txt"].iter().any(|name| tree.has(&join(directory, &format!("requirements/{name}"))));
    tree.under(directory)
        .filter(is_list)
        // what only a deployment installs is not there
        .filter(|path| !has_base || !base_name(path).contains("prod"))
        .filter_map(|path| tree.text(path))
        .collect::<Vec<_>>()
        .join("\n")
        .to_lowercase()
}

/// The project that a file belongs to.
pub(super) fn project_of<'p>(projects: &'p [PythonProject], path: &str) -> Option<&'p PythonProject> {
    let above =
        |project: &&PythonProject| project.directory.is_empty() || path.starts_with(&format!("{}/", project.directory));
    projects.iter().filter(above).max_by_key(|project| project.directory.len())
}

/// Packages that speak to PostgreSQL.
const CLIENTS: [&str; 6] = ["psycopg2", "psycopg2-binary", "psycopg", "asyncpg", "pg8000", "aiopg"];

/// Whether an application can use PostgreSQL: false where it is one of Python alone whose packages have no client.
pub(super) fn can_speak_postgres(tree: &Tree) -> bool {
    let others = ["go.mod", "Cargo.toml", "Gemfile", "composer.json", "mix.exs", "pom.xml", "build.gradle"];
    let projects = projects(tree);
    let is_python = !projects.is_empty() && tree.paths().any(|path| extension_of(path) == "py");
    let has_node_server = super::node_packages::packages(tree)
        .iter()
        .any(|package| package.depends_on("pg") || package.depends_on("prisma"));
    !is_python
        || projects.iter().any(PythonProject::lists_client)
        || has_node_server
        || others.iter().any(|name| !tree.named(name).is_empty())
}

/// Whether evidence is no more than a client in a list of packages.
pub(super) fn is_client(evidence: &str) -> bool {
    CLIENTS.iter().any(|client| evidence.ends_with(&format!(": {client}")))
}

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

pub(super) fn detect(tree: &Tree) -> Facts {
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
        Manager::Poetry => format!(
            "export POETRY_VIRTUALENVS_IN_PROJECT=true; poetry install --no-interaction || poetry install --no-interaction \
             --no-root && {ignored}"
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

fn checks(tree: &Tree, project: &PythonProject, facts: &mut Facts) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_module_of_the_name_setup_is_no_manifest() {
        assert!(steps(&[("core/setup.py", "def run():\n    pass\n")]).is_empty());
        assert_eq!(steps(&[("setup.py", "from setuptools import setup\nsetup(name='a')")]).len(), 1);
    }
}
