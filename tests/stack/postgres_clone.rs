//! Clones: complete, isolated, quick.

use crate::support::{TestPostgres, TestTemplate, try_sql};

#[test]
fn an_agent_gets_its_own_copy_of_the_template() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let (one, two) = (project.launch(1), project.launch(2));
    try_sql(&one, "INSERT INTO message (body) VALUES ('of one')").unwrap();
    assert_eq!(try_sql(&one, "SELECT body FROM message ORDER BY id").unwrap(), ["seed", "of one"]);
    assert_eq!(try_sql(&two, "SELECT body FROM message ORDER BY id").unwrap(), ["seed"]);
    // it owns what is in it
    try_sql(&one, "ALTER TABLE message ADD COLUMN author text; CREATE SCHEMA more; DROP TABLE message").unwrap();
    let report = project.teardown(1);
    assert_eq!((report.databases, report.roles), (vec!["agent_1".to_owned()], vec!["agent_1".to_owned()]));
    assert_eq!(try_sql(&two, "SELECT body FROM message").unwrap(), ["seed"]);
}
