//! The machine-wide lease of an id: a lock for the time of a command, a record for the time between.

use std::path::Path;

use crate::agent::{Context, Error, Record, moved};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::{self, FileLock};

/// The right to change one agent, held until dropped.
#[derive(Debug)]
pub(super) struct Lease {
    /// The agent.
    pub agent: AgentId,
    lock: FileLock,
}

impl Lease {
    /// Takes the lease, waiting for another command that holds it.
    pub(super) async fn take(context: &Context, agent: AgentId, purpose: &str) -> Result<Self, Failure> {
        let directory = context.home.stack_dir(agent.stack());
        let purpose = format!("{purpose} {agent}");
        let path = directory.join("lock");
        loop {
            system::create_private_dir(&directory, 0o700)?;
            let attempt = FileLock::acquire(&path, &purpose, |holder| {
                // two agents in one command, or an id that is given twice
                if holder.as_ref().is_some_and(|holder| holder.pid == std::process::id()) {
                    return;
                }
                let who =
                    holder.map_or_else(String::new, |holder| format!(" `{}` (pid {})", holder.purpose, holder.pid));
                context.events.note(format!("agent {agent}"), format!("waiting for{who} to end"));
            });
            match attempt.await {
                Ok(lock) if lock.is_at(&path) => return Ok(Self { agent, lock }),
                // a teardown that held it removed the directory, and the lock with it: once more
                Ok(_) => {}
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Takes the lease if no other command holds it.
    pub(super) fn try_take(context: &Context, agent: AgentId, purpose: &str) -> Result<Option<Self>, Failure> {
        let directory = context.home.stack_dir(agent.stack());
        let path = directory.join("lock");
        system::create_private_dir(&directory, 0o700)?;
        match FileLock::try_acquire(&path, &format!("{purpose} {agent}")) {
            Ok(Ok(lock)) if lock.is_at(&path) => Ok(Some(Self { agent, lock })),
            Ok(_) => Ok(None),
            // a teardown removed it just now
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether another command holds the lease of `agent`; makes nothing.
    pub(super) fn is_held(context: &Context, agent: AgentId) -> system::Result<bool> {
        match FileLock::try_acquire(&context.home.stack_dir(agent.stack()).join("lock"), "look") {
            Ok(attempt) => Ok(attempt.is_err()),
            // a teardown removed it just now
            Err(error) if error.is_not_found() => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Removes the directory that taking the lease made, if there is nothing but the lock in it. A teardown has removed it
    /// by now; if there is one again, it is of the command that waited for this one.
    pub(super) fn forget_if_empty(self, context: &Context) {
        let directory = context.home.stack_dir(self.agent.stack());
        let only_lock = std::fs::read_dir(&directory)
            .is_ok_and(|entries| entries.filter_map(Result::ok).all(|entry| entry.file_name() == "lock"));
        if only_lock && self.lock.is_at(&directory.join("lock")) {
            let _ = remove_directory(&directory);
        }
    }

    /// The agent's record, checked to belong to `project` where there is one.
    pub(super) async fn record(
        &self,
        context: &Context,
        project: &crate::project::Project,
    ) -> Result<Option<Record>, Failure> {
        let record = Record::read(&context.home, self.agent)?;
        let record = match record {
            Some(found) => {
                let record = moved::followed(context, found.clone(), Some(project));
                if record != found {
                    moved::mend(context, &record).await;
                }
                Some(record)
            }
            None => None,
        };
        match record {
            Some(record) if record.project != project.name || record.project_root != project.root => {
                let (project, root, renamed) =
                    (record.project, record.project_root.clone(), record.project_root == project.root);
                Err(Error::Leased { agent: self.agent, project, root, renamed }.into())
            }
            other => Ok(other),
        }
    }
}

/// Removes an agent's directory in one step: a command that waits for the lease goes on making its lock file in
/// what it takes for that directory, and would fail on it, or hold a lock whose file is removed. The caller holds the lease.
pub(super) fn remove_directory(directory: &Path) -> std::io::Result<()> {
    let Some(name) = directory.file_name() else { return Ok(()) };
    // the name of no agent; there is one already where a teardown was killed at this very moment
    let gone = directory.with_file_name(format!(".gone-{}", name.to_string_lossy()));
    if gone.exists() {
        std::fs::remove_dir_all(&gone)?;
    }
    std::fs::rename(directory, &gone)?;
    std::fs::remove_dir_all(&gone)
}
