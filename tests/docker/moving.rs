//! From one engine to the other.

use super::machine::{available, docker};
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
    refused.says("agents 1 live on the docker engine").says("`harness teardown 1`");
    assert_eq!(project.query(1, "SELECT 1").unwrap(), ["1"]);

    project.harness(["teardown", "1"]).run().succeeds();
    project
        .harness(["setup", "--engine", "native"])
        .deadline(LONG)
        .run()
        .succeeds()
        .says("moving from docker to native");
    assert_eq!(of_ours("container") + &of_ours("network") + &of_ours("volume"), "");
    let status = project.harness(["status", "--json"]).run().json();
    assert_eq!(status["infra"]["engine"], "native");
    project
        .harness(["setup", "--engine", "docker"])
        .deadline(LONG)
        .run()
        .succeeds()
        .says("moving from native to docker");
}
