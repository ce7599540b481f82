//! A launch that does not fit into memory is refused with figures, before anything is made.

use crate::support::{LONG, TestHome, wait_until};

#[test]
fn a_stack_that_does_not_fit_is_refused_with_figures_and_what_could_be_parked() {
    let home = TestHome::new();
    // no machine has so much
    let reserve = "[launch]\nmemory_reserve = \"1000000G\"\n";
    let project = home.project("shop").application("api").toml(reserve).write();
    // nothing is known of the project: it is let in
    project.harness(["launch", "1"]).run().succeeds();
    let needs = home.path().join("needs.json");
    let refused = || {
        let document = project.harness(["launch", "2", "--json"]).run().json();
        let error = document["agents"][0]["error"].clone();
        if error.is_null() {
            // launched before the first sample
            project.harness(["teardown", "2"]).run().succeeds();
        }
        error
    };
    wait_until("the first sample of agent 1", LONG, || refused()["code"] == "memory.no_room");
    let error = refused();
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("agent 2 does not fit into memory: a stack of `shop` has needed"), "{error:#}");
    assert!(message.ends_with(", 0 MB are left"), "{error:#}");
    assert!(error["hint"].as_str().unwrap().starts_with("run `harness park 1`, which frees"), "{error:#}");
    assert!(needs.exists() && !home.path().join("agents/2").exists());
    // what runs, and what is parked, is no launch
    project.harness(["launch", "1"]).run().succeeds();
    project.harness(["park", "1"]).run().succeeds();
    project.harness(["start", "1"]).run().succeeds();
    project.harness(["launch", "2", "--force"]).run().succeeds();
}
