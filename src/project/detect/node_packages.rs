//! JavaScript: the package manager, the workspaces, and how their scripts and programs are called.

use globset::Glob;
use serde_json::Value;

use super::facts::{Facts, Step};
use super::node_downloads;
use super::tree::{Tree, is_aside as is_aside_by_word, join, parent};

/// A package manager of JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    /// Yarn from version 2.
    YarnBerry,
    Bun,
}

impl Manager {
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnBerry => "yarn",
            Self::Bun => "bun",
        }
    }

    /// Runs a script with further arguments.
    pub(super) fn script(self, script: &str, arguments: &str) -> String {
        // npm takes options for its own until `--`; pnpm would pass `--` on
        let separator = if self == Self::Npm && !arguments.is_empty() { " --" } else { "" };
        let space = if arguments.is_empty() { "" } else { " " };
        format!("{} run {script}{separator}{space}{arguments}", self.program())
    }

    /// Runs an installed program.
    pub(super) fn program_call(self, command: &str) -> String {
        match self {
            Self::Npm => format!("npx --no-install {command}"),
            Self::Pnpm => format!("pnpm exec {command}"),
            Self::Yarn | Self::YarnBerry => format!("yarn run {command}"),
            Self::Bun => format!("bun run {command}"),
        }
    }

    fn install(self, locked: bool) -> &'static str {
        match (self, locked) {
            (Self::Npm, true) => "npm ci",
            (Self::Npm, false) => "npm install",
            (Self::Pnpm, true) => "pnpm install --frozen-lockfile",
            (Self::Pnpm, false) => "pnpm install",
            // the first yarn gives a download up after half a minute, and refuses where npm only warns of an older Node
            (Self::Yarn, true) => "yarn install --frozen-lockfile --network-timeout 600000 --ignore-engines",
            (Self::YarnBerry, true) => "yarn install --immutable",
            (Self::Yarn, false) => "yarn install --network-timeout 600000 --ignore-engines",
            (Self::YarnBerry, false) => "yarn install",
            (Self::Bun, true) => "bun install --frozen-lockfile",
            (Self::Bun, false) => "bun install",
        }
    }
}

/// The lock files, in the order in which they are believed.
const LOCKS: [(&str, Manager); 6] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("yarn.lock", Manager::Yarn),
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
];

/// A `package.json`.
#[derive(Debug, Clone)]
pub(super) struct Package {
    /// Its directory; empty at the root.
    pub(super) directory: String,
    pub(super) manager: Manager,
    pub(super) json: Value,
}

impl Package {
    pub(super) fn manifest(&self) -> String {
        join(&self.directory, "package.json")
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.json.get("name")?.as_str()
    }

    pub(super) fn script(&self, name: &str) -> Option<&str> {
        self.json.get("scripts")?.get(name)?.as_str()
    }

    /// The names of its scripts, in the order of the file.
    pub(super) fn scripts(&self) -> Vec<&str> {
        let scripts = self.json.get("scripts").and_then(Value::as_object);
        scripts.into_iter().flat_map(|scripts| scripts.keys().map(String::as_str)).collect()
    }

    /// Whether it depends on a package.
    pub(super) fn depends_on(&self, name: &str) -> bool {
        ["dependencies", "devDependencies"]
            .iter()
            .any(|kind| self.json.get(kind).and_then(|table| table.get(name)).is_some())
    }
}

/// The packages of a tree: those of the root's workspaces, and those that stand alone.
pub(super) fn packages(tree: &Tree) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for path in tree.named("package.json") {
        let directory = parent(path).to_owned();
        let Some(json) = tree.json(path).filter(Value::is_object) else { continue };
        if is_aside(&directory) {
            continue;
        }
        let owner = packages.iter().find(|root| is_member(tree, root, &directory)).map(|root| root.manager);
        let manager = owner.unwrap_or_else(|| manager(tree, &directory, &json));
        packages.push(Package { directory, manager, json });
    }
    packages
}

/// Directories whose packages are no part of the application.
fn is_aside(directory: &str) -> bool {
    let aside = [
        "example",
        "examples",
        "fixtures",
        "test",
        "tests",
        "templates",
        "e2e",
        "docs",
        "playground",
        "demo",
        "remix.init",
    ];
    is_aside_by_word(directory)
        || directory.split('/').any(|part| aside.contains(&part) || part.starts_with('.') || part.starts_with("__"))
}

/// The patterns of a workspace's members.
fn workspaces(tree: &Tree, root: &Package) -> Vec<String> {
    let listed = match root.json.get("workspaces") {
        Some(Value::Array(patterns)) => Some(patterns),
        Some(Value::Object(table)) => table.get("packages").and_then(Value::as_array),
        _ => None,
    };
    let mut patterns: Vec<String> =
        listed.into_iter().flatten().filter_map(|pattern| Some(pattern.as_str()?.to_owned())).collect();
    if let Some(text) = tree.text(&join(&root.directory, "pnpm-workspace.yaml")) {
        let parsed: Option<Value> = serde_saphyr::from_str(text).ok();
        let listed = parsed.as_ref().and_then(|value| value.get("packages")?.as_array());
        patterns.extend(listed.into_iter().flatten().filter_map(|pattern| Some(pattern.as_str()?.to_owned())));
    }
    patterns
}

pub(super) fn is_member(tree: &Tree, root: &Package, directory: &str) -> bool {
    if root.directory == directory {
        return false;
    }
    workspaces(tree, root).iter().any(|pattern| {
        let pattern = join(&root.directory, pattern.trim_start_matches("./").trim_end_matches('/'));
        !pattern.starts_with('!') && Glob::new(&pattern).is_ok_and(|glob| glob.compile_matcher().is_match(directory))
    })
}

fn manager(tree: &Tree, directory: &str, json: &Value) -> Manager {
    let berry = tree.has(&join(directory, ".yarnrc.yml"));
    let yarn = |version: Option<&str>| {
        let old = version.is_none_or(|version| version.starts_with("1."));
        if old && !berry { Manager::Yarn } else { Manager::YarnBerry }
    };
    let named = json.get("packageManager").and_then(Value::as_str).and_then(|named| named.split_once('@'));
    match named {
        Some(("pnpm", _)) => return Manager::Pnpm,
        Some(("npm", _)) => return Manager::Npm,
        Some(("bun", _)) => return Manager::Bun,
        Some(("yarn", version)) => return yarn(Some(version)),
        _ => {}
    }
    let found = LOCKS.iter().find(|(lock, _)| tree.has(&join(directory, lock))).map(|(_, manager)| *manager);
    match found {
        Some(Manager::Yarn) => yarn(None),
        Some(manager) => manager,
        None if tree.has(&join(directory, "pnpm-workspace.yaml")) => Manager::Pnpm,
        None => Manager::Npm,
    }
}

/// The variables that package managers read of a company's network and caches.
const PASS_ENV: [&str; 6] = [
    "PRISMA_ENGINES_MIRROR",
    "NPM_CONFIG_REGISTRY",
    "npm_config_registry",
    "NODE_EXTRA_CA_CERTS",
    "NPM_TOKEN",
    "COREPACK_HOME",
];

/// Where packages are installed, and how.
pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let packages = packages(tree);
    for package in &packages {
        let owner = packages.iter().any(|root| is_member(tree, root, &package.directory));
        if !owner {
            install(tree, package, &mut facts);
        }
    }
    if let Some(root) = packages.first().filter(|package| package.directory.is_empty()) {
        facts.name = root.name().map(str::to_owned);
        version(tree, root, &mut facts);
        let members = packages.iter().filter(|package| is_member(tree, root, &package.directory)).count();
        if members > 0 {
            facts.see(format!("a workspace of {members} packages"), workspace_evidence(tree));
        }
    }
    for (file, what) in [("turbo.json", "Turborepo"), ("nx.json", "Nx")] {
        if tree.has(file) {
            facts.see(what, file);
        }
    }
    facts
}

/// An older Node than the application asks for may refuse it.
fn version(tree: &Tree, root: &Package, facts: &mut Facts) {
    let engines = root.json.get("engines").and_then(|engines| engines.get("node")?.as_str());
    let named = || Some((".nvmrc", tree.text(".nvmrc")?.trim()));
    let Some((evidence, wanted)) = engines.map(|text| ("package.json: engines.node", text)).or_else(named) else {
        return;
    };
    // of several choices the oldest counts
    let number = |choice: &str| {
        let digits: String = choice.trim_start_matches(|one: char| !one.is_ascii_digit()).to_owned();
        digits.split(|one: char| !one.is_ascii_digit()).next()?.parse::<u16>().ok()
    };
    let least = wanted.split("||").filter(|choice| !choice.trim().starts_with('<')).filter_map(number).min();
    if let (Some(least), Some(found)) = (least, tree.node)
        && least > found
    {
        facts.unknown.push(format!(
            "{evidence} asks for Node {wanted}, and `node` is {found}: install it if the application refuses to run"
        ));
    }
}

fn workspace_evidence(tree: &Tree) -> &'static str {
    if tree.has("pnpm-workspace.yaml") { "pnpm-workspace.yaml: packages" } else { "package.json: workspaces" }
}

fn install(tree: &Tree, package: &Package, facts: &mut Facts) {
    let manager = package.manager;
    let has_dependencies = ["dependencies", "devDependencies", "workspaces"]
        .iter()
        .any(|key| package.json.get(key).is_some_and(|value| value.as_object().is_none_or(|table| !table.is_empty())));
    if !has_dependencies && !tree.has(&join(&package.directory, "pnpm-workspace.yaml")) {
        return;
    }
    let locks = LOCKS.iter().map(|(lock, _)| join(&package.directory, lock));
    let own: Vec<String> = locks
        .filter(|lock| tree.has(lock))
        .filter(|lock| LOCKS.iter().any(|(name, of)| lock.ends_with(name) && of.program() == manager.program()))
        .collect();
    let named = package.json.get("packageManager").is_some();
    let evidence = match own.first() {
        _ if named => format!("{}: packageManager", package.manifest()),
        Some(lock) => lock.clone(),
        None => package.manifest(),
    };
    facts.see(format!("the package manager {}", manager.program()), evidence.clone());
    let name =
        if package.directory.is_empty() { "install".to_owned() } else { format!("install {}", package.directory) };
    let members = packages(tree);
    let below = |one: &&Package| one.directory == package.directory || is_member(tree, package, &one.directory);
    let depends_on = |name: &str| members.iter().filter(below).any(|one| one.depends_on(name));
    let install = node_downloads::with_fallback(manager.install(!own.is_empty()), depends_on);
    // an application of another language is run without what its sources are checked with
    let install = if is_tooling(tree, package) {
        format!(
            "{install} || echo 'harness: the packages of {} cannot be installed; the application runs without them'",
            package.manifest()
        )
    } else {
        install
    };
    let mut step = Step::new(&name, &package.directory, install, evidence);
    step.inputs = vec![own.first().cloned().unwrap_or_else(|| package.manifest())];
    step.outputs = if manager == Manager::YarnBerry && tree.has(&join(&package.directory, ".pnp.cjs")) {
        Vec::new()
    } else {
        vec![join(&package.directory, "node_modules")]
    };
    if own.is_empty() {
        facts.assumed.push(format!(
            "{} has no lock file: packages are installed by `{}`, whose versions may change",
            package.manifest(),
            manager.install(false)
        ));
    }
    facts.prepare.push(step);
    if let Some(script) =
        package.scripts().into_iter().find(|script| package.script(script).is_some_and(|text| text.contains("npx ")))
    {
        facts.settle(
            "npm_config_yes",
            "true",
            format!("{}: scripts.{script} calls npx, which would ask", package.manifest()),
        );
    }
    facts.prepare.extend(env_file(tree, package));
    facts.pass_env.extend(PASS_ENV);
    facts.required.insert(manager.program(), format!("{} asks for it", package.manifest()));
}

/// Whether a package has nothing but tools for checks, beside an application of another language.
fn is_tooling(tree: &Tree, package: &Package) -> bool {
    let others = [
        "manage.py",
        "requirements.txt",
        "pyproject.toml",
        "go.mod",
        "Cargo.toml",
        "Gemfile",
        "composer.json",
        "mix.exs",
    ];
    let has = |kind: &str| package.json.get(kind).and_then(Value::as_object).is_some_and(|table| !table.is_empty());
    let runs = ["dev", "start", "build", "serve", "develop", "watch", "prod", "compile"];
    let makes = |script: &str| runs.iter().any(|word| script.split([':', '-']).next() == Some(word));
    !has("dependencies")
        && package.json.get("workspaces").is_none()
        && !package.scripts().into_iter().any(makes)
        && others.iter().any(|name| tree.has(&join(&package.directory, name)))
}

/// A script that insists on a dotenv file finds one. Its values come from `[env]`; an empty file adds none.
fn env_file(tree: &Tree, package: &Package) -> Option<Step> {
    let script = package.scripts().into_iter().find(|name| {
        let text = package.script(name).unwrap_or_default();
        let insists = text.contains("env-cmd") && !text.contains("-f ") || text.contains("--env-file=.env ");
        insists && !name.starts_with("test")
    })?;
    let file = join(&package.directory, ".env");
    (!tree.has(&file)).then(|| {
        Step::new(
            "env-file",
            &package.directory,
            "test -e .env || touch .env",
            format!("{}: scripts.{script}", package.manifest()),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_for_checks_beside_another_language_may_be_missing() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let run = |manifest: &str| {
            let tree = Tree::of([file("manage.py", ""), file("package.json", manifest)]);
            detect(&tree).prepare[0].run.clone()
        };
        let lint = r#"{ "devDependencies": { "eslint": "9" }, "scripts": { "lint": "eslint ." } }"#;
        assert!(run(lint).starts_with("npm install || echo 'harness: "), "{}", run(lint));
        let build = r#"{ "devDependencies": { "vite": "9" }, "scripts": { "build": "vite build" } }"#;
        assert_eq!(run(build), "npm install");
    }
}
