//! What a job says, on its way to the reporter.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::secrets::Secrets;
use crate::report::{Event, Events, JobOutcome, QueueJobState, Sink};
use crate::system::text::{cut, plain};

/// Lines that may wait; of more the oldest are kept.
const WAITING: usize = 4096;
/// Bytes of a line that are kept.
const LONGEST: usize = 8 << 10;
/// How long the last lines may take.
const LAST: Duration = Duration::from_secs(20);

/// Before what the program of a job prints.
pub(super) const OF_PROGRAM: &str = "| ";

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) state: Option<QueueJobState>,
    pub(super) outcome: JobOutcome,
}

/// One thing said.
#[derive(Debug)]
pub(super) enum Said {
    Line(String),
    /// Everything before it must be on the server first.
    Flush(oneshot::Sender<()>),
}

/// The ear of a line.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) facts: watch::Receiver<Facts>,
    pub(super) said: mpsc::Receiver<Said>,
}

/// The way from a job to its reporter.
#[derive(Clone)]
pub(super) struct Line {
    facts: watch::Sender<Facts>,
    said: mpsc::Sender<Said>,
    secrets: Secrets,
    job: u64,
    echo: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Line {
    /// The line of a job, and its other end. `echo` gets what is not said by the program.
    pub(super) fn open(job: u64, echo: Arc<dyn Fn(&str) + Send + Sync>) -> (Self, Ear) {
        let ((facts, heard_facts), (said, heard)) = (watch::channel(Facts::default()), mpsc::channel(WAITING));
        (Self { facts, said, secrets: Secrets::default(), job, echo }, Ear { facts: heard_facts, said: heard })
    }

    /// The same, that keeps these secret.
    pub(super) fn keeping(self, secrets: Secrets) -> Self {
        Self { secrets, ..self }
    }

    /// Says a line.
    pub(super) fn say(&self, text: &str) {
        for line in text.lines() {
            let line = self.secrets.redacted(&plain(line));
            if !line.starts_with(OF_PROGRAM) {
                (self.echo)(&format!("job {}: {line}", self.job));
            }
            let _ = self.said.try_send(Said::Line(cut(&line, LONGEST).to_owned()));
        }
    }

    /// Says how far the job is.
    pub(super) fn tell(&self, facts: Facts) {
        self.facts.send_if_modified(|known| {
            let is_new = *known != facts;
            *known = facts;
            is_new
        });
    }

    /// Waits until what was said is on the server, or cannot be.
    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.said.send(Said::Flush(done)).await.is_ok() {
            let _ = tokio::time::timeout(LAST, flushed).await;
        }
    }

    /// What verbs say on their way.
    pub(super) fn events(&self) -> Events {
        Events::to(Arc::new(self.clone()))
    }
}

impl Sink for Line {
    fn event(&self, event: Event) {
        match event {
            Event::Started { subject, what, .. } => self.say(&format!("{subject}: {what}")),
            Event::Note { subject, text } => self.say(&format!("{subject}: {text}")),
            Event::Warning { subject, text } => self.say(&format!("{subject}: warning: {text}")),
            _ => {}
        }
    }
}
