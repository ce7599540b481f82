//! Template steps that the server's administrator runs, and agents that replicate.

use harness::postgres::DatabaseCredentials;
use harness::report::Failure;

use crate::support::{LONG, TestHome, TestPostgres, TestTemplate, agent, block_on, try_sql, wait_for};

/// What a role that builds templates may not do.
const ADMIN: &str = "
    SET session_replication_role = replica;
    CREATE SCHEMA app;
    CREATE TABLE app.audit (id serial PRIMARY KEY, tag text, at int GENERATED ALWAYS AS IDENTITY);
    CREATE TYPE app.level AS ENUM ('low');
    CREATE FUNCTION app.whoami() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text';
    CREATE FUNCTION app.log_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$
      BEGIN INSERT INTO app.audit (tag) VALUES (tg_tag); END $$;
    CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION app.log_ddl();
    CREATE EXTENSION pageinspect;
    DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_reader') THEN
      CREATE ROLE app_reader LOGIN PASSWORD 'reader'; END IF; END $$;
    GRANT USAGE ON SCHEMA app TO app_reader; GRANT SELECT ON app.audit TO app_reader;
    CREATE PUBLICATION everything FOR ALL TABLES;";

fn project(postgres: &TestPostgres, sql: &str) -> TestTemplate {
    let mut project = TestTemplate::new(postgres, "00000000aaaa");
    project.write("admin.sql", sql);
    project.write(
        "after.sql",
        "ALTER TABLE app.audit ADD COLUMN by_step text; INSERT INTO app.audit (tag) VALUES ('step');",
    );
    project.sql_step("admin", "admin.sql").admin = true;
    project
}

#[test]
fn what_an_administrators_step_makes_is_the_agents() {
    let postgres = TestPostgres::start();
    let mut project = project(&postgres, ADMIN);
    project.run_step("shell", "psql -qc 'CREATE TABLE app.by_shell AS SELECT current_user AS who'").admin = true;
    // a step without it works on what those have made
    project.sql_step("after", "after.sql");
    project.settings.create = true;
    let three = project.launch(3);
    project.refill(&postgres, 1);
    let four = project.launch(4);
    for login in [&three, &four] {
        assert_eq!(try_sql(login, "SELECT app.whoami()").unwrap(), [login.user.as_str()]);
        assert_eq!(try_sql(login, "SELECT who FROM app.by_shell").unwrap(), ["postgres"]);
        try_sql(login, "ALTER TABLE app.audit ADD COLUMN more int").unwrap();
        try_sql(login, "CREATE TABLE mine (level app.level); DROP TABLE app.by_shell").unwrap();
        let tags = try_sql(login, "SELECT tag FROM app.audit ORDER BY id DESC LIMIT 2").unwrap();
        assert_eq!(tags, ["DROP TABLE", "CREATE TABLE"], "the trigger works in the clone");
        assert_eq!(try_sql(login, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").unwrap(), ["f"]);
        let refused = try_sql(login, "DROP EVENT TRIGGER log_ddl").unwrap_err();
        assert!(refused.contains("must be owner of event trigger"), "{refused}");
        let refused = try_sql(
            login,
            "CREATE OR REPLACE FUNCTION app.log_ddl() RETURNS event_trigger LANGUAGE plpgsql \
                                      AS 'begin end'",
        )
        .unwrap_err();
        assert!(
            refused.contains("must be owner of function"),
            "it would run with the rights of whoever changes tables"
        );
        try_sql(login, "DROP PUBLICATION everything; DROP SCHEMA app CASCADE").unwrap();
    }
    // a role of the step reaches no agent's database unasked
    let reader = DatabaseCredentials {
        user: "app_reader".to_owned(),
        password: harness::system::Secret::new("reader"),
        ..four.clone()
    };
    assert!(try_sql(&reader, "SELECT 1").unwrap_err().contains("permission denied for database"));
    try_sql(&four, "GRANT CONNECT ON DATABASE agent_4 TO app_reader").unwrap();
    assert_eq!(try_sql(&reader, "SELECT 1").unwrap(), ["1"]);
    block_on(harness::postgres::snapshot::create(&project.server, &project.home, agent(4), "kept")).unwrap();
    block_on(harness::postgres::snapshot::restore(&project.server, &project.home, agent(4), "kept")).unwrap();
    assert!(project.teardown(3).foreign.is_empty() && project.teardown(4).foreign.is_empty());
}

#[test]
fn roles_of_such_a_step_cannot_reach_other_agents() {
    let postgres = TestPostgres::start();
    TestTemplate::small(&postgres).launch(1);
    for (statement, said) in [
        ("CREATE ROLE app SUPERUSER LOGIN", "role `app` SUPERUSER"),
        ("CREATE ROLE app2; ALTER ROLE app2 CREATEROLE; SELECT no_such_function()", "role `app2` CREATEROLE"),
        ("CREATE ROLE app3; GRANT agent_1 TO app3", "role `app3` a member of `agent_1`"),
        ("CREATE ROLE app4 IN ROLE pg_execute_server_program", "`app4` a member of `pg_execute_server_program`"),
        ("GRANT postgres TO harness_creators", "`harness_creators` a member of `postgres`"),
    ] {
        let failed = Failure::from(project(&postgres, statement).try_ensure().unwrap_err()).document();
        assert_eq!(failed.code, "template.mighty_roles", "{statement}");
        assert!(failed.message.contains(said), "{}", failed.message);
    }
    let mighty = "SELECT rolname FROM pg_roles WHERE oid >= 16384 AND (rolsuper OR rolcreaterole)
                  UNION ALL SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
                   WHERE r.rolname ~ '^app' OR m.roleid = 'postgres'::regrole";
    assert_eq!(postgres.sql(mighty), [""; 0]);
    assert!(!postgres.databases().iter().any(|name| name.ends_with("_building")));
}

#[test]
fn what_a_step_is_refused_names_the_setting() {
    let postgres = TestPostgres::start();
    for (statement, setting) in [
        ("CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()", "admin = true"),
        ("SET session_replication_role = replica", "admin = true"),
        ("CREATE PUBLICATION p FOR ALL TABLES", "admin = true"),
        ("CREATE ROLE reporting", "roles"),
        ("CREATE EXTENSION pageinspect", "extensions = [\"pageinspect\"]"),
        ("SELECT pg_create_logical_replication_slot('s', 'pgoutput')", "replication = true"),
    ] {
        for shell in [false, true] {
            let mut project = TestTemplate::new(&postgres, "00000000aaaa");
            let sql =
                format!("CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';\n{statement};");
            project.write("step.sql", &sql);
            if shell {
                project.run_step("step", "psql -qv ON_ERROR_STOP=1 -f step.sql");
            } else {
                project.sql_step("step", "step.sql");
            }
            let failed = Failure::from(project.try_ensure().unwrap_err()).document();
            assert!(failed.hint.as_ref().is_some_and(|hint| hint.contains(setting)), "{statement}: {failed:?}");
        }
    }
}

#[test]
fn config_check_says_loudly_which_steps_the_administrator_runs() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().write();
    let quiet = project.harness(["config", "check"]).run().succeeds();
    assert!(!quiet.stdout.contains("administrator"), "{quiet}");
    let built = project.harness(["template", "build", "--json"]).run().succeeds().json();
    project.replace("harness.toml", "sql = \"seed.sql\"", "sql = \"seed.sql\", admin = true");
    let loud = project.harness(["config", "check"]).run().succeeds().stdout;
    assert!(loud.contains("warning: step `seed`") && loud.contains("administrator"), "{loud}");
    let shown = project.harness(["config", "show", "--json"]).run().succeeds().json();
    assert_eq!(shown["database"]["steps"][1]["admin"], true, "{shown}");
    let again = project.harness(["template", "build"]).run().succeeds();
    let again = again.says("the template is rebuilt: step `seed` is now run by the server's administrator");
    assert!(!again.stdout.contains(built["name"].as_str().unwrap()), "{again}");

    std::fs::remove_file(project.root().join("schema.sql")).unwrap();
    let wrong = project.harness(["config", "check"]).run().exits_with(3).stdout;
    assert!(wrong.contains("database.template.steps[0].sql") && wrong.contains("schema.sql"), "{wrong}");
    // `[prepare]` may write it
    let prepare =
        "[prepare]\nsteps = [{ name = \"make\", run = \"echo 'select 1;' > schema.sql\" }]\n[database.template]";
    project.replace("harness.toml", "[database.template]", prepare);
    let warned = project.harness(["config", "check"]).run().succeeds().stdout;
    assert!(warned.contains("there is no file `schema.sql`"), "{warned}");
}

#[test]
fn agents_replicate_if_the_project_says_so() {
    let home = TestHome::new();
    let project =
        home.project("shop").with_items().toml("[database]\nspares = 1\nreplication = true").application("api").write();
    project.harness(["launch", "1"]).run().succeeds();
    wait_for("a spare", LONG, || {
        let found = project.query(1, "select count(*) from pg_database where datname ~ '^spare_[0-9a-f]+_1$'");
        if found.as_ref().is_ok_and(|rows| rows == &["1"]) { Ok(()) } else { Err(format!("{found:?}")) }
    });
    project.harness(["launch", "2"]).run().succeeds();
    for id in [1, 2] {
        let slot = format!("select 'made' from pg_create_logical_replication_slot('slot_{id}', 'test_decoding')");
        assert_eq!(project.query(id, &slot).unwrap(), ["made"]);
        project.query(id, "insert into items (name) values ('streamed')").unwrap();
        let changes =
            format!("select string_agg(data, ' ') from pg_logical_slot_peek_changes('slot_{id}', null, null)");
        let seen = project.query(id, &changes).unwrap();
        assert!(seen[0].contains("streamed"), "{seen:?}");
    }
    // slots go with the database
    project.harness(["db", "1", "reset", "--yes"]).run().succeeds();
    assert_eq!(project.query(1, "select slot_name from pg_replication_slots").unwrap(), ["slot_2"]);
    project.harness(["teardown", "2"]).run().succeeds();
    assert_eq!(project.query(1, "select count(*) from pg_replication_slots").unwrap(), ["0"]);
}

#[test]
fn a_server_that_writes_too_little_for_replication_is_named() {
    let postgres = TestPostgres::start();
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\nspares = 0").write();
    project.harness(["setup"]).run().succeeds();
    project.replace("harness.toml", "spares = 0", "spares = 0\nreplication = true");
    let failed = project.harness(["launch", "3", "--json"]).run().exits_with(4).json();
    let failed = failed["agents"][0]["error"].clone();
    assert_eq!(failed["code"], "postgres.no_replication", "{failed}");
    assert!(failed["hint"].as_str().unwrap().contains("harness teardown --infra"), "{failed}");
    project.harness(["teardown", "--infra"]).run().succeeds();
    project.harness(["setup"]).run().succeeds();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["teardown", "3"]).run().succeeds();
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();

    let url = format!("postgres://postgres:throw-away@127.0.0.1:{}", postgres.server().port);
    project.replace("harness.toml", "[infra.postgres]\n", &format!("[infra.postgres]\nurl = \"{url}\"\n"));
    let failed = project.harness(["launch", "3"]).run().exits_with(4);
    failed.says("`wal_level = logical` on that server");
}
