//! What the command line says, word by word: help of every verb, and errors. The snapshots in `snapshots/`
//! are read by people; `INSTA_UPDATE=always cargo test cli` writes them anew.

mod errors;
mod help;
mod packaging;
mod stacks;

use std::process::Command;

/// Runs `harness` with `arguments` in `directory`; what it says, with the test's own paths made general.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let mut parts = vec![format!("exit code {}", output.status.code().unwrap())];
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            parts.push(format!("-- {name}\n{}", text(bytes)));
        }
    }
    parts.join("\n")
}

fn harness() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("COLUMNS", "100");
    command
}
