//! D24: several commands want spares at once. No two get the same one, and nobody gets one of another template.

use std::collections::BTreeSet;
use std::thread;

use harness::postgres::{snapshot, spare};

use crate::support::{SHORT, TestPostgres, TestTemplate, agent, block_on, explain, try_sql, wait_for};

/// The OIDs of databases, which a rename keeps.
fn oids(postgres: &TestPostgres, pattern: &str) -> BTreeSet<String> {
    postgres.sql(&format!("select oid from pg_database where datname ~ '{pattern}'")).into_iter().collect()
}

/// Six agents, three spares, two refills beside them; `HARNESS_TEST_ROUNDS=20` for more rounds.
#[test]
fn d24_launches_at_once_never_get_the_same_spare() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let rounds = std::env::var("HARNESS_TEST_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        assert_eq!(project.refill(&postgres, 3).len(), 3);
        let spares = oids(&postgres, "^spare_");
        let logins: Vec<_> = thread::scope(|scope| {
            let project = &project;
            let launches: Vec<_> =
                (1..=6).map(|id| scope.spawn(move || block_on(project.try_launch(id)).map_err(explain))).collect();
            for _ in 0..2 {
                scope.spawn(move || block_on(project.try_refill(2)).map_err(explain).unwrap());
            }
            launches.into_iter().map(|launch| launch.join().unwrap().unwrap()).collect()
        });
        let of_agents = oids(&postgres, "^agent_");
        assert_eq!(of_agents.len(), 6, "round {round}");
        assert!(spares.is_subset(&of_agents), "round {round}: {spares:?} {of_agents:?}");
        for login in &logins {
            try_sql(login, "INSERT INTO message (body) VALUES (current_user)").unwrap();
        }
        for login in &logins {
            let found = try_sql(login, "SELECT body FROM message ORDER BY id").unwrap();
            assert_eq!(found, ["seed", login.user.as_str()], "round {round}");
        }
        for id in 1..=6 {
            project.teardown(id);
        }
    }
    // two that refilled at once made no more than were wanted
    assert_eq!(project.refill(&postgres, 2).len(), 2);
    let left = postgres.roles();
    assert_eq!(left.iter().filter(|name| !name.starts_with("tpl_")).count(), 2, "{left:?}");
}

#[test]
fn d24_resets_at_once_never_get_the_same_spare() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let logins: Vec<_> = (1..=4).map(|id| project.launch(id)).collect();
    block_on(snapshot::create(&project.server, &project.home, agent(1), "kept")).unwrap();
    for login in &logins {
        try_sql(login, "DELETE FROM message").unwrap();
    }
    project.refill(&postgres, 3);
    let spares = oids(&postgres, "^spare_");
    let template = project.ensure();
    thread::scope(|scope| {
        for (id, login) in (1..).zip(&logins) {
            let (project, template) = (&project, &template);
            scope.spawn(move || {
                let request = project.request(id, &login.password);
                block_on(snapshot::reset(&project.server, template, &request)).map_err(explain).unwrap();
            });
        }
    });
    assert!(spares.is_subset(&oids(&postgres, "^agent_[0-9]+$")));
    for login in &logins {
        assert_eq!(try_sql(login, "SELECT body FROM message").unwrap(), ["seed"]);
        // it is the agent's own: it may be altered
        try_sql(login, "ALTER TABLE message ADD COLUMN mine int; DROP TABLE message").unwrap();
    }
    assert_eq!(postgres.spares(), Vec::<String>::new());
    assert!(postgres.roles().iter().all(|name| !name.starts_with("spare_")), "{:?}", postgres.roles());
}

/// What is like a spare and is none stays as it is.
#[test]
fn d24_what_only_looks_like_a_spare_is_neither_handed_out_nor_dropped() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.settings.create = true;
    let template = project.ensure().name;
    let foreign = template.replace("tpl_", "spare_") + "_1";
    postgres.sql(&format!("CREATE ROLE {foreign}"));
    postgres.sql(&format!("CREATE DATABASE {foreign} OWNER {foreign} ALLOW_CONNECTIONS false"));
    // an agent can write any comment on a database of its own
    let own = template.replace("tpl_", "spare_") + "_2";
    let two = project.launch(2);
    try_sql(
        &harness::postgres::DatabaseCredentials { database: "postgres".into(), ..two.clone() },
        &format!("CREATE DATABASE {own} ALLOW_CONNECTIONS false"),
    )
    .unwrap();
    let comment = format!("harness {} board - spare\n{{\"template\":\"{template}\"}}", project.home);
    postgres.sql(&format!("COMMENT ON DATABASE {own} IS E'{}'", comment.replace('\n', "\\n")));
    let spares = project.refill(&postgres, 1);
    assert_eq!(spares.len(), 3, "{spares:?}");
    assert_eq!(try_sql(&project.launch(3), "SELECT body FROM message").unwrap(), ["seed"]);
    assert_eq!(try_sql(&project.launch(4), "SELECT body FROM message").unwrap(), ["seed"]);
    block_on(spare::sweep(&project.server, &project.home)).unwrap();
    assert_eq!(postgres.spares(), [foreign.as_str(), own.as_str()]);
    // what the role owns goes with it, whatever it says of itself
    project.teardown(2);
    assert_eq!(postgres.spares(), [foreign]);
}

#[test]
fn d24_spares_of_a_template_that_is_gone_or_out_of_use_go() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    project.launch(1);
    let first = project.refill(&postgres, 2);
    // another project of the home, and another home, have their own
    let other = TestTemplate { project: "other".into(), ..TestTemplate::small(&postgres) };
    let neighbour = TestTemplate { home: "00000000bbbb".into(), ..TestTemplate::small(&postgres) };
    other.refill(&postgres, 1);
    let six = neighbour.refill(&postgres, 1);
    assert_eq!(six.len(), 4, "{six:?}");

    // agent 1 still comes from the first template
    project.write("schema.sql", "CREATE TABLE message (id serial PRIMARY KEY, body text);");
    assert_eq!(project.refill(&postgres, 2).len(), 6);
    project.teardown(1);
    let left = project.refill(&postgres, 1);
    assert_eq!(left.len(), 3, "one is too many, and nobody uses the first template: {left:?}");
    assert!(first.iter().all(|name| !left.contains(name)), "{left:?}");

    // dropped by hand
    let template = project.ensure().name;
    postgres.sql(&format!("DROP DATABASE {template}"));
    let names = || block_on(spare::leftovers(&project.server, &project.home)).unwrap();
    let orphan = template.replace("tpl_", "spare_");
    assert!(names().iter().all(|name| name.starts_with(&orphan)) && names().len() == 1, "{:?}", names());
    assert_eq!(block_on(spare::sweep(&project.server, &project.home)).unwrap().len(), 1);
    assert_eq!((names(), postgres.spares().len()), (vec![], 2));
    // none wanted any more
    block_on(other.try_refill(0)).unwrap();
    assert_eq!(postgres.spares().len(), 1);
}

#[test]
fn d24_a_spare_has_all_that_a_clone_has() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.settings.create = true;
    project.settings.roles = vec!["reporting".into()];
    project.settings.extensions = vec!["pg_trgm".into()];
    project.write(
        "more.sql",
        "CREATE TABLE secret (owner name DEFAULT current_user); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON secret TO CURRENT_USER USING (true);
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reporting;
         CREATE VIEW seen AS SELECT body, current_user AS who FROM message;",
    );
    project.sql_step("more", "more.sql");
    project.run_step(
        "settings",
        "psql -qc \"ALTER DATABASE \\\"$PGDATABASE\\\" SET timezone = 'Europe/Berlin'\" \
         -c \"ALTER ROLE \\\"$PGUSER\\\" IN DATABASE \\\"$PGDATABASE\\\" SET work_mem = '7MB'\"",
    );
    let state = |login: &harness::postgres::DatabaseCredentials| {
        try_sql(
            login,
            "SHOW timezone; SHOW work_mem; SELECT body || who FROM seen; CREATE TABLE fresh (); \
             SELECT relacl FROM pg_class WHERE relname = 'fresh'; DROP TABLE fresh; \
             SELECT polroles::regrole[] FROM pg_policy; SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user; \
             SELECT string_agg(DISTINCT tableowner, ',') FROM pg_tables WHERE schemaname = 'public'; \
             SELECT string_agg(datacl::text, '') FROM pg_database WHERE datname = current_database(); \
             SELECT string_agg(r.rolname, ',' ORDER BY 1) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid \
              WHERE m.member = current_user::regrole; \
             ALTER EXTENSION pg_trgm UPDATE; SELECT similarity('a', 'a')",
        )
        .unwrap_or_else(|error| panic!("{error}"))
    };
    let cloned = state(&project.launch(3));
    project.refill(&postgres, 2);
    let spares = oids(&postgres, "^spare_");
    let as_three = |found: Vec<String>, id: u8| {
        found.into_iter().map(|value| value.replace(&format!("agent_{id}"), "agent_3")).collect::<Vec<_>>()
    };
    assert_eq!(as_three(state(&project.launch(4)), 4), cloned, "handed out");

    let five = project.launch(5);
    assert!(oids(&postgres, "^agent_[45]$").is_subset(&spares) && postgres.spares().is_empty());
    project.refill(&postgres, 1);
    let spare = oids(&postgres, "^spare_");
    let request = project.request(5, &five.password);
    block_on(snapshot::reset(&project.server, &project.ensure(), &request)).map_err(explain).unwrap();
    assert_eq!(oids(&postgres, "^agent_5$"), spare);
    assert_eq!(as_three(state(&five), 5), cloned, "after a reset");
    wait_for("no role without its database", SHORT, || {
        let left: Vec<String> = postgres.roles().into_iter().filter(|name| name.starts_with("spare_")).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    });
}
