//! P27 on the docker engine: a server accepts connections and never answers.

use std::time::{Duration, Instant};

use super::machine::{docker, machine};
use crate::support::{LONG, wait_for, wait_until};

/// After a server was frozen, until it serves again: 30 s, and some for a busy machine.
const BACK: Duration = Duration::from_mins(1);

#[test]
fn p27_a_paused_container_and_a_stopped_process_in_one_come_back_by_themselves() {
    let Some(machine) = machine(&["db", "minio"]) else { return };
    let Some(other) = super::machine::machine(&["db"]) else { return };
    machine.setup().unwrap();
    other.setup().unwrap();
    let (database, storage) = (machine.container("db"), machine.container("minio"));
    let decoy = other.ids();
    // pid 1 of a container takes SIGSTOP from outside only
    let pid = docker(["inspect", "--format", "{{.State.Pid}}", &storage]);
    for (service, freeze) in [
        ("db", &(|| drop(docker(["pause", &database]))) as &dyn Fn()),
        ("minio", &|| {
            assert!(std::process::Command::new("kill").args(["-STOP", pid.trim()]).status().unwrap().success());
        }),
    ] {
        freeze();
        let began = Instant::now();
        assert_eq!(machine.states()[service], "frozen");
        assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
        wait_for(&format!("{service} to serve again"), BACK, || {
            let states = machine.states();
            if states[service] == "ready" { Ok(()) } else { Err(format!("{states:?}")) }
        });
    }
    wait_until("docker to run both", LONG, || machine.states().values().all(|state| state == "ready"));
    machine.setup().unwrap();
    assert_eq!(other.ids(), decoy, "the containers of the other home are left alone");
}
