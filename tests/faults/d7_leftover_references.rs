//! D7: seeded rows name the template's database or password. `post_clone` rewrites them; what it missed
//! is found.

use std::time::Duration;

use harness::postgres::{DatabaseCredentials, Step, run_step};
use harness::project::StepAction;
use harness::report::Events;

use crate::support::{TestPostgres, TestTemplate, block_on, try_sql};

const SEED: &str = "psql -qc \"
    CREATE TABLE warehouse (id int, connection jsonb);
    CREATE TABLE note (body text, tags text[]);
    INSERT INTO warehouse VALUES (1, json_build_object('host', '$PGHOST', 'name', '$PGDATABASE', 'password', '$PGPASSWORD'));
    INSERT INTO note VALUES ('seeded into $PGDATABASE', ARRAY['a']);
    INSERT INTO note VALUES ('tpl_ is the prefix of templates', NULL)\"";

fn post_clone(project: &TestTemplate, login: &DatabaseCredentials, command: &str) {
    let action = StepAction::Run(command.into());
    let step = Step {
        name: "post_clone",
        action: &action,
        tree: project.path(),
        working_dir: None,
        environment: vec![("PATH".into(), std::env::var("PATH").unwrap())],
        login,
        timeout: Duration::from_mins(1),
    };
    let task = Events::silent().task("agent 1", "post_clone");
    block_on(run_step(&step, &task)).unwrap();
}

#[test]
fn d7_rows_that_name_the_template_are_rewritten_or_found() {
    let postgres = TestPostgres::start();
    let mut project = TestTemplate::new(&postgres, "00000000aaaa");
    project.run_step("seed", SEED);
    let template = project.ensure();
    let login = project.launch(1);
    let found = || -> Vec<String> {
        let found = block_on(template.leftover_references.remaining(&project.server, &login)).unwrap();
        found.iter().map(ToString::to_string).collect()
    };
    assert_eq!(found(), ["public.warehouse.connection", "public.note.body"]);

    // it works as the agent, on the agent's database
    post_clone(
        &project,
        &login,
        "psql -qc \"UPDATE warehouse SET connection = json_build_object('name', '$PGDATABASE', 'user', '$PGUSER')\"",
    );
    assert_eq!(found(), ["public.note.body"]);
    assert_eq!(
        try_sql(&login, "SELECT connection->>'name', connection->>'user' FROM warehouse").unwrap(),
        ["agent_1", "agent_1"]
    );
    post_clone(&project, &login, "psql \"$DATABASE_URL\" -qc 'DROP TABLE note'");
    assert_eq!(found(), Vec::<String>::new());
}
