//! Nx: programs that are targets of a project (`project.json`, `nx` in `package.json`) and no scripts.

use serde_json::Value;

use super::manager::Manager;
use super::packages::packages;
use super::source::{self, PortSource};
use crate::project::detect::facts::{Facts, PORT, Probe, Program, Role};
use crate::project::detect::tree::{Tree, base_name, join, parent};

/// Targets that run a program while it is developed, the likeliest first.
const TARGETS: [&str; 4] = ["serve", "dev", "start", "serve-dev"];

/// Part of an executor's name, the server, its port. Another executor runs a program of the project's own.
const PAGES: [(&str, &str, u16); 9] = [
    ("vite:dev-server", "Vite", 4200),
    ("next:server", "Next.js", 3000),
    ("next:dev", "Next.js", 3000),
    ("webpack:dev-server", "webpack", 4200),
    ("rspack:dev-server", "Rspack", 4200),
    ("build-angular:dev-server", "Angular", 4200),
    ("angular/build:dev-server", "Angular", 4200),
    ("angular:", "Angular", 4200),
    ("react-native:", "React Native", 8081),
];

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    if !tree.has("nx.json") {
        return facts;
    }
    let all = packages(tree);
    let manager = all.first().filter(|package| package.directory.is_empty()).map_or(Manager::Npm, |one| one.manager);
    let plugins = tree.text("nx.json").unwrap_or_default();
    for path in tree.named("project.json") {
        let Some(json) = tree.json(path) else { continue };
        let name = json.get("name").and_then(Value::as_str).unwrap_or_else(|| base_name(parent(path)));
        project(tree, manager, path, name, json.get("targets"), plugins, &mut facts);
    }
    for package in &all {
        let nx = package.json.get("nx");
        let named = nx.and_then(|nx| nx.get("name")?.as_str()).or(package.name());
        let (Some(targets), Some(name)) = (nx.and_then(|nx| nx.get("targets")), named) else { continue };
        project(tree, manager, &package.manifest(), name, Some(targets), plugins, &mut facts);
    }
    facts
}

fn project(
    tree: &Tree,
    manager: Manager,
    path: &str,
    name: &str,
    targets: Option<&Value>,
    plugins: &str,
    facts: &mut Facts,
) {
    let directory = parent(path);
    if name.ends_with("-e2e") || directory.split('/').any(|part| ["e2e", "node_modules", "examples"].contains(&part)) {
        return;
    }
    let given = |target: &str| targets.and_then(|targets| targets.get(target));
    let found = TARGETS.iter().find_map(|target| Some((*target, given(target)?, "targets")));
    let Some((target, table, key)) = found else {
        inferred(tree, manager, path, name, plugins, facts);
        return;
    };
    let evidence = format!("{path}: {key}.{target}");
    let executor = table.get("executor").and_then(Value::as_str).unwrap_or_default();
    let command = table.get("command").or_else(|| table.get("options")?.get("command")).and_then(Value::as_str);
    let port = table.get("options").and_then(|options| options.get("port")?.as_u64()).and_then(|n| n.try_into().ok());
    let what = if executor.is_empty() { command.unwrap_or("a command") } else { executor };
    facts.see(format!("the Nx target {name}:{target} ({what})"), evidence.clone());
    let page = PAGES.iter().find(|(part, ..)| executor.contains(part));
    let by_command = command.and_then(super::frameworks::dev_server);
    if let Some((_, server, default)) = page.copied().or(by_command.map(|server| ("", server.name, server.port))) {
        facts.programs.push(page_program(
            manager,
            directory,
            name,
            target,
            (server, port.unwrap_or(default)),
            evidence,
        ));
        return;
    }
    let call = manager.program_call(&format!("nx run {name}:{target}"));
    let mut program = Program::new("", Role::Api, call, evidence.clone());
    program.name = Some(name.to_owned());
    program.environment = quiet();
    let probe = source::health(tree, directory).map_or(Probe::Tcp, |(path, _)| Probe::Http(path));
    match source::port(tree, directory) {
        Some(PortSource::Variable { names, default, file }) => {
            facts.see(format!("the port is read from {}", names.join(", ")), file.clone());
            program = program.listening(port.or(default).unwrap_or(3000), probe);
            program.port_evidence = Some(file);
            program.environment.extend(names.into_iter().map(|name| (name, PORT.to_owned())));
        }
        Some(PortSource::Fixed { port, file }) => {
            program = program.listening(port, probe);
            (program.port_is_fixed, program.port_evidence) = (true, Some(file));
        }
        None => {
            facts.assumed.push(format!("{evidence} is a program that listens on no port"));
            program.role = Role::Worker;
        }
    }
    facts.programs.push(program);
}

/// A target that a plugin of `nx.json` makes of the configuration of a dev server.
fn inferred(tree: &Tree, manager: Manager, path: &str, name: &str, plugins: &str, facts: &mut Facts) {
    let directory = parent(path);
    let has = |tool: &str| {
        ["ts", "mts", "js", "mjs", "cjs"].iter().find_map(|extension| {
            let file = join(directory, &format!("{tool}.config.{extension}"));
            tree.has(&file).then_some(file)
        })
    };
    let plugin = |name: &str| plugins.contains(&format!("@nx/{name}/plugin"));
    let page = tree.has(&join(directory, "index.html"));
    let found =
        [("next", "dev", "Next.js", 3000), ("vite", "serve", "Vite", 4200), ("webpack", "serve", "webpack", 4200)];
    for (tool, target, server, port) in found {
        if let Some(file) = has(tool).filter(|_| plugin(tool) && (tool == "next" || page || tool == "webpack")) {
            facts.see(format!("the Nx target {name}:{target} (@nx/{tool}/plugin)"), file.clone());
            facts.programs.push(page_program(manager, directory, name, target, (server, port), file));
            return;
        }
    }
}

fn page_program(
    manager: Manager,
    directory: &str,
    name: &str,
    target: &str,
    (server, port): (&str, u16),
    evidence: String,
) -> Program {
    let strict = if server == "Vite" { " --strictPort" } else { "" };
    let call = manager.program_call(&format!("nx run {name}:{target} --port={PORT}{strict}"));
    let mut program = Program::new("", Role::Page, call, evidence).listening(port, Probe::Http("/".to_owned()));
    program.name = Some(if directory.is_empty() { "web".to_owned() } else { name.to_owned() });
    program.environment = quiet();
    program
}

/// A daemon would outlive the stack, and a screen full of boxes is no log.
fn quiet() -> Vec<(String, String)> {
    [("NX_DAEMON", "false"), ("NX_TUI", "false")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_projects_are_programs() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file("nx.json", r#"{ "plugins": ["@nx/next/plugin"] }"#),
            file("package.json", r#"{ "devDependencies": { "nx": "21" } }"#),
            file(
                "apps/web/project.json",
                r#"{ "name": "web", "targets": { "serve": { "executor": "@nx/vite:dev-server" } } }"#,
            ),
            file(
                "apps/api/project.json",
                r#"{ "name": "api", "targets": { "serve": { "executor": "@nx/js:node" } } }"#,
            ),
            file("apps/api/src/main.ts", "const port = process.env.PORT || 3333"),
            file("apps/site/project.json", r#"{ "name": "site" }"#),
            file("apps/site/next.config.js", ""),
            file("apps/web-e2e/project.json", r#"{ "targets": { "serve": {} } }"#),
        ]);
        let programs = detect(&tree).programs;
        let found: Vec<(&str, Option<u16>)> = programs.iter().map(|one| (one.command.as_str(), one.port)).collect();
        let expected = [
            ("npx --no-install nx run api:serve", Some(3333)),
            ("npx --no-install nx run site:dev --port={{ ports.@ }}", Some(3000)),
            ("npx --no-install nx run web:serve --port={{ ports.@ }} --strictPort", Some(4200)),
        ];
        assert_eq!(found, expected);
    }
}
