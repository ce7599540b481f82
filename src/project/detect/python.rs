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
    tree.under(directory)
        .filter(is_list)
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
        Manager::Uv if project.manifest.ends_with("uv.lock") => "uv sync --frozen".to_owned(),
        Manager::Uv => "uv sync".to_owned(),
        Manager::Poetry => format!(
            "export POETRY_VIRTUALENVS_IN_PROJECT=true; poetry install --no-interaction || poetry install --no-interaction \
             --no-root && {ignored}"
        ),
        Manager::Pdm => "pdm install --frozen-lockfile".to_owned(),
        Manager::Pipenv => format!("PIPENV_VENV_IN_PROJECT=1 pipenv sync --dev && {ignored}"),
        Manager::Pip => {
            let (arguments, files) = pip_arguments(tree, project);
            inputs = files;
            format!("{python} -m venv .venv && {ignored} && .venv/bin/python -m pip install --quiet {arguments}")
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
fn pip_arguments(tree: &Tree, project: &PythonProject) -> (String, Vec<String>) {
    let directory = &project.directory;
    let lists = [
        "requirements.txt",
        "requirements-dev.txt",
        "dev-requirements.txt",
        "requirements_dev.txt",
        "requirements/base.txt",
        "requirements/dev.txt",
        "requirements/local.txt",
        "requirements/development.txt",
    ];
    let mut files: Vec<String> = lists.iter().map(|name| join(directory, name)).filter(|path| tree.has(path)).collect();
    if files.iter().any(|path| ["dev.txt", "local.txt", "development.txt"].contains(&base_name(path))) {
        files.retain(|path| base_name(path) != "base.txt");
    }
    if !files.is_empty() {
        let arguments: Vec<String> = files.iter().map(|path| format!("-r {}", relative(directory, path))).collect();
        return (arguments.join(" "), files);
    }
    let file = project.manifest.clone();
    let extras = tree.toml(&file).and_then(|toml| {
        let table = toml.get("project")?.get("optional-dependencies")?.as_table()?.clone();
        let wanted: Vec<&str> = ["dev", "test", "tests"].into_iter().filter(|name| table.contains_key(*name)).collect();
        (!wanted.is_empty()).then(|| format!("[{}]", wanted.join(",")))
    });
    (format!("--editable '.{}'", extras.unwrap_or_default()), vec![file])
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
