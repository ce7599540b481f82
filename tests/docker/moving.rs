//! From one engine to the other.

use super::machine::{Decoy, available, docker};
use crate::support::{LONG, TestHome};

#[test]
fn another_engine_is_refused_while_agents_live_here_and_taken_after() {
    if !available(&["db"]) {
        return;
    }
    let home = TestHome::new();
    let project = home.project("shop").engine("docker").with_items().application("api").write();
    let of_ours = |kind: &str| {
        let filter = format!("label=com.docker.compose.project={}", home.compose_project());
        docker([kind, "ls", "-q", "--filter", &filter])
    };
    project.harness(["launch", "1"]).deadline(LONG).run().succeeds();
    let refused = project.harness(["setup", "--engine", "native"]).run().exits_with(5);
    refused.says("the docker engine of this home is in use by agent 1").says("`harness teardown 1`");
    assert_eq!(project.query(1, "SELECT 1").unwrap(), ["1"]);

    project.harness(["teardown", "1"]).run().succeeds();
    project
        .harness(["setup", "--engine", "native"])
        .deadline(LONG)
        .run()
        .succeeds()
        .says("changing the engine from docker to native");
    assert_eq!(of_ours("container") + &of_ours("network") + &of_ours("volume"), "");
    let status = project.harness(["status", "--json"]).run().json();
    assert_eq!(status["infra"]["engine"], "native");
    project
        .harness(["setup", "--engine", "docker"])
        .deadline(LONG)
        .run()
        .succeeds()
        .says("changing the engine from native to docker");
}

#[test]
fn containers_and_their_volumes_are_not_taken_from_under_agents() {
    if !available(&["db"]) {
        return;
    }
    let home = TestHome::new();
    let project = home.project("shop").engine("docker").with_items().application("api").write();
    project.harness(["launch", "1"]).deadline(LONG).run().succeeds();
    let decoy_name = format!("{}_agent-db-data-old", home.compose_project());
    let decoy = Decoy::new("volume", &decoy_name, &["volume", "create", &decoy_name]);
    let ours = || {
        let filter = format!("label=com.docker.compose.project={}", home.compose_project());
        ["container", "volume"].map(|kind| docker([kind, "ls", "-q", "--filter", &filter]))
    };
    let before = ours();
    for arguments in [&["teardown", "--infra"][..], &["teardown", "--infra", "--volumes"]] {
        let refused = project.harness(arguments.iter().copied()).run().exits_with(5);
        refused.says("the shared servers are in use by agent 1").says("hint:");
    }
    assert_eq!(ours(), before);
    assert_eq!(project.query(1, "SELECT name FROM items").unwrap(), ["seeded"]);
    project.harness(["teardown", "--all", "--infra", "--volumes"]).run().succeeds();
    assert_eq!(ours(), ["", ""]);
    assert!(decoy.exists());
}
