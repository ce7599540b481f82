//! Jobs over workers that are killed at random moments: a small run of `benches/queue.sh`, on both databases.
//!
//! `HARNESS_TEST_FIRE="1000 20"` says how many jobs and workers; leases of dead workers last their minute then, and are
//! cut short otherwise.

#![allow(clippy::print_stderr)] // figures that were asked for have to be seen

use std::path::Path;
use std::process::Command;

/// Workers die again and again; server and database die in the middle, whatever the size.
const SMALL: &str = "40 6";

fn fire(store: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/queue.py");
    let size = std::env::var("HARNESS_TEST_FIRE").ok().filter(|size| !size.is_empty());
    let mut command = Command::new("python3");
    command.arg(script).arg(env!("CARGO_BIN_EXE_harness"));
    command.args(size.as_deref().unwrap_or(SMALL).split(' ')).args([store, "fire"]);
    if size.is_none() {
        command.env("HARNESS_FIRE_CUT_LEASES", "1");
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("each completed exactly once"), "{said}");
    if size.is_some() {
        eprintln!("{said}");
    }
}

#[test]
fn jobs_of_killed_workers_are_done_exactly_once() {
    fire("sqlite");
}

#[test]
fn jobs_of_killed_workers_are_done_exactly_once_in_a_shared_database() {
    fire("postgres");
}
