//! Migrations in files of SQL: by goose, golang-migrate, sqlx and Diesel, or by a command of the program itself.

use super::cargo::{clients, programs as packages};
use super::facts::{BackingService, Facts, Step};
use super::go::programs;
use super::tree::{Tree, base_name, extension_of, is_aside, join, parent};

pub(super) fn detect(tree: &Tree, facts: &mut Facts) {
    if !of_rust(tree, facts) {
        of_go(tree, facts);
    }
}

/// The folders with files of SQL that match; of several for several databases, those for PostgreSQL.
fn folders(tree: &Tree, matches: &dyn Fn(&str) -> bool) -> Vec<String> {
    let files = tree.paths().filter(|path| extension_of(path) == "sql" && !is_aside(path) && matches(path));
    let mut found: Vec<String> = files.map(|path| parent(path).to_owned()).collect();
    found.dedup();
    let names = |folder: &str, words: &[&str]| {
        let folder = folder.to_lowercase();
        folder.split(['/', '-', '_']).any(|part| words.contains(&part))
    };
    found.retain(|folder| !names(folder, &["mysql", "mariadb", "sqlite", "sqlite3", "mssql", "clickhouse"]));
    found.sort_by_key(|folder| !names(folder, &["postgres", "postgresql", "pgsql", "pg"]));
    found
}

fn of_rust(tree: &Tree, facts: &mut Facts) -> bool {
    let manifests: Vec<&str> = tree.named("Cargo.toml").iter().filter_map(|path| tree.text(path)).collect();
    let manifests = manifests.join("\n");
    let uses = |name: &str| manifests.lines().any(|line| line.trim_start().starts_with(name));
    if !clients::speaks_postgres(tree) {
        return uses("sqlx") || uses("diesel");
    }
    let in_source = |words: &[&str]| {
        let mut sources = tree.sources("", &["rs"]).filter(|(path, _)| !is_aside(path));
        sources.any(|(_, text)| words.iter().any(|word| text.contains(word)))
    };
    if uses("diesel") {
        let files = folders(tree, &|path| base_name(path) == "up.sql");
        if let Some(folder) = files.first().map(|folder| parent(folder).to_owned()) {
            let by_itself = in_source(&["embed_migrations!", "run_pending_migrations"]);
            let run = format!("diesel migration run --migration-dir {folder}");
            tool(tree, facts, ("diesel", "Diesel"), &folder, run, by_itself);
        }
        return true;
    }
    if uses("sqlx") {
        let numbered = |path: &str| {
            base_name(path).chars().take_while(char::is_ascii_digit).count() >= 4
                || base_name(parent(path)) == "migrations"
        };
        let found = folders(tree, &numbered).into_iter().find(|folder| base_name(folder) == "migrations");
        if let Some(folder) = found {
            // what is checked when it is compiled wants the schema before the program can run
            let by_itself = in_source(&["migrate!("]) && !packages::compiles_against_database(tree);
            let run = format!("sqlx migrate run --source {folder}");
            tool(tree, facts, ("sqlx", "sqlx"), &folder, run, by_itself);
        }
        return true;
    }
    let sea = tree.named("Cargo.toml").into_iter().find(|path| {
        tree.text(path).is_some_and(|text| text.contains("sea-orm-migration"))
            && tree.has(&join(parent(path), "src/main.rs"))
            && !parent(path).is_empty()
    });
    if let Some(manifest) = sea {
        facts.see("SeaORM", manifest);
        let mut step =
            Step::new("migrate", "", format!("cargo run --quiet --manifest-path {manifest} -- up"), manifest);
        step.inputs = vec![join(parent(manifest), "src/**")];
        step.incremental = true;
        facts.migrations.push(step);
        return true;
    }
    false
}

fn of_go(tree: &Tree, facts: &mut Facts) {
    let manifests = tree.named("go.mod");
    let Some(directory) = manifests.first().map(|path| parent(path)) else { return };
    let text: String = manifests.iter().filter_map(|path| tree.text(path)).collect();
    if !programs::speaks_postgres(&text) || programs::chooses_sqlite(tree, directory) {
        return;
    }
    let is_goose = |path: &str| tree.text(path).is_some_and(|text| text.contains("-- +goose"));
    let up = folders(tree, &|path| path.ends_with(".up.sql"));
    let goose = folders(tree, &is_goose);
    if let Some((command, path)) = programs::own_migrations(tree, directory) {
        facts.see("a command of the program for migrations", path.clone());
        let mut step = Step::new("migrate", directory, command, path.clone());
        step.inputs = up.iter().chain(&goose).map(|folder| format!("{folder}/**")).collect();
        step.incremental = !step.inputs.is_empty();
        if step.inputs.is_empty() {
            step.inputs = vec![path];
        }
        facts.migrations.push(step);
        return;
    }
    let sources: Vec<(&str, &str)> =
        tree.sources("", &["go"]).filter(|(path, _)| !path.ends_with("_test.go")).collect();
    let in_source = |words: &[&str]| sources.iter().any(|(_, text)| words.iter().any(|word| text.contains(word)));
    // others name their files alike
    let is_others = text.contains("uptrace/bun") && !text.contains("golang-migrate");
    if let Some(folder) = up.first().filter(|_| !is_others) {
        let by_itself = in_source(&[
            "migrate.NewWithSourceInstance",
            "migrate.New(",
            "migrate.NewWithDatabaseInstance",
            "migrate.NewWithInstance",
        ]);
        let run = format!("migrate -path {folder} -database \"${{DATABASE_URL%%\\?*}}?sslmode=disable\" up");
        tool(tree, facts, ("migrate", "golang-migrate"), folder, run, by_itself);
        return;
    }
    let migrates =
        |path: &str, text: &str| path.contains("migrat") && text.contains("sql.DB") || text.contains(".AutoMigrate(");
    if let Some((path, _)) = sources.iter().find(|(path, text)| migrates(path, text)) {
        facts.see("migrations in the program", *path);
        facts.migrates_itself = true;
    }
    if let Some(folder) = goose.first() {
        let by_itself = in_source(&["goose.Up", "goose.NewProvider"]);
        let run = format!("goose -dir {folder} postgres \"$DATABASE_URL\" up");
        tool(tree, facts, ("goose", "goose"), folder, run, by_itself);
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
    let by_go = match program {
        "goose" => Some("github.com/pressly/goose/v3/cmd/goose@v3.24.1"),
        "migrate" => Some("-tags postgres github.com/golang-migrate/migrate/v4/cmd/migrate@v4.18.1"),
        _ => None,
    };
    let by_cargo = match program {
        "sqlx" => Some(("sqlx-cli", "--features rustls,postgres")),
        "diesel" => Some(("diesel_cli", "--features postgres")),
        _ => None,
    };
    let is_missing = !tree.has_program(program);
    if let Some(package) = by_go.filter(|_| is_missing && tree.has_program("go")) {
        facts.assumed.push(format!("`{program}` is not on PATH: go fetches it"));
        run = format!("go run {package}{}", run.trim_start_matches(program));
    } else if let Some((package, features)) = by_cargo.filter(|_| is_missing && tree.has_program("cargo")) {
        facts.assumed.push(format!("`{program}` is not on PATH: cargo builds it into .harness/tools, once a tree"));
        let version =
            packages::version_of(tree, program).map_or(String::new(), |version| format!(" --version '{version}'"));
        let install = format!(
            "cargo install --quiet --locked --root .harness/tools {package}{version} --no-default-features {features} && echo '*' \
             > .harness/.gitignore"
        );
        let mut step = Step::new(package, "", install, format!("{folder}: {program} applies it"));
        step.inputs = vec!["Cargo.toml".to_owned()];
        step.outputs = vec![format!(".harness/tools/bin/{program}")];
        facts.prepare.push(step);
        run = format!(".harness/tools/bin/{run}");
    } else if is_missing {
        facts.unknown.push(format!("{folder} is for {name}, but `{program}` is not on PATH: install it"));
    }
    let mut step = Step::new("migrate", "", run, folder);
    step.inputs = vec![format!("{folder}/**")];
    step.incremental = true;
    facts.migrations.push(step);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, &str)]) -> Facts {
        let mut tree = Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        tree.installed.extend(["go", "cargo"].map(str::to_owned));
        let mut facts = Facts::default();
        detect(&tree, &mut facts);
        facts
    }

    #[test]
    fn of_several_folders_the_one_for_postgres_is_taken() {
        let manifest = ("go.mod", "module app\nrequire github.com/lib/pq v1\n");
        let facts = look(&[manifest, ("m/mysql/1.up.sql", ""), ("m/a/1.up.sql", ""), ("m/postgres/1.up.sql", "")]);
        assert_eq!(facts.migrations[0].inputs, ["m/postgres/**"]);
    }

    #[test]
    fn a_command_of_the_program_applies_them() {
        let main = ("main.go", "package main\nfunc main() {}\n");
        let command = ("cmd/migrate.go", "&cobra.Command{\n\tUse: \"migrate\",\n}");
        let facts =
            look(&[("go.mod", "module app\nrequire github.com/lib/pq v1\n"), main, command, ("m/1.up.sql", "")]);
        assert_eq!(facts.migrations[0].run, "./.harness/bin/app migrate");
    }

    #[test]
    fn a_tool_of_cargo_is_built_into_the_tree() {
        let manifest = ("Cargo.toml", "[dependencies]\nsqlx = { version = \"0.8\", features = [\"postgres\"] }\n");
        let facts = look(&[manifest, ("migrations/2020_a.sql", ""), ("tests/a.rs", "sqlx::migrate!()")]);
        assert!(facts.prepare[0].run.contains("sqlx-cli --version '0.8'"), "{}", facts.prepare[0].run);
        assert!(facts.migrations[0].run.starts_with(".harness/tools/bin/sqlx migrate run"));
        let sqlite = ("Cargo.toml", "[dependencies]\ndiesel = { version = \"2\", features = [\"sqlite\"] }\n");
        let facts = look(&[sqlite, ("migrations/a/up.sql", "")]);
        assert!(facts.needs.is_empty() && facts.migrations.is_empty());
    }
}
