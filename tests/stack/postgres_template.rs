//! Templates: built when something changed, from as far on as possible, with what an application expects.

use std::fs;

use harness::postgres::{DatabaseCredentials, TemplatePlan, template};
use harness::project::StepAction;
use harness::report::{Events, Failure};

use crate::support::{TestPostgres, TestTemplate, block_on, try_sql};

const MIGRATE: &str = "echo migrate >> log; for file in m/*.sql; do \
    psql -qAtc \"INSERT INTO done VALUES ('$file') ON CONFLICT DO NOTHING RETURNING 1\" | grep -q 1 && psql -qf $file; done; true";

/// A project with a migration tool of a few lines, and a seed behind it.
fn migrated(postgres: &TestPostgres) -> TestTemplate {
    let mut project = TestTemplate::new(postgres, "00000000aaaa");
    project.write("init.sql", "CREATE TABLE done (file text PRIMARY KEY)");
    project.write("m/001.sql", "CREATE TABLE message (id serial PRIMARY KEY, body text)");
    project.write("seed.sql", "INSERT INTO message (body) VALUES ('seed')");
    project.sql_step("init", "init.sql");
    let migrate = project.run_step("migrate", MIGRATE);
    (migrate.inputs, migrate.incremental) = (vec!["m/**".into()], true);
    project.sql_step("seed", "seed.sql");
    project
}

fn log(project: &TestTemplate) -> usize {
    fs::read_to_string(project.path().join("log")).unwrap().lines().count()
}

#[test]
fn nothing_changed_builds_nothing() {
    let postgres = TestPostgres::start();
    let project = migrated(&postgres);
    let first = project.ensure();
    let again = project.ensure();
    assert_eq!((first.built, again.built), (true, false));
    assert_eq!((&first.name, log(&project)), (&again.name, 1));
}

#[test]
fn an_appended_migration_runs_on_the_kept_state_and_the_seed_afresh() {
    let postgres = TestPostgres::start();
    let project = migrated(&postgres);
    project.ensure();
    // the kept state would run 001 again if it were lost, and fail
    project.write("m/002.sql", "ALTER TABLE message ADD COLUMN author text DEFAULT 'nobody'");
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT body, author FROM message").unwrap(), ["seed", "nobody"]);
    assert_eq!(try_sql(&login, "SELECT count(*) FROM done").unwrap(), ["2"]);
    // all of it is the agent's
    try_sql(&login, "DROP TABLE message, done").unwrap();

    // only the seed changed: the migrations do not run again
    assert_eq!(log(&project), 2);
    project.write("seed.sql", "INSERT INTO message (body) VALUES ('other')");
    assert_eq!(try_sql(&project.launch(2), "SELECT body FROM message").unwrap(), ["other"]);
    assert_eq!(log(&project), 2);
}

#[test]
fn edited_history_is_built_from_nothing() {
    let postgres = TestPostgres::start();
    let project = migrated(&postgres);
    project.ensure();
    project.write("m/001.sql", "CREATE TABLE message (id serial PRIMARY KEY, body text, edited boolean)");
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT edited IS NULL FROM message").unwrap(), ["t"]);
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn three_templates_are_kept_and_never_fewer_than_are_in_use() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let other = TestTemplate { project: "other".into(), ..TestTemplate::small(&postgres) };
    let stays = other.ensure().name;
    let build = async || template::ensure(&project.server, &project.plan(), &Events::silent()).await.unwrap();
    block_on(async {
        // in use for as long as the runtime lives that holds its connection
        let in_use = build().await;
        let mut expected = vec![stays, in_use.name.clone()];
        for number in 1..=4 {
            project.write("schema.sql", &format!("CREATE TABLE t{number} ()"));
            expected.push(build().await.name);
        }
        expected.remove(2);
        let left = std::thread::scope(|scope| scope.spawn(|| postgres.databases()).join().unwrap());
        assert_eq!(sorted(left), sorted(expected));
    });
    project.write("schema.sql", "CREATE TABLE t5 ()");
    project.ensure();
    assert_eq!(postgres.databases().len(), 4);
    // and the roles went with them
    assert_eq!(postgres.roles().len(), 4, "{:?}", postgres.roles());
}

#[test]
fn steps_are_told_where_the_database_is() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    let url = TemplatePlan::placeholders(&project.server).url();
    project.environment =
        vec![("APP_DATABASE".into(), format!("{url}?sslmode=disable")), ("COLOUR".into(), "red".into())];
    project.write("sub/here", "");
    let step = project.run_step("look", "test -e here && psql \"$APP_DATABASE\" -qc \"CREATE TABLE $COLOUR AS SELECT '$PGDATABASE' AS database, current_user AS role, '$PGUSER' AS pguser\" && psql \"$DATABASE_URL\" -c 'TABLE red'");
    step.working_dir = Some("sub".into());
    let login = project.launch(1);
    let seen = try_sql(&login, "SELECT database, role, pguser FROM red").unwrap();
    assert!(seen[0].starts_with("tpl_") && seen[0].ends_with("_building"));
    assert_eq!(seen[1], seen[2]);
    // the password is not in the environment's digest: another launch finds the template
    assert!(!project.ensure().built);
}

#[test]
fn what_an_application_sets_up_reaches_the_clone() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    project.settings.extensions = vec!["citext".into(), "pg_stat_statements".into()];
    project.settings.roles = vec!["app_reader".into()];
    project.write(
        "schema.sql",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = app, \"My Schema\", public', current_database()); END $$;
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Europe/Berlin''', current_database()); END $$;
         ALTER ROLE CURRENT_USER SET work_mem = '5MB';
         CREATE EXTENSION IF NOT EXISTS citext;
         COMMENT ON EXTENSION citext IS 'as dumps do';
         CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('glad');
         CREATE TABLE app.person (name citext, mood app.mood);
         CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
         CREATE MATERIALIZED VIEW app.names AS SELECT name FROM app.person;
         ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO app_reader;
         ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
         GRANT USAGE ON SCHEMA app TO app_reader;
         CREATE POLICY mine ON app.person TO CURRENT_USER USING (true);
         CREATE PUBLICATION changes FOR TABLE app.person;
         COPY app.person FROM stdin;\nAnna\tglad\n\\.\n",
    );
    project.sql_step("schema", "schema.sql");
    let login = project.launch(1);
    let ask = |sql: &str| try_sql(&login, sql).unwrap();
    assert_eq!(ask("SHOW search_path"), ["app, \"My Schema\", public"]);
    assert_eq!(ask("SHOW timezone"), ["Europe/Berlin"]);
    assert_eq!(ask("SHOW work_mem"), ["5MB"]);
    assert_eq!(ask("SELECT mood FROM person WHERE name = 'ANNA'"), ["glad"]);
    assert_eq!(ask("SELECT polroles[1]::regrole FROM pg_policy"), ["agent_1"]);
    assert_eq!(
        ask("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'app'::regnamespace"),
        ["agent_1"]
    );
    ask("ALTER TYPE mood ADD VALUE 'sad'");
    ask(
        "REFRESH MATERIALIZED VIEW names; DROP FUNCTION one(); DROP PUBLICATION changes; DROP EXTENSION citext CASCADE",
    );
    // default privileges now say what the agent's new objects get
    ask("CREATE TABLE app.later (); CREATE FUNCTION app.two() RETURNS int LANGUAGE sql AS 'SELECT 2'");
    assert_eq!(ask("SELECT has_table_privilege('app_reader', 'app.later', 'SELECT')"), ["t"]);
    assert_eq!(ask("SELECT has_function_privilege('app_reader', 'app.two()', 'EXECUTE')"), ["f"]);
    assert_eq!(ask("SET ROLE app_reader; SELECT current_user"), ["app_reader"]);
    // nothing in the clone hangs on the template's role any more
    let dependents = postgres.sql(
        "SELECT count(*) FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN pg_database d ON d.oid = s.dbid \
         WHERE r.rolname LIKE 'tpl\\_%' AND d.datname = 'agent_1'",
    );
    assert_eq!(dependents, ["0"]);
    // the planner knows the seeded rows
    let other = project.launch(2);
    assert_eq!(try_sql(&other, "SELECT reltuples FROM pg_class WHERE relname = 'person'").unwrap(), ["1"]);
}

#[test]
fn an_extension_that_the_server_lacks_is_named() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.settings.extensions = vec!["no_such_thing".into()];
    let error = Failure::from(project.try_ensure().unwrap_err()).document();
    assert_eq!(error.code, "postgres.extension_missing");
    assert!(error.message.contains("`no_such_thing`"));
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));
}

#[test]
fn inputs_that_change_under_the_build_are_built_again() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    project.write("input.sql", "CREATE TABLE old ()");
    // somebody edits the file while the first build runs
    project.run_step("edit", "echo run >> runs; psql -qf input.sql; echo 'CREATE TABLE new ()' > input.sql").inputs =
        vec!["input.sql".into()];
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT relname FROM pg_class WHERE relname IN ('old', 'new')").unwrap(), ["new"]);
    assert_eq!(fs::read_to_string(project.path().join("runs")).unwrap(), "run\nrun\n");

    project.settings.steps[0].action = StepAction::Run("date +%N >> input.sql".into());
    let error = Failure::from(project.try_ensure().unwrap_err()).document();
    assert_eq!((error.code.as_str(), error.details), ("template.inputs_changing", vec!["input.sql".to_owned()]));
    assert_eq!(postgres.databases().len(), 2);
}

#[test]
fn no_password_reaches_the_servers_statistics_or_log() {
    let postgres = TestPostgres::start_with(&["log_statement=all"]);
    let project = TestTemplate::small(&postgres);
    let login = project.launch(1);
    let password = login.password.expose();
    let statements = postgres.sql("SELECT query FROM pg_stat_statements WHERE query LIKE '%PASSWORD%'");
    assert!(!statements.is_empty(), "utility statements are recorded");
    assert!(statements.iter().all(|statement| !statement.contains(password)));
    assert!(postgres.log().contains("SCRAM-SHA-256$") && !postgres.log().contains(password));
}

#[test]
fn an_admin_who_is_no_superuser_is_enough_on_an_external_server() {
    let postgres = TestPostgres::start();
    postgres.sql("CREATE ROLE manager LOGIN CREATEDB CREATEROLE PASSWORD 'manager'");
    postgres.sql("CREATE DATABASE managed OWNER manager");
    let mut project = migrated(&postgres);
    project.settings.extensions = vec!["citext".into()];
    project.settings.roles = vec!["app_reader".into()];
    project.settings.create = true;
    project.server = harness::postgres::Server {
        database: "managed".into(),
        access: harness::postgres::Access::EXTERNAL,
        ..harness::postgres::Server::local(project.server.port, "manager", harness::system::Secret::new("manager"))
    };
    let before = postgres.sql("SELECT datacl::text FROM pg_database WHERE datname IN ('postgres', 'template1')");
    let login = project.launch(1);
    project.write("m/002.sql", "CREATE TABLE second ()");
    let second = project.launch(2);
    assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
    try_sql(&second, "DROP TABLE second").unwrap();
    try_sql(&second, "CREATE DATABASE test_two").unwrap();
    let error = try_sql(&DatabaseCredentials { database: "agent_1".into(), ..second }, "SELECT 1").unwrap_err();
    assert!(error.contains("permission denied for database"), "{error}");
    let agent = crate::support::agent;
    let (server, home) = (&project.server, &project.home);
    block_on(harness::postgres::snapshot::create(server, home, agent(1), "s")).unwrap();
    block_on(harness::postgres::snapshot::restore(server, home, agent(1), "s")).unwrap();
    project.teardown(1);
    assert_eq!(project.teardown(2).databases.len(), 2);
    assert_eq!(before, postgres.sql("SELECT datacl::text FROM pg_database WHERE datname IN ('postgres', 'template1')"));
}

#[test]
fn steps_are_a_matter_of_taste() {
    // none at all is a template, too
    let postgres = TestPostgres::start();
    let project = TestTemplate::new(&postgres, "00000000aaaa");
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "CREATE TABLE t (); SELECT current_database()").unwrap(), ["agent_1"]);
}
