//! JavaScript: the programs of an application, by the scripts of its packages.

use std::sync::LazyLock;

use regex::Regex;

use super::builds;
use super::frameworks::{DevServer, SERVER_LIBRARIES, Takes, dev_server, own_port};
use super::packages::{Package, packages};
use super::scripts::{parts, runs_file, short};
use super::source::{self, PortSource};
use crate::project::detect::facts::{Facts, PORT, Probe, Program, Role};
use crate::project::detect::tree::{Tree, join};

/// Scripts that run an application while it is developed, the likeliest first.
const SCRIPTS: [&str; 9] =
    ["dev", "start:dev", "develop", "dev:server", "dev:api", "server:dev", "serve", "server", "start"];

/// Programs that call scripts of other packages.
const ORCHESTRATORS: [&str; 12] = [
    "turbo",
    "nx ",
    "lerna",
    "pnpm -r",
    "pnpm --parallel",
    "--filter",
    "--workspace",
    " -w ",
    "--prefix ",
    "--cwd ",
    "pnpm -C ",
    "pnpm --dir ",
];

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let all = packages(tree);
    let several = all.len() > 1;
    for package in &all {
        let Some(script) = SCRIPTS.iter().find(|script| package.script(script).is_some()) else {
            facts.programs.extend(without_script(tree, package, &mut Facts::default()));
            continue;
        };
        // what opens a window on somebody's desk is no server
        if ["electron", "@tauri-apps/cli", "expo", "react-native"].iter().any(|name| package.depends_on(name)) {
            continue;
        }
        let text = package.script(script).unwrap_or_default();
        let calls_others = |text: &str| ORCHESTRATORS.iter().any(|one| text.contains(one));
        let mut parts = parts(package, script);
        // of a script that also starts those of other packages, what it starts here remains
        if package.directory.is_empty() && (several || tree.has("nx.json")) {
            parts.retain(|part| !package.script(part).is_some_and(calls_others));
            if parts.is_empty() || calls_others(text) {
                facts.see(
                    "a script that runs those of its packages",
                    format!("{}: scripts.{script}", package.manifest()),
                );
            }
        }
        let mut found: Vec<Program> = Vec::new();
        for part in &parts {
            if let Some(mut program) = program(tree, package, part, &mut facts) {
                if parts.len() > 1 || program.role == Role::Worker && program.name.is_none() {
                    program.name = Some(short(part));
                }
                found.push(program);
            }
        }
        if parts.is_empty() {
            continue;
        }
        // a watcher of a library is not worth a process of its own when nothing listens here
        let listens = found.iter().any(|program| program.role != Role::Worker);
        if several && !listens && !has_server(package) {
            if let Some(program) = found.first().filter(|_| runs_file(text)) {
                facts.unknown.push(format!(
                    "{} runs a program that no port was found of: give it in [processes], if the application needs it",
                    program.evidence
                ));
            }
            continue;
        }
        facts.programs.extend(found);
    }
    facts
}

/// A server whose package has no script for it, but names its file.
fn without_script(tree: &Tree, package: &Package, facts: &mut Facts) -> Option<Program> {
    let main = package.json.get("main").and_then(serde_json::Value::as_str).map(|file| file.trim_start_matches("./"));
    let candidates =
        main.into_iter().chain(["server.js", "app.js", "index.js", "src/server.js", "src/app.js", "src/index.js"]);
    let file = candidates
        .into_iter()
        .find(|file| tree.has(&join(&package.directory, file)))
        .filter(|_| has_server(package))?;
    let port = source::port(tree, &package.directory)?;
    let mut program = api(tree, package, "", Some(port), format!("{}: main", package.manifest()), facts);
    program.command = format!("node {file}");
    Some(program)
}

fn has_server(package: &Package) -> bool {
    SERVER_LIBRARIES.iter().any(|(library, _)| package.depends_on(library))
}

fn program(tree: &Tree, package: &Package, script: &str, facts: &mut Facts) -> Option<Program> {
    let text = package.script(script)?;
    let evidence = format!("{}: scripts.{script}", package.manifest());
    if let Some(server) = dev_server(text) {
        facts.see(server.name, evidence.clone());
        if server.name != "Nest" {
            return Some(page(tree, package, script, server, evidence));
        }
    }
    let library = SERVER_LIBRARIES.iter().find(|(library, _)| package.depends_on(library));
    if let Some((dependency, name)) = library {
        facts.see(*name, format!("{}: dependencies.{dependency}", package.manifest()));
    }
    let port = source::port(tree, &package.directory);
    let listens = serves_itself(tree, &package.directory, port.as_ref())
        || runs_file(text) && matches!(port, Some(PortSource::Variable { .. }));
    if library.is_none() && !listens {
        let runs = ["node ", "tsx ", "nodemon", "ts-node", "bun ", "deno ", "tsc ", "tsup"]
            .iter()
            .any(|one| text.contains(one));
        return runs
            .then(|| Program::new(&package.directory, Role::Worker, package.manager.script(script, ""), evidence));
    }
    facts.prepare.extend(builds::before(tree, package, script));
    let by_library = library.and_then(|(name, _)| own_port(name)).map(|default| PortSource::Variable {
        names: vec!["PORT".to_owned()],
        default: Some(default),
        file: package.manifest(),
    });
    let port = match port {
        Some(PortSource::Variable { .. }) => port,
        // a number elsewhere in the source says less than what the library does
        _ => by_library.or(port),
    };
    Some(api(tree, package, script, port, evidence, facts))
}

/// `http.createServer`, `Bun.serve`, `Deno.serve`.
fn serves_itself(tree: &Tree, directory: &str, port: Option<&PortSource>) -> bool {
    port.is_some()
        && tree
            .sources(directory, &source::EXTENSIONS)
            .any(|(_, text)| ["createServer(", "Bun.serve(", "Deno.serve("].iter().any(|call| text.contains(call)))
}

static PORT_FLAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:--port[= ]|-p[ =]?)(\$\{?PORT[^ ]*|\d{2,5})").expect("the pattern is right"));

static PORT_SET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bPORT=(\d{2,5})\b").expect("the pattern is right"));

/// The text of a script as a command of its own, with the programs that a package manager would find.
fn inline(package: &Package, text: &str) -> String {
    let is_plain =
        !text.contains(['&', '|', ';', '"', '$']) && !text.split(' ').next().is_some_and(|word| word.contains('='));
    if is_plain {
        return package.manager.program_call(text);
    }
    format!(r#"export PATH="$PWD/node_modules/.bin:{{{{ worktree }}}}/node_modules/.bin:$PATH"; {text}"#)
}

fn page(tree: &Tree, package: &Package, script: &str, server: DevServer, evidence: String) -> Program {
    let text = package.script(script).unwrap_or_default();
    let flag = PORT_FLAG.captures(text);
    let default = flag.as_ref().and_then(|found| found[1].parse().ok()).unwrap_or(server.port);
    let mut environment = vec![("PORT".to_owned(), PORT.to_owned())];
    let command = match (&flag, server.takes) {
        // a second `--port` would not replace the first
        (Some(found), Takes::Argument(arguments)) if !text.contains("{{") => {
            let rest = text.replacen(&found[0], arguments, 1).replace("--strictPort --strictPort", "--strictPort");
            inline(package, &rest)
        }
        (_, Takes::Argument(arguments)) => package.manager.script(script, arguments),
        (_, Takes::Variable) => package.manager.script(script, ""),
    };
    if server.name == "Create React App" {
        environment.push(("BROWSER".to_owned(), "none".to_owned()));
    }
    let probe = if answers_at_root(tree, package, server) { Probe::Http("/".to_owned()) } else { Probe::Tcp };
    // without a page of its own it serves those of another program
    let serves_assets = server.name == "Vite" && probe == Probe::Tcp;
    let role = if serves_assets { Role::Worker } else { Role::Page };
    let mut program = Program::new(&package.directory, role, command, evidence).listening(default, probe);
    program.name = serves_assets.then(|| "vite".to_owned());
    program.environment = environment;
    program
}

/// Whether the dev server has a page at `/`, as far as files tell.
fn answers_at_root(tree: &Tree, package: &Package, server: DevServer) -> bool {
    let directory = &package.directory;
    match server.name {
        "Next.js" => tree.under(directory).any(|path| {
            let path = path.strip_prefix(directory.as_str()).unwrap_or(path).trim_start_matches('/');
            let path = path.strip_prefix("src/").unwrap_or(path);
            let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
            let group = |part: &str| part.starts_with('(') && part.ends_with(')');
            stem == "pages/index"
                || stem.strip_prefix("app/").is_some_and(|rest| {
                    let mut parts: Vec<&str> = rest.split('/').collect();
                    parts.pop() == Some("page") && parts.iter().all(|part| group(part))
                })
        }),
        "Vite" => {
            package.depends_on("@sveltejs/kit")
                || tree.has(&join(directory, "index.html"))
                || ["@tanstack/react-start", "@solidjs/start"].iter().any(|name| package.depends_on(name))
        }
        "Wrangler" | "Strapi" | "AdonisJS" => false,
        _ => true,
    }
}

fn api(
    tree: &Tree,
    package: &Package,
    script: &str,
    port: Option<PortSource>,
    evidence: String,
    facts: &mut Facts,
) -> Program {
    let text = package.script(script).unwrap_or_default();
    let set = PORT_SET.captures(text);
    let command = match &set {
        Some(found) if !text.contains("{{") => inline(package, &text.replacen(&found[0], &format!("PORT={PORT}"), 1)),
        _ => package.manager.script(script, ""),
    };
    let probe = source::health(tree, &package.directory).map_or(Probe::Tcp, |(path, file)| {
        facts.see(format!("a page at {path}"), file);
        Probe::Http(path)
    });
    let program = Program::new(&package.directory, Role::Api, command, evidence);
    match port {
        Some(PortSource::Variable { names, default, file }) => {
            facts.see(format!("the port is read from {}", names.join(", ")), file.clone());
            let default = set.and_then(|found| found[1].parse().ok()).or(default).unwrap_or(3000);
            let mut program = program.listening(default, probe);
            program.port_evidence = Some(file);
            program.environment = names.into_iter().map(|name| (name, PORT.to_owned())).collect();
            program
        }
        Some(PortSource::Fixed { port, file }) => {
            let mut program = program.listening(port, probe);
            (program.port_is_fixed, program.port_evidence) = (true, Some(file));
            program
        }
        None => program.assumed(3000),
    }
}

#[cfg(test)]
mod tests;
