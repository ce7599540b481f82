//! How a session ends.

use std::path::Path;
use std::time::Duration;

use crate::supervisor::{Client, ExitStatus, ProcessSnapshot, StackSnapshot};
use crate::system::ProcessIdentity;

/// How long one question waits.
const LIMIT: Duration = Duration::from_mins(1);

/// Looks that find no supervisor, one after the other, before the stack counts as ended: one that is being replaced by
/// another binary says that it is ending, and means itself.
const LOOKS: u32 = 5;

/// Between two attempts to ask a supervisor that does not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// Why there is nothing more to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The program has ended so; it was stopped and taken off the list where that is not known.
    Program(Option<ExitStatus>),
    /// The stack has ended.
    Stack,
}

/// A session or process by name.
pub(super) fn process_of<'a>(snapshot: &'a StackSnapshot, name: &str) -> Option<&'a ProcessSnapshot> {
    snapshot.sessions.get(name).map(|session| &session.process).or_else(|| snapshot.processes.get(name))
}

/// Waits for the end of this run of a program, across the deaths of supervisors.
pub async fn ending(directory: &Path, name: &str, leader: Option<&ProcessIdentity>) -> Ending {
    let (mut known, mut missed) = (None, 0);
    while missed < LOOKS {
        let asked = async {
            let Some(client) = Client::look(directory)? else { return Ok(None) };
            match known {
                None => client.snapshot().await.map(Some),
                Some(generation) => client.changed(generation, LIMIT).await.map(Some),
            }
        };
        match asked.await {
            Ok(Some(snapshot)) => {
                missed = 0;
                let Some(process) = process_of(&snapshot, name) else { return Ending::Program(None) };
                if process.process.is_none() || process.process.as_ref() != leader {
                    return Ending::Program(process.last_exit);
                }
                known = Some(snapshot.generation);
            }
            Ok(None) => missed += 1,
            Err(error) if error.is_ending() => missed += 1,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
        if missed > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ending::Stack
}
