//! How a session ends.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::list::how;
use crate::supervisor::{ExitStatus, Follower, ProcessSnapshot, StackSnapshot};
use crate::system::ProcessIdentity;

/// How long one question waits.
const LIMIT: Duration = Duration::from_mins(1);

/// A stack that no supervisor speaks for counts as ended after so long, if the program has ended too: a supervisor that is
/// being replaced by another binary says that it is ending, and means itself.
const SILENCE: Duration = Duration::from_secs(1);

/// While the program lives, its stack does: a teardown ends the programs of a stack before its supervisor. So the supervisor
/// is being replaced, which takes its guardian 8 s at most, unless both were killed.
const REPLACEMENT: Duration = Duration::from_secs(15);

/// Between two attempts to ask a supervisor that did not answer.
const PAUSE: Duration = Duration::from_millis(200);

/// Why there is nothing more to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The program has ended so; it was stopped and taken off the list where that is not known.
    Program(Option<ExitStatus>),
    /// The stack has ended.
    Stack,
}

/// As it goes on after the session's name.
impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(Some(exit)) => formatter.write_str(&how(exit)),
            Self::Program(None) => formatter.write_str("was stopped"),
            Self::Stack => formatter.write_str("has ended with its stack"),
        }
    }
}

/// A session or process by name.
pub(super) fn process_of<'a>(snapshot: &'a StackSnapshot, name: &str) -> Option<&'a ProcessSnapshot> {
    snapshot.sessions.get(name).map(|session| &session.process).or_else(|| snapshot.processes.get(name))
}

/// Waits for the end of this run of a program, across the deaths of supervisors.
pub async fn ending(directory: &Path, name: &str, leader: Option<&ProcessIdentity>) -> Ending {
    let (mut follower, mut silent_since) = (Follower::default(), None);
    loop {
        match follower.next(directory, LIMIT).await {
            Ok(Some(snapshot)) => {
                silent_since = None;
                let Some(process) = process_of(&snapshot, name) else { return Ending::Program(None) };
                if process.process.is_none() || process.process.as_ref() != leader {
                    return Ending::Program(process.last_exit);
                }
                continue;
            }
            Err(error) if !error.is_ending() => {}
            _ => {
                let since = *silent_since.get_or_insert_with(Instant::now);
                let lives = leader.is_some_and(ProcessIdentity::is_alive);
                if since.elapsed() > if lives { REPLACEMENT } else { SILENCE } {
                    return Ending::Stack;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
