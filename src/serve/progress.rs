//! What a job says on its way, as events. What comes faster than the store takes it is left out.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::store::Store;
use crate::project::AgentId;
use crate::report::{Event, Events, Happening, Sink};

/// What may wait.
const WAITING: usize = 64;
/// How long the last words may take.
const LAST: Duration = Duration::from_secs(5);

/// The words of one job.
pub(super) struct Progress {
    events: Events,
    writer: JoinHandle<()>,
}

struct Listener {
    said: mpsc::Sender<Happening>,
    job: u64,
    agent: u8,
}

impl Sink for Listener {
    fn event(&self, event: Event) {
        let (subject, text) = match event {
            Event::Started { subject, what, .. } => (subject, what),
            Event::Note { subject, text } => (subject, text),
            Event::Warning { subject, text } => (subject, format!("warning: {text}")),
            _ => return,
        };
        let _ = self.said.try_send(Happening::Progress { job: self.job, agent: Some(self.agent), subject, text });
    }
}

impl Progress {
    /// To be called on the server's runtime.
    pub(super) fn of(store: &Store, job: u64, agent: AgentId) -> Self {
        let (said, mut heard) = mpsc::channel(WAITING);
        let store = store.clone();
        let writer = tokio::spawn(async move {
            while let Some(first) = heard.recv().await {
                let mut together = vec![first];
                let more = std::iter::from_fn(|| heard.try_recv().ok());
                together.extend(more.take(WAITING));
                let _ = store.tell(together).await;
            }
        });
        Self { events: Events::to(Arc::new(Listener { said, job, agent: agent.get() })), writer }
    }

    pub(super) fn events(&self) -> Events {
        self.events.clone()
    }

    /// Waits until everything that was said is written.
    pub(super) async fn end(self) {
        let Self { events, writer } = self;
        drop(events);
        let _ = tokio::time::timeout(LAST, writer).await;
    }
}
