//! Where packages of JavaScript are installed, and how.

use serde_json::Value;

use super::downloads;
use super::manager::{LOCKS, Manager};
use super::packages::{Package, is_member, packages};
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::tree::{Tree, join};

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
pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
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
    let install = downloads::with_fallback(manager.install(!own.is_empty()), depends_on);
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
