//! Rust: the programs of a package, and how they take their port.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{BackingService, Check, Facts, PORT, Probe, Program, Role, Step};
use super::tree::{Tree, join, parent};

const FRAMEWORKS: [&str; 9] = ["axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "hyper", "loco-rs"];

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:var|var_os|env|get)!?\(\s*"((?:[A-Z][A-Z0-9]*_)*PORT)"|env\s*=\s*"((?:[A-Z][A-Z0-9]*_)*PORT)""#)
        .expect("the pattern is right")
});
static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:"(?:0\.0\.0\.0|127\.0\.0\.1|localhost|\[::\]):(\d{2,5})"|\(\[\d+, ?\d+, ?\d+, ?\d+\], ?(\d{2,5})\)|\("(?:0\.0\.0\.0|127\.0\.0\.1|localhost)", ?(\d{2,5})\))"#).expect("the pattern is right")
});
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\.route\(\s*"(/(?:health|healthz|health_check|ping)?)",\s*(?:\w+::)*get\(|#\[get\("(/(?:health|healthz|health_check|ping)?)"\)\]"#).expect("the pattern is right")
});

pub(super) fn detect(tree: &Tree) -> Facts {
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
    let all: String = tree.named("Cargo.toml").iter().filter_map(|path| tree.text(path)).collect();
    let database = all.lines().any(|line| {
        line.contains("postgres")
            && ["sqlx", "diesel", "sea-orm", "tokio-postgres", "deadpool-postgres", "postgres"]
                .iter()
                .any(|name| line.trim_start().starts_with(name))
    });
    if database {
        facts.need(BackingService::Postgres, format!("{root}: postgres"));
    }
    let checks_queries =
        |text: &str| ["query!(", "query_as!(", "query_scalar!("].iter().any(|call| text.contains(call));
    let is_prepared = tree.has("sqlx-data.json") || tree.has_directory(".sqlx");
    if let Some((path, _)) = tree.sources("", &["rs"]).find(|(_, text)| checks_queries(text)).filter(|_| !is_prepared) {
        facts.unknown.push(format!(
            "{path} checks its queries when it is compiled: run `cargo sqlx prepare` once and commit what it writes, so that it \
             is built before there is a database"
        ));
    }
    if let Some((manifest, table, server)) = program(tree, &packages) {
        let name = table
            .get("default-run")
            .or_else(|| table.get("name"))
            .and_then(toml::Value::as_str)
            .unwrap_or("app")
            .to_owned();
        if let Some(framework) = server {
            facts.see(framework, format!("{manifest}: dependencies.{framework}"));
        }
        let several = packages.len() > 1;
        let option = if several {
            format!(" --package {}", table.get("name").and_then(toml::Value::as_str).unwrap_or(&name))
        } else {
            String::new()
        };
        let mut step = Step::new("build", directory, format!("cargo build{locked}{option}"), manifest);
        step.inputs = vec![join(directory, "**/*.rs"), join(directory, "**/Cargo.toml")];
        if lock {
            step.inputs.push(join(directory, "Cargo.lock"));
        }
        step.outputs = vec![join(directory, &format!("target/debug/{name}"))];
        facts.prepare.push(step);
        serve(tree, parent(manifest), directory, &name, server, manifest, &mut facts);
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
    let own = |name: &str| {
        !["DB_", "PG", "POSTGRES", "DATABASE", "REDIS", "SMTP", "MAIL", "FRONTEND", "WEB_"]
            .iter()
            .any(|other| name.contains(other))
    };
    let variable = texts.iter().find_map(|(path, text)| {
        let name = VARIABLE
            .captures_iter(text)
            .filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().to_owned()))
            .find(|name| own(name))?;
        Some((*path, name))
    });
    let fixed = texts.iter().find_map(|(path, text)| {
        let found = FIXED.captures(text)?;
        let digits = found.get(1).or(found.get(2)).or(found.get(3))?;
        Some((*path, digits.as_str().parse::<u16>().ok()?))
    });
    let default = fixed.map_or(8080, |(_, port)| port);
    if framework == Some("rocket") {
        program = program.listening(8000, probe);
        program.environment = vec![("ROCKET_PORT".to_owned(), PORT.to_owned())];
    } else if let Some((path, name)) = variable {
        facts.see(format!("the port is read from {name}"), path);
        program = program.listening(default, probe);
        program.environment = vec![(name, PORT.to_owned())];
    } else if let Some((path, port)) = fixed {
        program = program.listening(port, probe);
        (program.port_is_fixed, program.port_evidence) = (true, Some(path.to_owned()));
    } else {
        facts.assumed.push(format!("{manifest}: the program listens on PORT"));
        program = program.listening(8080, Probe::Tcp);
        program.environment = vec![("PORT".to_owned(), PORT.to_owned())];
    }
    facts.programs.push(program);
}
