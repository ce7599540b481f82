//! D20: an agent that changed its own password is told so, and gets it back with its data.

use crate::support::{TestHome, get, post};

#[test]
fn d20_a_changed_password_is_said_and_set_back_without_loss() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    let port = project.port("api", 3);
    post(port, "/items", "text/plain", b"kept");
    project.harness(["psql", "3", "alter role agent_3 password 'mine'"]).run().succeeds();
    // the neighbour is not concerned
    assert_eq!(project.query(4, "select 1").unwrap(), ["1"]);

    let refused = project.harness(["psql", "3", "select 1", "--json"]).run().exits_with(125).json();
    assert_eq!(refused["error"]["code"], "postgres.login_refused", "{refused}");
    assert!(refused["error"]["hint"].as_str().unwrap().contains("run `harness launch 3`"), "{refused}");
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert!(status["agents"][0]["drift"].to_string().contains("password"), "{status}");
    let other = project.harness(["status", "4", "--json"]).run().succeeds().json();
    assert!(!other["agents"][0]["drift"].to_string().contains("password"), "{other}");

    project.harness(["launch", "3"]).run().succeeds().says("password of role agent_3 was changed");
    assert_eq!(project.query(3, "select name from items order by name").unwrap(), ["kept", "seeded"]);
    assert!(get(port, "/items").body.contains("kept"));
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert!(!status["agents"][0]["drift"].to_string().contains("password"), "{status}");
}
