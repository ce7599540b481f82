//! JavaScript: migrations and seeds by Prisma, Drizzle, Knex, `TypeORM`, Sequelize, `MikroORM` or a script.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{BackingService, Example, Facts, Step};
use super::node_packages::{Package, packages};
use super::seed_needs;
use super::tree::{Tree, base_name, extension_of, join, parent};

/// Packages that speak to PostgreSQL.
const CLIENTS: [&str; 8] = [
    "pg",
    "postgres",
    "pg-promise",
    "@neondatabase/serverless",
    "@vercel/postgres",
    "slonik",
    "@prisma/adapter-pg",
    "postgraphile",
];

/// Scripts that bring a schema up to date.
const MIGRATE: [&str; 14] = [
    "db:migrate:deploy",
    "migrate:deploy",
    "db:deploy",
    "db:migrate",
    "migrate",
    "migrate:latest",
    "migrate:up",
    "migration:run",
    "migrations:run",
    "migration:up",
    "typeorm:migration:run",
    "db:migration:run",
    "db:push",
    "migrate:run",
];
const SEED: [&str; 5] = ["db:seed", "seed", "seed:run", "seeds", "db:seed:all"];

/// Tools, and where they keep migrations unless told otherwise.
const TOOLS: [(&str, &str, &str); 7] = [
    ("drizzle-kit", "Drizzle", "drizzle-kit migrate"),
    ("knex", "Knex", "knex migrate:latest"),
    ("sequelize-cli", "Sequelize", "sequelize-cli db:migrate"),
    ("typeorm", "TypeORM", ""),
    ("@mikro-orm/cli", "MikroORM", "mikro-orm migration:up"),
    ("node-pg-migrate", "node-pg-migrate", "node-pg-migrate up"),
    ("kysely-ctl", "Kysely", "kysely migrate:latest"),
];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for package in packages(tree) {
        for client in CLIENTS.iter().filter(|client| package.depends_on(client)) {
            facts.need(BackingService::Postgres, format!("{}: dependencies.{client}", package.manifest()));
        }
        let schema = schema(tree, &package);
        if let Some(schema) = &schema {
            prisma(tree, &package, schema, &mut facts);
        } else {
            other(tree, &package, &mut facts);
        }
    }
    facts
}

/// The file or directory of Prisma's schema.
fn schema(tree: &Tree, package: &Package) -> Option<String> {
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

fn prisma(tree: &Tree, package: &Package, schema: &str, facts: &mut Facts) {
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
                facts.extensions.extend(super::sql::extensions_of_prisma(&list[1]));
            }
        }
        "sqlite" => {}
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
        format!(" --schema {}", super::tree::relative(&package.directory, schema))
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

/// Files that look like what a seed is made of.
fn seed_inputs(tree: &Tree, package: &Package, home: &str) -> Vec<String> {
    let mut found: Vec<String> = tree
        .under(&package.directory)
        .filter(|path| base_name(path).starts_with("seed") && !path.contains("node_modules"))
        .map(str::to_owned)
        .collect();
    for directory in [
        join(home, "seeds"),
        join(home, "seed"),
        join(&package.directory, "seeds"),
        join(&package.directory, "db/seeds"),
        join(&package.directory, "src/db/seeds"),
    ] {
        if tree.has_directory(&directory) {
            found.retain(|path| !path.starts_with(&format!("{directory}/")));
            found.push(format!("{directory}/**"));
        }
    }
    found.dedup();
    found.truncate(8);
    if found.is_empty() { vec![package.manifest()] } else { found }
}

fn seed_script(tree: &Tree, package: &Package, facts: &mut Facts) {
    let Some(script) = SEED.iter().find(|script| package.script(script).is_some()) else { return };
    let mut step = Step::new(
        "seed",
        &package.directory,
        package.manager.script(script, ""),
        format!("{}: scripts.{script}", package.manifest()),
    );
    step.inputs = seed_inputs(tree, package, &package.directory);
    step.left_out = seed_needs::foreign(tree, package, package.script(script).unwrap_or_default());
    facts.seeds.push(step);
}

fn other(tree: &Tree, package: &Package, facts: &mut Facts) {
    let tool = TOOLS.iter().find(|(name, ..)| package.depends_on(name));
    let script = MIGRATE.iter().find(|script| package.script(script).is_some());
    if let Some((dependency, name, _)) = tool {
        facts.see(*name, format!("{}: dependencies.{dependency}", package.manifest()));
    }
    let directories = migration_directories(tree, package);
    if tool.is_none() && directories.is_empty() {
        return;
    }
    if let Some(("drizzle-kit", ..)) = tool
        && let Some(dialect) = drizzle_dialect(tree, package)
        && dialect == "postgresql"
    {
        facts.need(BackingService::Postgres, format!("{}: dialect", join(&package.directory, "drizzle.config.ts")));
    }
    let call = |command: &str| package.manager.program_call(command);
    let mut step = match (script, tool) {
        (Some(script), _) => {
            let evidence = format!("{}: scripts.{script}", package.manifest());
            let text = package.script(script).unwrap_or_default();
            let arguments = if text.trim() == "node-pg-migrate" { "up" } else { "" };
            Step::new("migrate", &package.directory, package.manager.script(script, arguments), evidence)
        }
        (None, Some(("drizzle-kit", ..))) if drizzle_config(tree, package).is_none() => {
            facts.unknown.push(format!(
                "how the schema is made: {} names drizzle-kit, but there is no drizzle.config.ts; give a step in \
                 [database.template]",
                package.manifest()
            ));
            return;
        }
        (None, Some(("drizzle-kit", ..))) if directories.is_empty() => Step::new(
            "schema",
            &package.directory,
            call("drizzle-kit push --force"),
            format!("{}: dependencies.drizzle-kit", package.manifest()),
        ),
        (None, Some((_, _, command))) if !command.is_empty() && !directories.is_empty() => {
            Step::new("migrate", &package.directory, call(command), directories[0].clone())
        }
        (None, Some((_, name, _))) => {
            if !directories.is_empty() {
                facts.unknown.push(format!(
                    "how migrations are run: {name} is used, but {} has no script for them",
                    package.manifest()
                ));
            }
            return;
        }
        (None, None) => return,
    };
    step.inputs = directories.iter().map(|directory| format!("{directory}/**")).collect();
    step.incremental = !step.inputs.is_empty();
    if step.inputs.is_empty() {
        step.inputs = vec![package.manifest()];
    }
    facts.migrations.push(step);
    seed_script(tree, package, facts);
}

fn drizzle_config<'t>(tree: &'t Tree, package: &Package) -> Option<&'t str> {
    ["drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs"]
        .iter()
        .find_map(|name| tree.text(&join(&package.directory, name)))
}

fn drizzle_dialect(tree: &Tree, package: &Package) -> Option<&'static str> {
    let config = drizzle_config(tree, package)?;
    ["postgresql", "mysql", "sqlite", "turso"].into_iter().find(|dialect| config.contains(dialect))
}

/// Directories that hold migrations.
fn migration_directories(tree: &Tree, package: &Package) -> Vec<String> {
    let mut found: Vec<String> = tree
        .under(&package.directory)
        .filter(|path| ["ts", "js", "mjs", "cjs", "sql"].contains(&super::tree::extension_of(path)))
        .map(parent)
        .filter(|directory| ["migrations", "migration", "drizzle"].contains(&base_name(directory)))
        .map(str::to_owned)
        .collect();
    found.dedup();
    found
}
