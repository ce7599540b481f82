//! Starting the process that refills, and ending it. What it does is in `launch`.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::record::{all, directory};
use crate::agent::Context;
use crate::project::Project;
use crate::system::proc::{StopPatience, processes_with_marker, stop_processes};
use crate::system::{self, Home};

/// The hidden command.
pub(in crate::agent) const COMMAND: &str = "__refill-trees";

/// The file beside the records of spare trees that says why the last refill failed.
pub(in crate::agent) const LOG: &str = "refill.log";

fn marker(home: &Home) -> String {
    system::marker_value(home.id(), "spare-trees")
}

/// Whether the process may find something to do: the project wants spare trees, or has some.
pub(in crate::agent) fn is_needed(context: &Context, project: &Project) -> bool {
    project.worktree.as_ref().is_some_and(|settings| settings.spare > 0)
        || all(&context.home).iter().any(|spare| spare.project_root == project.root)
}

/// Starts the process for the project at `root`; it outlives this one. What cannot be started now is made up for by the
/// next launch.
pub(in crate::agent) fn start(context: &Context, root: &Path) {
    use std::os::unix::process::CommandExt;
    let records = directory(&context.home);
    if system::create_private_dir(&records, 0o700).is_err() {
        return;
    }
    let (Ok(harness), Ok(log)) = (std::env::current_exe(), File::create(records.join(LOG))) else { return };
    let spawned = Command::new(harness)
        .arg(COMMAND)
        .arg(root)
        .current_dir("/")
        .env_clear()
        .envs(context.environment.iter().filter(|(name, _)| *name != "AGENT_ID"))
        .env("HARNESS_HOME", context.home.path())
        .env(system::MARKER, marker(&context.home))
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    if let Ok(mut child) = spawned {
        // a program that runs for long must not keep its zombie
        std::thread::spawn(move || child.wait());
    }
}

/// Ends those of the home that run.
pub(in crate::agent) async fn stop(home: &Home) {
    let marker = marker(home);
    let ended = move || stop_processes(StopPatience::NONE, || processes_with_marker(&marker));
    let _ = tokio::task::spawn_blocking(ended).await;
}
