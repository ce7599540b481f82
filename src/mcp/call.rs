//! One call of a tool: whose stack it is about, who hears of its progress, who asks it to end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::sync::Notify;

use crate::agent::{self, Context, Interruption};
use crate::project::AgentId;
use crate::report::{Events, Failure};
use crate::system::Home;

/// What a tool works with.
pub(super) struct Call {
    /// The environment of the server's caller.
    pub(super) environment: BTreeMap<String, String>,
    /// Where the call acts, as if the verb were run there.
    pub(super) directory: PathBuf,
    /// The agent that the client named.
    pub(super) named: Option<AgentId>,
    /// Who hears of progress.
    pub(super) events: Events,
}

impl Call {
    /// The surroundings of a verb that only looks, or changes what is there.
    pub(super) fn context(&self) -> Result<Context, Failure> {
        self.context_in(Home::look)
    }

    /// The surroundings of a verb that makes something.
    pub(super) fn context_to_make(&self) -> Result<Context, Failure> {
        self.context_in(Home::open)
    }

    fn context_in(&self, open: fn(&std::path::Path) -> crate::system::Result<Home>) -> Result<Context, Failure> {
        let home = open(&Home::locate(|name| self.environment.get(name).cloned())?)?;
        let (environment, directory) = (self.environment.clone(), self.directory.clone());
        Ok(Context { home, environment, directory, events: self.events.clone() })
    }

    /// The agent that is meant.
    pub(super) fn agent(&self, context: &Context) -> Result<AgentId, Failure> {
        agent::resolve(context, self.named)
    }
}

/// The calls in progress.
#[derive(Default)]
pub(super) struct Calls {
    next: Cell<u64>,
    running: RefCell<BTreeMap<u64, Interruption>>,
    changed: Notify,
    ending: Cell<bool>,
}

impl Calls {
    /// Runs one call; `interruption` asks it to end.
    pub(super) async fn run<T>(&self, interruption: &Interruption, work: impl Future<Output = T>) -> T {
        let entry = Entry { calls: self, number: self.next.get() };
        self.next.set(entry.number + 1);
        self.running.borrow_mut().insert(entry.number, interruption.clone());
        if self.ending.get() {
            interruption.ask();
        }
        interruption.scope(work).await
    }

    /// Asks every call to end, and waits until all have.
    pub(super) async fn end(&self) {
        self.ending.set(true);
        self.running.borrow().values().for_each(Interruption::ask);
        loop {
            let changed = self.changed.notified();
            if self.running.borrow().is_empty() {
                return;
            }
            changed.await;
        }
    }
}

/// A call that is known while it runs.
struct Entry<'a> {
    calls: &'a Calls,
    number: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.calls.running.borrow_mut().remove(&self.number);
        self.calls.changed.notify_one();
    }
}
