//! One supervisor, asked for each change of its stack until it ends.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use super::difference::{Processes, agent, between};
use super::picture::Picture;
use crate::report::Happening;
use crate::serve::store::Store;
use crate::supervisor::Client;
use crate::system::StackName;

/// How long one request waits for a change.
const WAIT: Duration = Duration::from_mins(1);
/// A supervisor that has just made its socket answers within this time.
const BEGINNING: Duration = Duration::from_millis(20);
/// How often it is tried.
const ATTEMPTS: u32 = 50;

/// What is known of one stack.
pub(super) struct Stack {
    name: StackName,
    directory: PathBuf,
    /// Its processes as they were last seen; none before the first look.
    seen: RefCell<Option<Processes>>,
    picture: Picture,
}

impl Stack {
    pub(super) fn new(name: StackName, directory: PathBuf, picture: Picture) -> Self {
        Self { name, directory, seen: RefCell::default(), picture }
    }
}

/// Follows the supervisor of a stack until it ends; says whether there was one. `is_new`: it came after the
/// server began, so that the processes that it has at first are events too.
pub(super) async fn follow(stack: &Stack, store: &Store, is_new: bool) -> bool {
    let name = stack.name;
    let Some((client, mut snapshot)) = find(stack).await else {
        stack.picture.is_gone(name, socket(stack).exists());
        return false;
    };
    let running = |running| Happening::Stack { stack: name.to_string(), agent: agent(name), running };
    let first = stack.seen.borrow().is_none() && !is_new;
    let mut happenings = if first { Vec::new() } else { vec![running(true)] };
    loop {
        let before = stack.seen.borrow_mut().replace(snapshot.processes.clone());
        if let Some(before) = before.or_else(|| is_new.then(Processes::new)) {
            happenings.extend(between(name, &before, &snapshot.processes));
        }
        stack.picture.runs(name, &snapshot);
        if !happenings.is_empty() {
            let _ = store.tell(std::mem::take(&mut happenings)).await;
        }
        match client.changed(snapshot.generation, WAIT).await {
            Ok(next) => snapshot = next,
            Err(_) => break,
        }
    }
    stack.picture.is_gone(name, false);
    let _ = store.tell(vec![running(false)]).await;
    true
}

fn socket(stack: &Stack) -> PathBuf {
    stack.directory.join("supervisor.sock")
}

/// The supervisor and its first answer. Its socket exists some moments before it answers.
async fn find(stack: &Stack) -> Option<(Client, crate::supervisor::StackSnapshot)> {
    for _ in 0..ATTEMPTS {
        if let Ok(Some(client)) = Client::look(&stack.directory)
            && let Ok(Some(snapshot)) = client.state().await
        {
            return Some((client, snapshot));
        }
        if !socket(stack).exists() {
            return None;
        }
        tokio::time::sleep(BEGINNING).await;
    }
    None
}
