//! What is said of an agent whose state is not what its supervisor remembers.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{TestHome, get};

#[test]
fn an_agent_whose_directory_was_deleted_is_broken_and_says_why() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let other = home.project("blog").first_digit(1).application("web").write();
    project.harness(["launch", "1"]).run().succeeds();
    other.harness(["launch", "3"]).run().succeeds();
    // one that lives takes the agent away with its directory
    home.kill_supervisor(3);
    fs::remove_dir_all(other.root()).unwrap();
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!((&status["agents"][0]["state"], &status["agents"][0]["error"]), (&"healthy".into(), &().into()));
    let agent = &status["agents"][1];
    assert_eq!((&agent["state"], &agent["error"]["code"]), (&"broken".into(), &"agent.tree_deleted".into()), "{agent}");
    assert!(agent["error"]["hint"].as_str().unwrap().contains("harness teardown 3"), "{agent}");
    project.harness(["teardown", "3", "--force"]).run().succeeds();
}

#[test]
fn a_process_that_hangs_is_not_taken_for_ready() {
    let home = TestHome::new();
    let table = "[[verify.stages]]\nname = \"unit\"\ncommands = [{ name = \"unit\", run = \"true\" }]\n";
    let project = home.project("shop").application("api").toml(table).write();
    project.harness(["launch", "3"]).run().succeeds();
    let status = project.harness(["status", "3", "--json"]).run().json();
    let pid = i32::try_from(status["agents"][0]["processes"][0]["pid"].as_i64().unwrap()).unwrap();
    let signal = |signal| kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    signal(Signal::STOP);
    let launch = project.harness(["launch", "3", "--timeout", "3s", "--json"]).run();
    assert!(launch.duration < Duration::from_secs(20), "{:?}", launch.duration);
    assert_eq!(launch.json()["agents"][0]["error"]["code"], "stack.unhealthy", "{launch}");
    let verify = project.harness(["verify", "3"]).run();
    assert_ne!(verify.code, Some(0), "{verify}");
    signal(Signal::CONT);
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

#[test]
fn another_agents_process_on_a_port_that_is_written_as_a_number_is_no_leftover() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    project.replace("harness.toml", "PORT = \"{{ ports.api }}\"", &format!("PORT = \"{port}\""));
    let launch = project.harness(["launch", "4"]).run();
    assert_ne!(launch.code, Some(0), "{launch}");
    assert!(!launch.stderr.contains("undo everything"), "{launch}");
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(get(port, "/health").status, 200);
    project.harness(["teardown", "4"]).run().succeeds();
    assert_eq!(get(port, "/health").status, 200);
}
