//! Django: the development server, migrations, and the database of the settings.

use super::facts::{Check, Facts, PORT, Probe, Program, Role, Service, Step};
use super::python::{project_of, projects};
use super::tree::{Tree, base_name, extension_of, join, parent};

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let projects = projects(tree);
    for manage in tree.named("manage.py") {
        if !tree.text(manage).is_some_and(|text| text.contains("DJANGO_SETTINGS_MODULE") || text.contains("django")) {
            continue;
        }
        let directory = parent(manage);
        let python = project_of(&projects, manage)
            .map_or_else(|| "python3".to_owned(), |project| project.program(directory, "python"));
        facts.see("Django", manage);
        let run = |command: &str| format!("{python} manage.py {command}");
        let mut program = Program::new(directory, Role::Page, run(&format!("runserver 127.0.0.1:{PORT}")), manage);
        program = program.listening(8000, probe(tree, directory, &mut facts));
        program.environment = vec![("PYTHONUNBUFFERED".to_owned(), "1".to_owned())];
        facts.programs.push(program);

        let mut step = Step::new("migrate", directory, run("migrate --noinput"), manage);
        let migrations: Vec<&str> = tree
            .under(directory)
            .filter(|path| base_name(parent(path)) == "migrations" && extension_of(path) == "py")
            .collect();
        step.inputs = vec![manage.to_owned()];
        if !migrations.is_empty() {
            step.inputs.push(join(directory, "**/migrations/*.py"));
        }
        step.incremental = !migrations.is_empty();
        facts.migrations.push(step);
        settings(tree, directory, &mut facts);
        if !facts.checks.iter().any(|check| check.name == "django") {
            facts.checks.push(Check::new("check", "django", directory, run("check"), manage.to_owned()));
        }
        let has_pytest = project_of(&projects, manage).is_some_and(|project| project.lists("pytest"));
        if !has_pytest
            && tree.under(directory).any(|path| base_name(path).starts_with("test") && extension_of(path) == "py")
        {
            facts.checks.push(Check::new("test", "test", directory, run("test"), manage.to_owned()));
            facts.creates_databases = Some(format!("{manage} test makes a database of its own"));
        }
        break;
    }
    facts
}

/// The page for logging into the administration asks nobody who comes.
fn probe(tree: &Tree, directory: &str, facts: &mut Facts) -> Probe {
    for path in tree.under(directory).filter(|path| base_name(path) == "urls.py") {
        let text = tree.text(path).unwrap_or_default();
        let is_root = text.contains("admin.site.urls");
        if let Some(at) = text.find("admin.site.urls").filter(|_| is_root) {
            let line = text[..at].rsplit('\n').next().unwrap_or_default();
            let quoted =
                line.split(['"', '\'']).nth(1).map(|part| part.trim_start_matches('^').trim_start_matches('/'));
            if let Some(prefix) =
                quoted.filter(|prefix| prefix.ends_with('/') && !prefix.contains(['<', '(', '$', '{']))
            {
                facts.see(format!("a page at /{prefix}login/"), path);
                return Probe::Http(format!("/{prefix}login/"));
            }
        }
    }
    Probe::Tcp
}

fn settings(tree: &Tree, directory: &str, facts: &mut Facts) {
    let is_settings = |path: &&str| {
        let name = base_name(path);
        (extension_of(name) == "py")
            && (name.contains("settings") || parent(path).ends_with("settings") || parent(path).ends_with("config"))
    };
    let mut postgres = None;
    let mut sqlite = None;
    let mut reads_variables = false;
    for path in tree.under(directory).filter(is_settings) {
        let text = tree.text(path).unwrap_or_default();
        let Some(at) = text.find("DATABASES") else { continue };
        let rest: String = text[at..].chars().take(1200).collect();
        let table = rest.split("\n\n").next().unwrap_or(&rest);
        let by_url = ["dj_database_url", "env.db", "DATABASE_URL"].iter().any(|way| text.contains(way));
        if rest.contains("postgresql")
            || rest.contains("postgis")
            || by_url && facts.needs.contains_key(&Service::Postgres)
        {
            postgres = Some(path.to_owned());
            reads_variables |=
                by_url || ["environ", "getenv", "env(", "env.str", "config("].iter().any(|way| table.contains(way));
            if rest.contains("postgis") {
                facts.extensions.insert("postgis".to_owned());
            }
        } else if by_url {
            reads_variables = true;
        } else if rest.contains("sqlite3") {
            sqlite.get_or_insert_with(|| path.to_owned());
        }
    }
    if let Some(path) = postgres {
        facts.see("Django on PostgreSQL", format!("{path}: DATABASES"));
        facts.need(Service::Postgres, format!("{path}: DATABASES"));
        facts.creates_databases = Some(format!("{path}: Django's tests make a database of their own"));
        if !reads_variables {
            facts.unknown.push(format!(
                "{path}: DATABASES is written out; read it from the environment (DATABASE_URL or PGHOST, PGPORT, PGUSER, \
                 PGPASSWORD, PGDATABASE), so that each agent has its own database"
            ));
        }
    } else if let Some(path) = sqlite {
        facts.see("Django on SQLite", format!("{path}: DATABASES"));
        facts.only_sqlite = !reads_variables;
    }
}
