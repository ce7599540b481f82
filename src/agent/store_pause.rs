//! The processes that are in the way while files of stores are copied or replaced: stopped, and started again after.

use std::time::Duration;

use super::{Context, Record, processes};
use crate::infra::docker;
use crate::project::Project;
use crate::report::Failure;
use crate::supervisor::{Client, StackSnapshot};

/// How long they may take to be ready again.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is going to happen to the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// They are copied: servers write them whole when they end, files without a server are locked.
    Copy,
    /// They are replaced: a program that has one open would go on with the old one.
    Replace,
}

/// Processes that were stopped.
#[derive(Debug, Default)]
pub(super) struct Paused {
    client: Option<Client>,
    names: Vec<String>,
}

impl Paused {
    /// Stops what is in the way of `stores`. Nothing where the stack does not run, or is parked.
    ///
    /// # Errors
    /// The supervisor does not answer.
    pub(super) async fn begin(
        context: &Context,
        record: &Record,
        project: &Project,
        stores: &[String],
        purpose: Purpose,
    ) -> Result<Self, Failure> {
        let directory = context.home.stack_dir(record.agent.stack());
        let Some(client) = Client::connect(&directory)? else { return Ok(Self::default()) };
        let Some(snapshot) = client.state().await? else { return Ok(Self::default()) };
        let has_server = |store: &String| {
            let known = project.stores.iter().find(|(name, _)| name == store);
            known.is_some_and(|(_, known)| known.serves.has_server())
        };
        let all = purpose == Purpose::Replace && !stores.iter().all(has_server);
        let mut names = running(&snapshot);
        names.retain(|name| all || stores.contains(name));
        if !names.is_empty() {
            client.stop(&names).await?;
            for name in names.iter().filter(|name| is_container(project, name)) {
                // of a process that had to be killed
                docker::store::remove(&context.home, &record.agent.stack().to_string(), Some(name)).await?;
            }
        }
        Ok(Self { client: Some(client), names })
    }

    /// Starts them again, and waits until they are ready or lost.
    ///
    /// # Errors
    /// The supervisor does not answer.
    pub(super) async fn end(self) -> Result<(), Failure> {
        let Some(client) = self.client.filter(|_| !self.names.is_empty()) else { return Ok(()) };
        client.start(&self.names).await?;
        let is_settled = |snapshot: &StackSnapshot| {
            let own = self.names.iter().filter_map(|name| snapshot.processes.get(name));
            own.map(|process| process.phase).all(|phase| processes::is_settled_well(phase) || processes::is_lost(phase))
        };
        client.wait_until(PATIENCE, is_settled).await?;
        Ok(())
    }
}

fn is_container(project: &Project, name: &str) -> bool {
    project.stores.iter().any(|(known, store)| known == name && store.container.is_some())
}

fn running(snapshot: &StackSnapshot) -> Vec<String> {
    let running = snapshot.processes.iter().filter(|(_, process)| process.process.is_some());
    running.map(|(name, _)| name.clone()).collect()
}
