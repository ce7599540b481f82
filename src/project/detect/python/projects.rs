//! The Python projects of a tree: directories with a list of packages.

use crate::project::detect::tree::{Tree, base_name, extension_of, join, parent, relative};

/// How packages are installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project::detect) enum Manager {
    Uv,
    Poetry,
    Pdm,
    Pipenv,
    Pip,
}

/// A directory with a list of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::project::detect) struct PythonProject {
    pub(in crate::project::detect) directory: String,
    pub(in crate::project::detect) manager: Manager,
    /// What says so.
    pub(in crate::project::detect) manifest: String,
    /// The directories of its members that have a list of their own.
    pub(in crate::project::detect) members: Vec<String>,
    /// Everything that lists packages, in lower case.
    pub(in crate::project::detect) text: String,
}

impl PythonProject {
    /// A program of its environment, as seen from a directory.
    pub(in crate::project::detect) fn program(&self, from: &str, program: &str) -> String {
        // the members of a workspace of uv share the environment of its root
        relative(from, &join(&self.directory, &format!(".venv/bin/{program}")))
    }

    /// The directory that a file's programs are run from: that of the member it belongs to.
    pub(in crate::project::detect) fn home_of(&self, path: &str) -> String {
        let above = self.members.iter().filter(|member| path.starts_with(&format!("{member}/")));
        above.max_by_key(|member| member.len()).unwrap_or(&self.directory).clone()
    }

    /// Whether a package is listed that speaks to PostgreSQL.
    pub(in crate::project::detect) fn lists_client(&self) -> bool {
        CLIENTS.iter().any(|client| self.lists(client))
    }

    /// Whether a package is listed.
    pub(in crate::project::detect) fn lists(&self, package: &str) -> bool {
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
pub(in crate::project::detect) fn projects(tree: &Tree) -> Vec<PythonProject> {
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
pub(in crate::project::detect) fn project_of<'p>(
    projects: &'p [PythonProject],
    path: &str,
) -> Option<&'p PythonProject> {
    let above =
        |project: &&PythonProject| project.directory.is_empty() || path.starts_with(&format!("{}/", project.directory));
    projects.iter().filter(above).max_by_key(|project| project.directory.len())
}

/// Packages that speak to PostgreSQL.
pub(in crate::project::detect) const CLIENTS: [&str; 6] =
    ["psycopg2", "psycopg2-binary", "psycopg", "asyncpg", "pg8000", "aiopg"];

/// Whether an application can use PostgreSQL: false where it is one of Python alone whose packages have no client.
pub(in crate::project::detect) fn can_speak_postgres(tree: &Tree) -> bool {
    let others = ["go.mod", "Cargo.toml", "Gemfile", "composer.json", "mix.exs", "pom.xml", "build.gradle"];
    let projects = projects(tree);
    let is_python = !projects.is_empty() && tree.paths().any(|path| extension_of(path) == "py");
    let has_node_server = crate::project::detect::node::packages::packages(tree)
        .iter()
        .any(|package| package.depends_on("pg") || package.depends_on("prisma"));
    !is_python
        || projects.iter().any(PythonProject::lists_client)
        || has_node_server
        || others.iter().any(|name| !tree.named(name).is_empty())
}

/// Whether evidence is no more than a client in a list of packages.
pub(in crate::project::detect) fn is_client(evidence: &str) -> bool {
    CLIENTS.iter().any(|client| evidence.ends_with(&format!(": {client}")))
}
