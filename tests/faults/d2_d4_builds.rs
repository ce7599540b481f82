//! D2: ten launches at once build the template once. D4: a failed build says why and leaves nothing.

use std::fs;
use std::thread;

use harness::report::Failure;

use crate::support::{LONG, TestPostgres, TestTemplate, block_on, try_sql, until};

#[test]
fn d2_ten_launches_at_once_build_once() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.run_step("count", "echo built >> builds");
    let logins: Vec<_> = thread::scope(|scope| {
        let project = &project;
        let launches: Vec<_> = (1..=10)
            .map(|id| scope.spawn(move || block_on(project.try_launch(id)).map_err(crate::support::explain)))
            .collect();
        launches.into_iter().map(|launch| launch.join().unwrap().unwrap()).collect()
    });
    assert_eq!(fs::read_to_string(project.path().join("builds")).unwrap(), "built\n");
    for login in &logins {
        assert_eq!(
            try_sql(login, "SELECT current_database(), body FROM message").unwrap(),
            [login.database.as_str(), "seed"]
        );
    }
    let databases = postgres.databases();
    assert_eq!(databases.len(), 11, "{databases:?}");
}

#[test]
fn d4_a_failing_command_is_shown_and_nothing_stays() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.run_step("migrate", "echo applying 002; echo 'column \"x\" does not exist' >&2; exit 3");
    let error = Failure::from(project.try_ensure().unwrap_err()).document();
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("template.build_failed", "step `migrate` failed: exit status 3")
    );
    assert_eq!(error.details, ["applying 002", "column \"x\" does not exist"]);
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));

    // mended, the next launch needs nothing else
    project.settings.steps[1].action = harness::project::StepAction::Run("true".into());
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT body FROM message").unwrap(), ["seed"]);
}

#[test]
fn d4_a_failing_sql_file_names_file_line_and_statement() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    project.write("seed.sql", "CREATE TABLE t (id int PRIMARY KEY);\n\nINSERT INTO t\n  VALUES (1), (1);\n");
    project.sql_step("seed", "seed.sql");
    let error = Failure::from(project.try_ensure().unwrap_err()).document();
    assert_eq!(error.message, "step `seed` failed at `seed.sql:3`");
    assert_eq!(
        error.details,
        [
            "INSERT INTO t",
            "  VALUES (1), (1)",
            "ERROR: duplicate key value violates unique constraint \"t_pkey\"",
            "DETAIL: Key (id)=(1) already exists."
        ]
    );
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));
}

#[test]
fn d4_a_hanging_step_is_ended_with_all_it_started() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    let step = project.run_step("hang", "echo waiting; setsid sleep 1000 & sleep 1000");
    step.timeout = std::time::Duration::from_millis(200);
    let error = Failure::from(project.try_ensure().unwrap_err()).document();
    assert_eq!(error.message, "step `hang` failed: timed out after 0.2 s");
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));
}

#[test]
fn d4_a_build_that_fails_later_starts_from_the_state_it_kept() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    project.run_step("migrate", "echo migrated >> log; psql -qc 'CREATE TABLE t (id int)'").incremental = true;
    project.run_step("seed", "echo seeded >> log; test -e network");
    let kept =
        |databases: Vec<String>| databases.len() == 1 && databases.iter().all(|name| !name.ends_with("_building"));
    for _ in 0..2 {
        project.try_ensure().unwrap_err();
        assert!(kept(postgres.databases()), "{:?}", postgres.databases());
    }
    project.write("network", "");
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT count(*) FROM t").unwrap(), ["0"]);
    assert_eq!(fs::read_to_string(project.path().join("log")).unwrap(), "migrated\nseeded\nseeded\nseeded\n");
}

#[test]
fn d4_an_abandoned_build_leaves_nothing() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::small(&postgres);
    project.run_step("long", "echo begun > begun; sleep 1000");
    let begun = project.path().join("begun");
    block_on(async {
        tokio::select! {
            _ = project.try_launch(1) => unreachable!("its step sleeps"),
            () = until("the step", LONG, || begun.exists()) => {}
        }
    });
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));
}
