//! D6, D13, D14: an agent's role reaches its own database and nothing else, at no moment.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use harness::postgres::{DatabaseCredentials, clone, snapshot, spare};
use harness::report::Events;

use crate::support::{TestPostgres, TestTemplate, agent, block_on, try_sql};

fn in_database(login: &DatabaseCredentials, database: &str) -> DatabaseCredentials {
    DatabaseCredentials { database: database.to_owned(), ..login.clone() }
}

#[test]
fn d6_a_role_reaches_only_its_own_database() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let template = project.ensure().name;
    let (three, _) = (project.launch(3), project.launch(4));
    block_on(snapshot::create(&project.server, &project.home, agent(4), "kept")).unwrap();
    for database in ["agent_4", "agent_4_snap_kept", &template, "postgres", "template1", "template0"] {
        let error = try_sql(&in_database(&three, database), "SELECT 1").unwrap_err();
        assert!(error.contains("pg_hba.conf rejects connection"), "{error}");
    }
    for (statement, refusal) in [
        ("DROP DATABASE agent_4", "must be owner of database agent_4"),
        (&*format!("DROP DATABASE {template}"), "must be owner of database"),
        ("ALTER DATABASE agent_4 OWNER TO agent_3", "must be owner of database agent_4"),
        ("GRANT CONNECT ON DATABASE agent_4 TO agent_3", "permission denied for database agent_4"),
        ("ALTER ROLE agent_4 PASSWORD 'x'", "permission denied"),
        ("SET ROLE agent_4", "permission denied to set role"),
        (&*format!("SET ROLE {template}"), "permission denied to set role"),
        ("CREATE ROLE other", "permission denied to create role"),
        ("CREATE DATABASE other", "permission denied to create database"),
        (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND datname IS NOT NULL",
            "",
        ),
    ] {
        match try_sql(&three, statement) {
            Err(error) => assert!(error.contains(refusal), "{statement}: {error}"),
            // there may be no other session to see
            Ok(rows) => assert!(refusal.is_empty() && rows.is_empty(), "{statement} was allowed"),
        }
    }
    // a template's role cannot log in, whatever password is tried
    let login = DatabaseCredentials { user: template.clone(), ..in_database(&three, &template) };
    assert!(try_sql(&login, "SELECT 1").is_err());
}

#[test]
fn d13_nobody_gets_in_while_a_database_comes_and_goes() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let template = project.ensure();
    let stranger = project.launch(2);
    let (done, tries, entries) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    let ready = template.name.replace("tpl_", "spare_") + "_1";
    let building = format!("{ready}_building");
    let names = [
        "agent_1",
        "agent_1_incoming",
        "agent_1_outgoing",
        "agent_1_snap_s",
        "agent_1",
        ready.as_str(),
        building.as_str(),
        "agent_1",
    ];
    thread::scope(|scope| {
        for start in 0..3 {
            let (stranger, done, tries, entries) = (&stranger, &done, &tries, &entries);
            scope.spawn(move || {
                for name in names.iter().cycle().skip(start) {
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                    tries.fetch_add(1, Ordering::Relaxed);
                    if try_sql(&in_database(stranger, name), "SELECT 1").is_ok() {
                        entries.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let (server, home) = (&project.server, &project.home);
        for round in 0..6 {
            let outcome = block_on(async {
                // with spares and without
                spare::refill(server, home, &project.project, &template.name, round % 3).await?;
                let password = harness::system::Secret::generate();
                clone::create(server, &template, &project.request(1, &password), &Events::silent()).await?;
                snapshot::create(server, home, agent(1), "s").await?;
                snapshot::restore(server, home, agent(1), "s").await?;
                snapshot::reset(server, &template, &project.request(1, &password)).await?;
                harness::postgres::drop::agent(server, home, agent(1)).await
            });
            if let Err(error) = outcome {
                done.store(true, Ordering::Relaxed);
                panic!("{}", crate::support::explain(error));
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(tries.load(Ordering::Relaxed) > 20);
    assert_eq!(entries.load(Ordering::Relaxed), 0);
}

#[test]
fn d14_createdb_copies_neither_template_nor_neighbour() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.settings.create = true;
    let template = project.ensure().name;
    let (three, _) = (project.launch(3), project.launch(4));
    block_on(snapshot::create(&project.server, &project.home, agent(4), "kept")).unwrap();
    for source in ["agent_4", "agent_4_snap_kept", &template] {
        let error = try_sql(&three, &format!("CREATE DATABASE stolen TEMPLATE {source}")).unwrap_err();
        assert!(error.contains("permission denied to copy database"), "{error}");
    }
    // what it is for: test databases, made from the server's own database as frameworks do
    try_sql(&in_database(&three, "postgres"), "CREATE DATABASE test_agent_3").unwrap();
    try_sql(&in_database(&three, "test_agent_3"), "CREATE TABLE t ()").unwrap();
    let error = try_sql(&in_database(&three, "postgres"), "CREATE TABLE t ()").unwrap_err();
    assert!(error.contains("permission denied for schema public"), "{error}");
}
