//! Django: the development server, migrations, and the database of the settings.

use std::sync::LazyLock;

use regex::Regex;

use super::projects::{PythonProject, project_of, projects};
use crate::project::detect::facts::{BackingService, Check, Facts, PORT, Probe, Program, Role, Step};
use crate::project::detect::tree::{Tree, base_name, extension_of, join, parent};

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
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
        if let Some(folder) = sqlite_folder(tree, directory) {
            step.run = format!("mkdir -p {folder} && {}", step.run);
        }
        let migrations: Vec<&str> = tree
            .under(directory)
            .filter(|path| base_name(parent(path)) == "migrations" && extension_of(path) == "py")
            .collect();
        // one glob, which matches a file today and the first migration when there is one
        step.inputs = vec![format!("{{{manage},{}}}", join(directory, "**/migrations/*.py"))];
        step.incremental = !migrations.is_empty();
        facts.migrations.push(step);
        let has_client = project_of(&projects, manage).is_some_and(PythonProject::lists_client);
        settings(tree, directory, has_client, &mut facts);
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

/// `"NAME": os.path.join(BASE_DIR, "data", "db.sqlite3")`, `BASE_DIR / "data/db.sqlite3"`
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"BASE_DIR\)?\s*[,/]\s*["']([\w-]+)(?:["']\s*[,/]\s*["']|/)[\w.-]+\.(?:sqlite3?|db)["']"#)
        .expect("the pattern is right")
});

/// The folder of a database in a file, where git does not bring it along.
fn sqlite_folder(tree: &Tree, directory: &str) -> Option<String> {
    let found = tree.under(directory).filter(is_settings).find_map(|path| FILE.captures(tree.text(path)?));
    found.map(|found| found[1].to_owned()).filter(|folder| !tree.has_directory(&join(directory, folder)))
}

fn is_settings(path: &&str) -> bool {
    let name = base_name(path);
    extension_of(name) == "py"
        && (name.contains("settings") || parent(path).ends_with("settings") || parent(path).ends_with("config"))
}

/// `"ENGINE": env.str("DB_ENGINE")`
static ENGINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"["']ENGINE["']\s*:\s*[\w.]+[(\[]\s*["']([A-Z][A-Z0-9_]*)["']"#).expect("the pattern is right")
});

/// `DEBUG = env.bool("DEBUG", default=False)`
static DEBUG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^DEBUG\s*=[^\n#]*?[(\[]\s*["']([A-Z][A-Z0-9_]*)["'][^\n]*"#).expect("the pattern is right")
});

/// Without it a development server wants a list of hosts and serves no static files.
fn debug(path: &str, text: &str, facts: &mut Facts) {
    let Some(found) = DEBUG.captures(text).filter(|_| !path.contains("prod")) else { return };
    let line = &found[0];
    let value = match line {
        _ if line.contains("int(") || line.contains("\"1\"") || line.contains("'1'") => "1",
        _ if line.contains("true") => "true",
        _ => "True",
    };
    facts.settle(&found[1], value, format!("{path}: DEBUG"));
}

/// `if os.getenv("DB") == "postgres":`
static CHOICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\bif\s+[\w.]*(?:getenv|get|env|config)\w*\(\s*["']([A-Z][A-Z0-9_]*)["'][^)\n]*\)\s*==\s*["'](postgres\w*|pgsql)["']"#)
        .expect("the pattern is right")
});

fn settings(tree: &Tree, directory: &str, has_client: bool, facts: &mut Facts) {
    let mut postgres = None;
    let mut sqlite = None;
    let mut reads_variables = false;
    for path in tree.under(directory).filter(is_settings) {
        let text = tree.text(path).unwrap_or_default();
        debug(path, text, facts);
        let Some(at) = text.find("DATABASES") else { continue };
        let rest: String = text[at..].chars().take(1200).collect();
        let table = rest.split("\n\n").next().unwrap_or(&rest);
        if let Some(found) = ENGINE.captures(&rest).filter(|_| has_client) {
            facts.settle(&found[1], "django.db.backends.postgresql", format!("{path}: ENGINE"));
            postgres = Some(path.to_owned());
            reads_variables = true;
        }
        if let Some(found) = CHOICE.captures(text) {
            facts.settle(&found[1], &found[2], format!("{path} chooses the database by it"));
        }
        let by_url = ["dj_database_url", "env.db", "DATABASE_URL"].iter().any(|way| text.contains(way));
        if rest.contains("postgresql")
            || rest.contains("postgis")
            || by_url && facts.needs.contains_key(&BackingService::Postgres)
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
        facts.need(BackingService::Postgres, format!("{path}: DATABASES"));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn look(settings: &str, packages: &str) -> Facts {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        detect(&Tree::of([
            file("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')"),
            file("requirements.txt", packages),
            file("site/settings.py", settings),
        ]))
    }

    #[test]
    fn the_first_migration_belongs_to_the_inputs_before_there_is_one() {
        let facts = look("DATABASES = {}", "django");
        assert_eq!(facts.migrations[0].inputs, ["{manage.py,**/migrations/*.py}"]);
    }

    #[test]
    fn a_variable_that_chooses_the_database_is_set() {
        let chosen = look(
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\nif os.getenv(\"DB\") == \"postgres\":\n    \
             DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}",
            "psycopg",
        );
        assert_eq!(chosen.settled["DB"].0, "postgres");
        let text = "DATABASES = {'default': {'ENGINE': os.environ.get('SQL_ENGINE', 'django.db.backends.sqlite3')}}";
        let engine = look(text, "psycopg2-binary");
        assert_eq!(engine.settled["SQL_ENGINE"].0, "django.db.backends.postgresql");
        assert!(engine.needs.contains_key(&BackingService::Postgres));
        assert!(look(text, "django").settled.is_empty(), "nothing there speaks to PostgreSQL");
    }

    #[test]
    fn the_development_server_is_told_to_debug() {
        for (line, expected) in [
            ("DEBUG = env.bool('DJANGO_DEBUG', default=False)", "True"),
            ("DEBUG = int(os.environ.get('DJANGO_DEBUG', default=0))", "1"),
            ("DEBUG = os.getenv('DJANGO_DEBUG', '').lower() == 'true'", "true"),
        ] {
            assert_eq!(look(line, "django").settled["DJANGO_DEBUG"].0, expected, "{line}");
        }
        assert!(look("DEBUG = True", "django").settled.is_empty());
    }

    #[test]
    fn the_folder_of_a_database_file_is_made() {
        for name in [
            "os.path.join(BASE_DIR, 'data', 'db.sqlite3')",
            "BASE_DIR / 'data' / 'db.sqlite3'",
            "BASE_DIR / 'data/a.db'",
        ] {
            let facts =
                look(&format!("DATABASES = {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {name}}}"), "django");
            assert!(facts.migrations[0].run.starts_with("mkdir -p data && "), "{name}: {}", facts.migrations[0].run);
        }
        let facts = look("DATABASES = {'ENGINE': 'sqlite3', 'NAME': BASE_DIR / 'db.sqlite3'}", "django");
        assert!(!facts.migrations[0].run.contains("mkdir"));
    }
}
