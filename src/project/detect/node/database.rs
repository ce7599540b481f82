//! JavaScript: migrations and seeds by Prisma, Drizzle, Knex, `TypeORM`, Sequelize, `MikroORM` or a script.

use super::packages::{Package, packages};
use super::prisma::{prisma, schema};
use super::seeds::seed_script;
use crate::project::detect::facts::{BackingService, Facts, Step};
use crate::project::detect::tree::{Tree, base_name, extension_of, join, parent};

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

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
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
        .filter(|path| ["ts", "js", "mjs", "cjs", "sql"].contains(&extension_of(path)))
        .map(parent)
        .filter(|directory| ["migrations", "migration", "drizzle"].contains(&base_name(directory)))
        .map(str::to_owned)
        .collect();
    found.dedup();
    found
}
