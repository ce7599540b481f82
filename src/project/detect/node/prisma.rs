//! Prisma: its schema, migrations and seed.

use std::sync::LazyLock;

use regex::Regex;

use super::packages::Package;
use super::seed_needs;
use super::seeds::{seed_inputs, seed_script};
use crate::project::detect::extensions;
use crate::project::detect::facts::{BackingService, Example, Facts, Step};
use crate::project::detect::tree::{Tree, extension_of, join, parent, relative};

/// The file or directory of Prisma's schema.
pub(in crate::project::detect) fn schema(tree: &Tree, package: &Package) -> Option<String> {
    if !package.depends_on("prisma") && !package.depends_on("@prisma/client") {
        return None;
    }
    let directory = &package.directory;
    let named = package.json.get("prisma").and_then(|prisma| prisma.get("schema")?.as_str());
    let config = tree.text(&join(directory, "prisma.config.ts"));
    let configured = config.and_then(|text| SCHEMA.captures(text)).map(|found| found[1].to_owned());
    let candidates = named.map(str::to_owned).into_iter().chain(configured).chain(
        ["prisma/schema.prisma", "schema.prisma", "src/prisma/schema.prisma", "prisma/schema"].map(str::to_owned),
    );
    candidates
        .map(|path| join(directory, path.trim_start_matches("./")))
        .find(|path| tree.has(path) || tree.under(path).any(|path| extension_of(path) == "prisma"))
}

static SCHEMA: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"schema:\s*(?:path\.join\()?["']([\w./-]+)["']"#).expect("the pattern is right"));
static PROVIDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"datasource\s+\w+\s*\{[^}]*?provider\s*=\s*"(\w+)""#).expect("the pattern is right"));
static DATABASE_VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b(?:url|directUrl)\s*[=:]\s*(?:env\(["']|process\.env\.|process\.env\[["'])(\w+)"#)
        .expect("the pattern is right")
});
static EXTENSIONS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\bextensions\s*=\s*\[([^\]]*)\]").expect("the pattern is right"));

/// What a schema of Prisma asks for: the server, extensions, migrations, a seed.
pub(in crate::project::detect) fn prisma(tree: &Tree, package: &Package, schema: &str, facts: &mut Facts) {
    let files: Vec<&str> = if tree.has(schema) {
        vec![schema]
    } else {
        tree.under(schema).filter(|path| extension_of(path) == "prisma").collect()
    };
    let text: String = files.iter().filter_map(|file| tree.text(file)).collect();
    let config = join(&package.directory, "prisma.config.ts");
    let texts = format!("{text}\n{}", tree.text(&config).unwrap_or_default());
    let provider = PROVIDER.captures(&text).map(|found| found[1].to_owned()).unwrap_or_default();
    facts.see(format!("Prisma with {provider}"), format!("{schema}: datasource"));
    match provider.as_str() {
        "postgresql" | "postgres" => {
            facts.need(BackingService::Postgres, format!("{schema}: datasource"));
            facts
                .creates_databases
                .get_or_insert_with(|| format!("{schema}: `prisma migrate dev` makes a shadow database"));
            for found in DATABASE_VARIABLE.captures_iter(&texts) {
                facts.variables.push(Example {
                    name: found[1].to_owned(),
                    value: Some("postgresql://localhost/app".to_owned()),
                    evidence: format!("{schema}: datasource"),
                });
            }
            for list in EXTENSIONS.captures_iter(&text) {
                facts.extensions.extend(extensions_of(&list[1]));
            }
        }
        "sqlite" => {}
        "mysql" | "mongodb" => {
            let (service, address) = if provider == "mysql" {
                (BackingService::Mysql, "mysql://localhost/app")
            } else {
                facts.unknown.push(format!(
                    "{schema}: Prisma asks MongoDB for a replica set, which the store is not: give the address of one in [env]"
                ));
                (BackingService::Mongodb, "mongodb://localhost/app")
            };
            facts.need(service, format!("{schema}: datasource"));
            facts.variables.extend(DATABASE_VARIABLE.captures_iter(&texts).map(|found| Example {
                name: found[1].to_owned(),
                value: Some(address.to_owned()),
                evidence: format!("{schema}: datasource"),
            }));
        }
        other => facts.other_database = Some(format!("{schema}: datasource ({other})")),
    }
    let home = parent(files.first().copied().unwrap_or(schema));
    let home = if tree.has(schema) { home } else { parent(schema) };
    let migrations = join(home, "migrations");
    let inputs: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
    let call = |command: &str| package.manager.program_call(command);
    let option = if [join(&package.directory, "prisma/schema.prisma"), join(&package.directory, "schema.prisma")]
        .contains(&schema.to_owned())
        || tree.has(&config)
        || package.json.get("prisma").is_some()
    {
        String::new()
    } else {
        format!(" --schema {}", relative(&package.directory, schema))
    };
    let mut generate =
        Step::new("prisma-generate", &package.directory, call(&format!("prisma generate{option}")), schema);
    generate.inputs.clone_from(&inputs);
    generate.outputs = vec!["node_modules".to_owned()];
    if !package.directory.is_empty() && !tree.has("package.json") {
        generate.outputs = vec![join(&package.directory, "node_modules")];
    }
    facts.prepare.push(generate);
    let has_migrations = tree.under(&migrations).any(|path| extension_of(path) == "sql");
    let mut step = if has_migrations {
        let mut step = Step::new(
            "migrate",
            &package.directory,
            call(&format!("prisma migrate deploy{option}")),
            migrations.clone(),
        );
        step.inputs = vec![format!("{migrations}/**")];
        step.incremental = true;
        step
    } else {
        facts.assumed.push(format!("{schema} has no migrations: the schema is pushed as it is"));
        Step::new("schema", &package.directory, call(&format!("prisma db push{option} --accept-data-loss")), schema)
    };
    if !has_migrations {
        step.inputs = inputs;
    }
    facts.migrations.push(step);
    let seed = package.json.get("prisma").and_then(|prisma| prisma.get("seed")?.as_str()).map(str::to_owned);
    let seeded = seed.is_some() || tree.text(&config).is_some_and(|text| text.contains("seed:"));
    if seeded {
        let mut step = Step::new(
            "seed",
            &package.directory,
            call("prisma db seed"),
            format!("{}: prisma.seed", package.manifest()),
        );
        step.inputs = seed_inputs(tree, package, home);
        let text = seed.or_else(|| tree.text(&config).map(str::to_owned)).unwrap_or_default();
        step.left_out = seed_needs::foreign(tree, package, &text);
        facts.seeds.push(step);
    } else {
        seed_script(tree, package, facts);
    }
}

/// The extensions of Prisma's `extensions = [uuidOssp(map: "uuid-ossp"), vector]`.
fn extensions_of(list: &str) -> Vec<String> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let name = |entry: &str| match entry.split_once("map:") {
        Some((_, rest)) => rest.split('"').nth(1).unwrap_or_default().to_owned(),
        None => {
            entry.chars().take_while(|character| character.is_alphanumeric() || "_-".contains(*character)).collect()
        }
    };
    entries.map(name).filter(|name| extensions::is_known(name)).collect()
}
