//! SQL files: extensions that they ask for, and migrations by goose, golang-migrate, sqlx and Diesel.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{BackingService, Facts, Step};
use super::tree::{Tree, base_name, extension_of, parent};

static EXTENSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)create\s+extension\s+(?:if\s+not\s+exists\s+)?\\?["']?([a-z][a-z0-9_-]*)"#)
        .expect("the pattern is right")
});

/// Extensions that every PostgreSQL has, or that packages bring.
const KNOWN: [&str; 22] = [
    "uuid-ossp",
    "vector",
    "pg_trgm",
    "citext",
    "hstore",
    "pgcrypto",
    "postgis",
    "unaccent",
    "btree_gin",
    "btree_gist",
    "ltree",
    "intarray",
    "fuzzystrmatch",
    "tablefunc",
    "earthdistance",
    "cube",
    "pg_stat_statements",
    "postgis_topology",
    "pgroonga",
    "timescaledb",
    "isn",
    "dblink",
];

/// The extensions of Prisma's `extensions = [uuidOssp(map: "uuid-ossp"), vector]`.
pub(super) fn extensions_of_prisma(list: &str) -> Vec<String> {
    let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let name = |entry: &str| match entry.split_once("map:") {
        Some((_, rest)) => rest.split('"').nth(1).unwrap_or_default().to_owned(),
        None => {
            entry.chars().take_while(|character| character.is_alphanumeric() || "_-".contains(*character)).collect()
        }
    };
    entries.map(name).filter(|name| KNOWN.contains(&name.as_str())).collect()
}

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (path, text) in tree.sources("", &["sql", "py", "rb", "ts", "js", "exs", "php"]) {
        let is_schema = path.contains("migrat") || (extension_of(path) == "sql") || path.ends_with("schema.rb");
        if !is_schema || path.split('/').any(|part| ["test", "tests", "docs", "fixtures"].contains(&part)) {
            continue;
        }
        let mut names: Vec<String> = EXTENSION.captures_iter(text).map(|found| found[1].to_lowercase()).collect();
        let enabled = text.lines().filter_map(|line| line.trim().strip_prefix("enable_extension"));
        names.extend(enabled.filter_map(|rest| Some(rest.split(['"', '\'']).nth(1)?.to_owned())));
        for name in names.into_iter().filter(|name| KNOWN.contains(&name.as_str())) {
            if facts.extensions.insert(name.clone()) {
                facts.see(format!("the extension {name}"), path);
            }
        }
    }
    migrations(tree, &mut facts);
    facts
}

fn migrations(tree: &Tree, facts: &mut Facts) {
    let go: String = tree.named("go.mod").iter().filter_map(|path| tree.text(path)).collect();
    let cargo: String = tree.named("Cargo.toml").iter().filter_map(|path| tree.text(path)).collect();
    let folders = |matches: &dyn Fn(&str) -> bool| {
        let mut found: Vec<String> = tree
            .paths()
            .filter(|path| extension_of(path) == "sql" && matches(path))
            .map(|path| parent(path).to_owned())
            .collect();
        found.dedup();
        found
    };
    if tree.has("diesel.toml") || cargo.contains("diesel_migrations") {
        if let Some(folder) =
            folders(&|path| base_name(path) == "up.sql").first().map(|folder| parent(folder).to_owned())
        {
            tool(
                tree,
                facts,
                ("diesel", "Diesel"),
                &folder,
                format!("diesel migration run --migration-dir {folder}"),
                cargo.contains("diesel_migrations"),
            );
        }
        return;
    }
    let up = folders(&|path| path.ends_with(".up.sql"));
    let sources: Vec<(&str, &str)> = tree.sources("", &["go", "rs"]).collect();
    let in_source = |words: &[&str]| sources.iter().any(|(_, text)| words.iter().any(|word| text.contains(word)));
    if let Some(folder) = up.first().filter(|_| !go.is_empty()) {
        let by_itself = in_source(&[
            "migrate.NewWithSourceInstance",
            "migrate.New(",
            "migrate.NewWithDatabaseInstance",
            "migrate.NewWithInstance",
        ]);
        tool(
            tree,
            facts,
            ("migrate", "golang-migrate"),
            folder,
            format!("migrate -path {folder} -database \"${{DATABASE_URL%%\\?*}}?sslmode=disable\" up"),
            by_itself,
        );
        return;
    }
    let migrates = |path: &str, text: &str| {
        path.contains("migrat") && !path.ends_with("_test.go") && text.contains("sql.DB")
            || text.contains(".AutoMigrate(")
    };
    if let Some((path, _)) = tree.sources("", &["go"]).find(|(path, text)| migrates(path, text)) {
        facts.see("migrations in the program", path);
        facts.migrates_itself = true;
    }
    let is_goose = |path: &str| tree.text(path).is_some_and(|text| text.contains("-- +goose"));
    if let Some(folder) = folders(&is_goose).first() {
        tool(
            tree,
            facts,
            ("goose", "goose"),
            folder,
            format!("goose -dir {folder} postgres \"$DATABASE_URL\" up"),
            in_source(&["goose.Up", "goose.NewProvider"]),
        );
        return;
    }
    if cargo.contains("sqlx") {
        let numbered = |path: &str| {
            base_name(path).chars().take_while(char::is_ascii_digit).count() >= 4
                || base_name(parent(path)) == "migrations"
        };
        if let Some(folder) = folders(&numbered).into_iter().find(|folder| base_name(folder) == "migrations") {
            tool(
                tree,
                facts,
                ("sqlx", "sqlx"),
                &folder,
                format!("sqlx migrate run --source {folder}"),
                in_source(&["migrate!("]),
            );
        }
    }
}

/// A step that calls a tool, unless the program migrates by itself when it starts.
fn tool(
    tree: &Tree,
    facts: &mut Facts,
    (program, name): (&'static str, &str),
    folder: &str,
    run: String,
    by_itself: bool,
) {
    facts.see(name, folder);
    facts.need(BackingService::Postgres, folder);
    if by_itself {
        facts.migrates_itself = true;
        facts.assumed.push(format!("the program applies {folder} itself when it starts ({name} is in its source)"));
        return;
    }
    let mut run = run;
    let fetched = match program {
        "goose" => Some("github.com/pressly/goose/v3/cmd/goose@v3.24.1"),
        "migrate" => Some("-tags postgres github.com/golang-migrate/migrate/v4/cmd/migrate@v4.18.1"),
        _ => None,
    };
    if let Some(package) = fetched.filter(|_| !tree.has_program(program) && tree.has_program("go")) {
        facts.assumed.push(format!("`{program}` is not on PATH: go fetches it"));
        run = format!("go run {package}{}", run.trim_start_matches(program));
    } else if !tree.has_program(program) {
        facts.unknown.push(format!("{folder} is for {name}, but `{program}` is not on PATH: install it"));
    }
    let mut step = Step::new("migrate", "", run, folder);
    step.inputs = vec![format!("{folder}/**")];
    step.incremental = true;
    facts.migrations.push(step);
}
