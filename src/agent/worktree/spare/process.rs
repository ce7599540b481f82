//! Starting the process that refills, and ending it. What it does is in `launch`.

use std::path::Path;

use super::record::{all, directory};
use crate::agent::Context;
use crate::project::Project;
use crate::system::proc::{StopPatience, processes_with_marker, stop_processes};
use crate::system::{self, Detached, Home};

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

/// Starts the process for the project at `root`. What cannot be started now is made up for by the next launch.
pub(in crate::agent) fn start(context: &Context, root: &Path) {
    let records = directory(&context.home);
    if system::create_private_dir(&records, 0o700).is_err() {
        return;
    }
    let home = ("HARNESS_HOME".to_owned(), context.home.path().display().to_string());
    let environment = context.environment.clone().into_iter().filter(|(name, _)| name != "AGENT_ID" && *name != home.0);
    let process = Detached {
        arguments: vec![COMMAND.into(), root.into()],
        environment: environment.chain([home.clone()]).collect(),
        marker: marker(&context.home),
        log: records.join(LOG),
    };
    process.start();
}

/// Ends those of the home that run.
pub(in crate::agent) async fn stop(home: &Home) {
    let marker = marker(home);
    let ended = move || stop_processes(StopPatience::NONE, || processes_with_marker(&marker));
    let _ = tokio::task::spawn_blocking(ended).await;
}
