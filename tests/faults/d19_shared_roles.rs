//! D19: what one agent grants, or makes, admits no other agent.

use harness::postgres::{Access, DatabaseCredentials, query};

use crate::support::{SHORT, TestHome, TestPostgres, TestTemplate, block_on, psql, try_sql, wait_until};

fn in_database(login: &DatabaseCredentials, database: &str) -> DatabaseCredentials {
    DatabaseCredentials { database: database.to_owned(), ..login.clone() }
}

fn project_with_roles(postgres: &TestPostgres) -> TestTemplate {
    let mut project = TestTemplate::small(postgres);
    project.settings.roles = vec!["reporting".into()];
    project
}

/// What an ordinary migration says, and what goes further.
const INVITATIONS: [&str; 4] = [
    "GRANT CONNECT ON DATABASE agent_1 TO reporting; GRANT USAGE ON SCHEMA public TO reporting; \
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO reporting",
    "GRANT ALL ON DATABASE agent_1 TO agent_2; GRANT ALL ON ALL TABLES IN SCHEMA public TO agent_2",
    "GRANT ALL ON DATABASE agent_1 TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "ALTER DATABASE agent_1 OWNER TO reporting",
];

#[test]
fn d19_no_grant_of_an_agent_admits_another_one() {
    let postgres = TestPostgres::start();
    for create in [false, true] {
        let mut project = project_with_roles(&postgres);
        project.settings.create = create;
        let (one, two) = (project.launch(1), project.launch(2));
        // decoys: roles that the user made, who may enter what they are granted
        postgres.sql("DROP ROLE IF EXISTS analyst");
        postgres.sql("CREATE ROLE analyst LOGIN PASSWORD 'analyst' IN ROLE reporting");
        let analyst = DatabaseCredentials {
            user: "analyst".into(),
            password: harness::system::Secret::new("analyst"),
            ..one.clone()
        };
        // a database changes hands only where its owner may create others
        for invitation in &INVITATIONS[..if create { 4 } else { 3 }] {
            try_sql(&one, invitation).unwrap();
            let error = try_sql(&in_database(&two, "agent_1"), "SELECT body FROM message").unwrap_err();
            assert!(error.contains("pg_hba.conf rejects connection"), "{invitation}: {error}");
            assert_eq!(try_sql(&analyst, "SELECT body FROM message").unwrap(), ["seed"], "{invitation}");
        }
        // what roles are for goes on working
        assert_eq!(try_sql(&one, "SET ROLE reporting; SELECT body FROM message").unwrap(), ["seed"]);
        assert_eq!(postgres.sql_in("agent_1", "SELECT body FROM message"), ["seed"]);
        assert_eq!(try_sql(&two, "SELECT body FROM message").unwrap(), ["seed"]);
        postgres.sql("REASSIGN OWNED BY reporting TO postgres");
        postgres.sql("ALTER DATABASE agent_1 OWNER TO agent_1");
        project.teardown(1);
        project.teardown(2);
    }
}

#[test]
fn d19_a_template_that_is_being_built_cannot_look_into_an_agents_database() {
    let postgres = TestPostgres::start();
    let mut project = project_with_roles(&postgres);
    let one = project.launch(1);
    try_sql(&one, INVITATIONS[0]).unwrap();
    project.run_step("curious", "! psql -d agent_1 -c 'SELECT 1' 2> refused && grep -q 'pg_hba.conf rejects' refused");
    project.launch(2);
}

#[test]
fn d19_on_an_external_server_a_shared_role_admits_nobody() {
    let postgres = TestPostgres::start();
    let mut project = project_with_roles(&postgres);
    project.server.access = Access::EXTERNAL;
    let rules = || postgres.sql("SELECT line_number::text FROM pg_hba_file_rules");
    let before = rules();
    let (one, two) = (project.launch(1), project.launch(2));
    try_sql(&one, INVITATIONS[0]).unwrap();
    let error = try_sql(&in_database(&two, "agent_1"), "SELECT 1").unwrap_err();
    assert!(error.contains("permission denied for database"), "{error}");
    assert_eq!(try_sql(&one, "SET ROLE reporting; SELECT body FROM message").unwrap(), ["seed"]);
    assert_eq!(rules(), before, "the file of an external server is not ours");
}

#[test]
fn d19_rules_that_somebody_changed_are_written_again() {
    let postgres = TestPostgres::start();
    let project = project_with_roles(&postgres);
    let (one, two) = (project.launch(1), project.launch(2));
    try_sql(&one, INVITATIONS[0]).unwrap();
    postgres
        .sql("COPY (SELECT 'host all all all scram-sha-256') TO PROGRAM 'cat > pg_hba.conf'; SELECT pg_reload_conf()");
    let enter = || block_on(query::run(&in_database(&two, "agent_1"), "SELECT 1"));
    wait_until("the changed rules to be in force", SHORT, || enter().is_ok());
    block_on(harness::postgres::prepare(&project.server)).unwrap();
    wait_until("our rules to be in force", SHORT, || enter().is_err());
}

#[test]
fn d19_a_database_that_an_agent_makes_is_closed_to_the_others() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().toml("[database]\ncreate = true\nroles = [\"reporting\"]").write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    let url = |agent: u8, database: &str| {
        let url = project.variables(agent)["DATABASE_URL"].clone();
        let (server, _) = url.rsplit_once('/').unwrap();
        format!("{server}/{database}")
    };
    psql(&url(1, "postgres"), "create database scratch").unwrap();
    psql(&url(1, "scratch"), "create table secret as select 42 as answer").unwrap();
    psql(&url(1, "scratch"), "grant usage on schema public to reporting; grant select on secret to reporting").unwrap();
    wait_until("the new database to be closed", SHORT, || psql(&url(2, "scratch"), "select 1").is_err());
    // what an ordinary migration says does not open it for long
    for invitation in ["connect on database scratch to reporting", "all on database scratch to public, agent_2"] {
        psql(&url(1, "scratch"), &format!("grant {invitation}")).unwrap();
        wait_until("the database to be closed again", SHORT, || {
            psql(&url(2, "scratch"), "select answer from secret").is_err()
        });
    }
    // its owner works in it, and drops its own database under the process that closes
    assert_eq!(psql(&url(1, "scratch"), "select answer from secret").unwrap(), ["42"]);
    psql(&url(1, "postgres"), "drop database scratch").unwrap();
    project.harness(["db", "1", "snapshot", "kept"]).run().succeeds();
    project.harness(["db", "1", "restore", "kept"]).run().succeeds();
    assert_eq!(project.query(1, "select name from items").unwrap(), ["seeded"]);
}
