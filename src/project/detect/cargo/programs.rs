//! Rust: the programs of a package, and how they take their port.

use std::sync::LazyLock;

use regex::Regex;

use super::{clients, ports};
use crate::project::detect::config_files;
use crate::project::detect::facts::{Check, Facts, PORT, Probe, Program, Role, Step};
use crate::project::detect::tree::{Tree, is_aside, join, parent};

const FRAMEWORKS: [&str; 9] = ["axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "hyper", "loco-rs"];

static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:"(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]):(\d{2,5})"|\(\[\d+, ?\d+, ?\d+, ?\d+\], ?(\d{2,5})\)|\("(?:0\.0\.0\.0|127\.0\.0\.1|localhost)", ?(\d{2,5})\))"#).expect("the pattern is right")
});
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\.route\(\s*"(/(?:health|healthz|health_check|ping)?)",\s*(?:\w+::)*get\(|#\[get\("(/(?:health|healthz|health_check|ping)?)"\)\]"#).expect("the pattern is right")
});

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let Some(root) = tree.named("Cargo.toml").first().copied() else { return facts };
    let directory = parent(root);
    facts.see("Cargo", root);
    facts.required.insert("cargo", format!("{root} asks for it"));
    facts.pass_env.extend(["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]);
    let packages: Vec<(&str, toml::Table)> = tree
        .named("Cargo.toml")
        .into_iter()
        .filter(|path| directory.is_empty() || path.starts_with(&format!("{directory}/")))
        .filter_map(|path| Some((path, tree.toml(path)?)))
        .filter(|(_, table)| table.contains_key("package"))
        .collect();
    let lock = tree.has(&join(directory, "Cargo.lock"));
    let locked = if lock { " --locked" } else { "" };
    clients::needs(tree, &mut facts);
    let waits = compiles_against_database(tree);
    let offline = if !waits && checks_queries(tree).is_some() { "SQLX_OFFLINE=true " } else { "" };
    if let Some((manifest, table, server)) = program(tree, &packages) {
        let name = binary_name(tree, manifest, table);
        if let Some(framework) = server {
            facts.see(framework, format!("{manifest}: dependencies.{framework}"));
        }
        let several = packages.len() > 1;
        let option = if several {
            format!(" --package {}", table.get("name").and_then(toml::Value::as_str).unwrap_or(&name))
        } else {
            String::new()
        };
        let build = format!("{offline}cargo build{locked}{option}");
        let mut step = Step::new("build", directory, build.clone(), manifest);
        step.inputs = vec![join(directory, "**/*.rs"), join(directory, "**/Cargo.toml")];
        if lock {
            step.inputs.push(join(directory, "Cargo.lock"));
        }
        step.outputs = vec![join(directory, &format!("target/debug/{name}"))];
        if waits {
            facts.assumed.push(format!(
                "{} checks its queries when it is compiled: the program is built when it starts, against its database",
                checks_queries(tree).unwrap_or(manifest)
            ));
            facts.slow_start = Some(("20m", "a first start compiles all of it".to_owned()));
        } else {
            facts.prepare.push(step);
        }
        serve(tree, parent(manifest), directory, &name, server, manifest, &mut facts);
        if let Some(program) = facts.programs.last_mut().filter(|_| waits) {
            program.command = format!("{build} && exec {}", program.command);
        }
    } else {
        facts.unknown.push(format!("{root}: no program that listens on a port was found: give it in [processes]"));
    }
    facts.name = packages.first().and_then(|(_, table)| Some(table.get("package")?.get("name")?.as_str()?.to_owned()));
    for (stage, name, run) in [
        ("check", "types", format!("cargo check{locked} --all-targets")),
        ("test", "test", format!("cargo test{locked}")),
    ] {
        facts.checks.push(Check::new(stage, name, directory, run, root.to_owned()));
    }
    facts
}

/// A source whose queries sqlx checks when it is compiled.
fn checks_queries(tree: &Tree) -> Option<&str> {
    let calls =
        ["sqlx::query!(", "sqlx::query_as!(", "sqlx::query_scalar!(", " query!(", " query_as!(", " query_scalar!("];
    let mut sources = tree.sources("", &["rs"]).filter(|(path, _)| !is_aside(path));
    sources
        .find(|(_, text)| text.contains("sqlx") && calls.iter().any(|call| text.contains(call)))
        .map(|(path, _)| path)
}

/// Whether a build asks a database, because what it would answer was not saved.
pub(in crate::project::detect) fn compiles_against_database(tree: &Tree) -> bool {
    let is_prepared =
        tree.has("sqlx-data.json") || tree.paths().any(|path| path.starts_with(".sqlx/") || path.contains("/.sqlx/"));
    !is_prepared && checks_queries(tree).is_some()
}

/// The version of a package that a manifest asks for.
pub(in crate::project::detect) fn version_of(tree: &Tree, package: &str) -> Option<String> {
    let mut tables = tree.named("Cargo.toml").into_iter().filter_map(|path| tree.toml(path));
    tables.find_map(|table| {
        let own = table.get("dependencies").and_then(|table| table.get(package));
        let shared = || table.get("workspace")?.get("dependencies")?.get(package);
        let found = own.or_else(shared)?;
        found.as_str().or_else(|| found.get("version")?.as_str()).map(str::to_owned)
    })
}

/// The program of a package: the one that it names as its default, else the one of `src/main.rs`, else its first.
fn binary_name(tree: &Tree, manifest: &str, package: &toml::Table) -> String {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let table = tree.toml(manifest).unwrap_or_default();
    let programs: Vec<&toml::Value> = table.get("bin").and_then(toml::Value::as_array).into_iter().flatten().collect();
    let is_main = |one: &&&toml::Value| one.get("path").and_then(toml::Value::as_str) == Some("src/main.rs");
    let has_main = tree.has(&join(parent(manifest), "src/main.rs"));
    let first = programs.iter().find(is_main).or_else(|| programs.first().filter(|_| !has_main));
    let name = package.get("default-run").and_then(text);
    name.or_else(|| first.and_then(|one| text(one.get("name")?)))
        .or_else(|| package.get("name").and_then(text))
        .unwrap_or_else(|| "app".to_owned())
}

/// The package with a program that serves: its manifest, its `[package]`, its framework.
fn program<'p>(
    tree: &Tree,
    packages: &'p [(&'p str, toml::Table)],
) -> Option<(&'p str, &'p toml::Table, Option<&'static str>)> {
    let candidates = packages.iter().filter_map(|(path, table)| {
        let package = table.get("package")?.as_table()?;
        let directory = parent(path);
        let runs = tree.has(&join(directory, "src/main.rs"))
            || package.contains_key("default-run")
            || table.contains_key("bin");
        let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
        let framework =
            FRAMEWORKS.iter().find(|name| dependencies.is_some_and(|table| table.contains_key(**name))).copied();
        let listens = framework.is_some()
            || tree.sources(&join(directory, "src"), &["rs"]).any(|(_, text)| text.contains("TcpListener::bind"));
        (runs && listens).then_some((*path, package, framework))
    });
    candidates.min_by_key(|(_, _, framework)| framework.is_none())
}

fn serve(
    tree: &Tree,
    package: &str,
    directory: &str,
    name: &str,
    framework: Option<&str>,
    manifest: &str,
    facts: &mut Facts,
) {
    let source = join(package, "src");
    let texts: Vec<(&str, &str)> = tree.sources(&source, &["rs"]).collect();
    let route = texts
        .iter()
        .flat_map(|(_, text)| ROUTE.captures_iter(text))
        .filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().to_owned()))
        .max_by_key(String::len);
    let probe = route.map_or(Probe::Tcp, Probe::Http);
    let mut program = Program::new(directory, Role::Api, format!("target/debug/{name}"), manifest);
    let variable = ports::variable(tree, package, directory);
    let fixed = texts.iter().find_map(|(path, text)| {
        let found = FIXED.captures(text)?;
        let digits = found.get(1).or(found.get(2)).or(found.get(3))?;
        Some(((*path).to_owned(), digits.as_str().parse::<u16>().ok()?))
    });
    let fixed = fixed.or_else(|| config_files::written_port(tree, package));
    let default = fixed.as_ref().map_or(8080, |(_, port)| *port);
    let configured = config_files::port(tree, package).filter(|_| variable.is_none());
    if let Some((path, name, default, value)) = configured {
        facts.see(format!("the port is read from {name}"), path);
        program = program.listening(default, probe);
        program.environment = vec![(name, value)];
    } else if framework == Some("rocket") {
        program = program.listening(8000, probe);
        program.environment = vec![("ROCKET_PORT".to_owned(), PORT.to_owned())];
    } else if let Some((path, name, value)) = variable {
        facts.see(format!("the port is read from {name}"), path);
        program = program.listening(default, probe);
        program.environment = vec![(name, value)];
    } else if let Some((path, port)) = fixed {
        program = program.listening(port, probe);
        (program.port_is_fixed, program.port_evidence) = (true, Some(path));
    } else {
        program = program.assumed(8080);
    }
    facts.programs.push(program);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::facts::BackingService;

    const MANIFEST: &str = "[package]\nname = 'app'\n[dependencies]\naxum = '0.8'\nsqlx = { version = '0.8', features = [\n    'postgres',\n] }\n";

    fn look(files: &[(&str, &str)]) -> Facts {
        let begin = [("Cargo.toml", MANIFEST), ("src/main.rs", "use sqlx;\nlet a = sqlx::query!(\"select 1\");")];
        let files = begin.iter().chain(files);
        detect(&Tree::of(files.map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned())))))
    }

    #[test]
    fn queries_that_are_checked_are_built_offline_or_against_the_database() {
        let saved = look(&[(".sqlx/query-1.json", "{}")]);
        assert_eq!(saved.prepare[0].run, "SQLX_OFFLINE=true cargo build");
        assert_eq!(saved.programs[0].command, "target/debug/app");
        let not = look(&[]);
        assert!(
            not.prepare.is_empty() && not.slow_start.is_some() && not.needs.contains_key(&BackingService::Postgres)
        );
        assert_eq!(not.programs[0].command, "cargo build && exec target/debug/app");
    }

    #[test]
    fn the_program_of_a_package_may_have_a_name_of_its_own() {
        let manifest = "[package]\nname = 'app'\n[[bin]]\nname = 'one'\npath = 'src/main.rs'\n[dependencies]\nredis = '1'\naxum = '1'\n";
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let facts = detect(&Tree::of([file("Cargo.toml", manifest), file("src/main.rs", "")]));
        assert_eq!(facts.programs[0].command, "target/debug/one");
        assert!(
            facts.needs.contains_key(&BackingService::Redis) && !facts.needs.contains_key(&BackingService::Postgres)
        );
    }
}
