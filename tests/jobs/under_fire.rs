//! Jobs over workers that are killed at random moments: a small run of `benches/queue.sh`, on both databases.

use std::path::Path;
use std::process::Command;

fn fire(store: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/queue.py");
    let mut command = Command::new("python3");
    command.arg(script).args([env!("CARGO_BIN_EXE_harness"), "60", "8", store, "fire"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("each completed exactly once"), "{said}");
}

#[test]
fn jobs_of_killed_workers_are_done_exactly_once() {
    fire("sqlite");
}

#[test]
fn jobs_of_killed_workers_are_done_exactly_once_in_a_shared_database() {
    fire("postgres");
}
