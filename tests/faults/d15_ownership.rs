//! D15, L11: with an agent goes all that is its, and nothing else, whatever it is called.

use harness::postgres::{Access, DatabaseCredentials, snapshot};
use harness::report::Failure;

use crate::support::{TestPostgres, TestTemplate, agent, block_on, try_sql};

#[test]
fn d15_test_databases_and_snapshots_go_with_their_agent() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.settings.create = true;
    // on a server of our own no agent enters another one's database, invited or not
    project.server.access = Access::EXTERNAL;
    let template = project.ensure().name;
    let (three, thirty) = (project.launch(3), project.launch(30));
    let (server, home) = (&project.server, &project.home);
    block_on(snapshot::create(server, home, agent(3), "one")).unwrap();
    block_on(snapshot::create(server, home, agent(30), "one")).unwrap();
    try_sql(&three, "CREATE DATABASE test_board").unwrap();
    try_sql(&three, "CREATE DATABASE \"Shadow 7\" IS_TEMPLATE true").unwrap();
    try_sql(&three, "COMMENT ON DATABASE test_board IS 'mine'").unwrap();
    try_sql(&thirty, "CREATE DATABASE test_thirty").unwrap();
    // a neighbour invited it, and it made something there
    try_sql(
        &thirty,
        "GRANT CONNECT ON DATABASE agent_30 TO agent_3; CREATE SCHEMA guests; GRANT ALL ON SCHEMA guests TO agent_3",
    )
    .unwrap();
    let guest = DatabaseCredentials { database: "agent_30".into(), ..three.clone() };
    try_sql(&guest, "CREATE TABLE guests.book AS SELECT 1 AS one").unwrap();
    // decoys
    for decoy in ["agent_3_old", "agent_3_snap_two", "agent_33", "xagent_3"] {
        postgres.sql(&format!("CREATE DATABASE {decoy}"));
    }
    postgres.sql("CREATE ROLE agent_3_old LOGIN");

    let mut report = project.teardown(3);
    report.databases.sort();
    assert_eq!(report.databases, ["Shadow 7", "agent_3", "agent_3_snap_one", "test_board"]);
    assert_eq!((report.roles, report.foreign), (vec!["agent_3".to_owned()], vec![]));
    let mut left = vec![
        "agent_30",
        "agent_30_snap_one",
        "agent_33",
        "agent_3_old",
        "agent_3_snap_two",
        "test_thirty",
        &template,
        "xagent_3",
    ];
    left.sort_unstable();
    assert_eq!(sorted(postgres.databases()), left);
    assert_eq!(sorted(postgres.roles()), sorted(vec!["agent_30".into(), "agent_3_old".into(), template.clone()]));
    // the neighbour has what was made in its database
    assert_eq!(try_sql(&thirty, "SELECT one FROM guests.book").unwrap(), ["1"]);
    // and nothing there is no error
    assert_eq!(project.teardown(3), harness::postgres::DroppedReport::default());
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn l11_a_strangers_database_of_our_name_is_never_touched() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    project.ensure();
    postgres.sql("CREATE DATABASE agent_7");
    postgres.sql_in("agent_7", "CREATE TABLE precious AS SELECT 42 AS answer");
    let error = Failure::from(block_on(project.try_launch(7)).unwrap_err()).document();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("database.foreign", "database `agent_7` was not created by this home")
    );
    assert_eq!(error.details, ["it has no comment"]);
    assert!(error.hint.unwrap().contains("another agent id"));
    let report = project.teardown(7);
    assert_eq!(
        (report.databases.len(), report.roles.len(), report.foreign),
        (0, 0, vec!["database agent_7".to_owned()])
    );
    assert_eq!(postgres.sql_in("agent_7", "SELECT answer FROM precious"), ["42"]);
    // nothing of ours was left beside it
    assert!(!postgres.roles().contains(&"agent_7".to_owned()));
}

#[test]
fn l11_a_second_home_on_the_same_server_is_a_stranger() {
    let postgres = TestPostgres::start();
    let ours = TestTemplate::small(&postgres);
    let theirs = TestTemplate { home: "00000000bbbb".into(), ..TestTemplate::small(&postgres) };
    assert_ne!(ours.ensure().name, theirs.ensure().name);
    let login = theirs.launch(3);
    let error = Failure::from(block_on(ours.try_launch(3)).unwrap_err()).document();
    assert_eq!(error.code, "database.foreign");
    assert_eq!(ours.teardown(3).foreign, ["database agent_3", "role agent_3"]);
    block_on(harness::postgres::template::sweep(&ours.server, &ours.home)).unwrap();
    assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
    // only what is ours is listed as ours
    let listed = block_on(harness::postgres::clone::agent_databases(&ours.server, &ours.home)).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
}

#[test]
fn l11_a_strangers_role_of_our_name_is_never_touched() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    postgres.sql("CREATE ROLE agent_7 LOGIN PASSWORD 'theirs'");
    let error = Failure::from(block_on(project.try_launch(7)).unwrap_err()).document();
    assert_eq!(error.message, "role `agent_7` was not created by this home");
    assert_eq!(project.teardown(7).foreign, ["role agent_7"]);
    assert_eq!(postgres.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'agent_7' AND rolcanlogin"), ["1"]);
}
