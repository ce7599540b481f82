//! `serve` on one machine and `work` on another, over HTTPS: `two-machines.py` in network namespaces.

use std::path::Path;
use std::process::Command;

use crate::support::postgres_programs;

#[test]
fn a_worker_on_another_machine_needs_a_url_and_a_key_and_reaches_nothing_else() {
    if !rustix::process::geteuid().is_root() || !can_add() {
        println!("skipped: network namespaces need root and `ip`");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jobs/two-machines.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(env!("CARGO_BIN_EXE_harness")).arg(postgres_programs());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("all as it must be"), "{said}");
}

/// Whether a namespace can be made here: not in every container.
fn can_add() -> bool {
    let name = format!("hp{}", std::process::id());
    let run =
        |verb: &str| Command::new("ip").args(["netns", verb, &name]).status().is_ok_and(|status| status.success());
    run("add") && run("delete")
}
