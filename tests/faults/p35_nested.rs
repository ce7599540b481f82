//! P35: a stack that was launched from within another one, as a coding agent does in its session.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use crate::faults::stack::trio_of;
use crate::support::{LONG, TestHome, TestProject, wait_for, wait_until};

/// The pid of the process `plain` of an agent that is healthy.
fn plain(project: &TestProject<'_>, agent: &str) -> Option<u64> {
    let status = project.harness(["status", agent, "--json"]).run();
    let agents = serde_json::from_str::<serde_json::Value>(&status.stdout).ok()?["agents"].take();
    let agent = agents.as_array()?.first()?.clone();
    let process = agent["processes"].as_array()?.iter().find(|process| process["name"] == "plain")?.clone();
    if agent["state"] == "healthy" { process["pid"].as_u64() } else { None }
}

/// Launches agent 4 in a session of agent 3.
fn nest(project: &TestProject<'_>) -> u64 {
    let output = project.root().join("nested.txt");
    let script = format!("'{}' launch 4 >'{}' 2>&1; sleep 600", env!("CARGO_BIN_EXE_harness"), output.display());
    project.harness(["session", "start", "3", "--name", "work", "--", "sh", "-c", &script]).run().succeeds();
    wait_for("agent 4, launched in the session", LONG, || {
        plain(project, "4").ok_or_else(|| std::fs::read_to_string(&output).unwrap_or_default())
    })
}

#[test]
fn p35_a_stack_launched_in_a_session_outlives_it_and_its_agent() {
    let home = TestHome::new();
    let project = home.project("board").port("web").toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = nest(&project);
    project.harness(["session", "stop", "3", "work"]).run().succeeds();
    assert_eq!(plain(&project, "4"), Some(pid), "the session's end");
    project.harness(["restart", "3"]).run().succeeds();
    project.harness(["stop", "3"]).run().succeeds();
    assert_eq!(plain(&project, "4"), Some(pid), "the stop of agent 3");
    // without a guardian of its own, agent 4 hangs below that of agent 3
    let agent = home.path().join("agents/4").canonicalize().unwrap();
    kill_guardian(&agent);
    project.harness(["teardown", "3"]).run().succeeds();
    wait_until("agent 4 with the same process", LONG, || plain(&project, "4") == Some(pid));
    project.harness(["teardown", "4"]).run().succeeds();
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

fn kill_guardian(directory: &Path) {
    let guardian = trio_of(directory).into_iter().find(|it| is_guardian(it.pid)).expect("a guardian");
    kill_process(Pid::from_raw(guardian.pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
    wait_until("the guardian's end", LONG, || !guardian.is_alive());
}

fn is_guardian(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.split(|byte| *byte == 0).nth(1) == Some(b"__guardian"))
}
