//! Progress: lower layers report what they do, `cli` decides how it is shown.
//!
//! A [`Task`] is a piece of work that a person may wait for. It reports its start, its progress and its end; dropping it
//! reports the end, so a failing path cannot leave a spinner.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A task's number within this run of harness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId(u64);

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEnd {
    /// It is done.
    Done,
    /// It failed, or was abandoned.
    Failed,
    /// Its outcome is not wanted any more.
    Cancelled,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Work began.
    Started {
        /// Which.
        task: TaskId,
        /// What it is for: `agent 3`, `infra`.
        subject: String,
        /// What is done: `build template`.
        what: String,
    },
    /// Work goes on.
    Progressed {
        /// Which.
        task: TaskId,
        /// Replaces the previous detail: `step migrate`, `waiting for api`.
        detail: String,
    },
    /// A measurable amount of work is done.
    Advanced {
        /// Which.
        task: TaskId,
        /// Bytes of a download, else items.
        done: u64,
        /// How many there are, where that is known.
        total: Option<u64>,
    },
    /// A command that the task runs printed a line.
    Output {
        /// Which.
        task: TaskId,
        /// The line, without its end.
        line: String,
    },
    /// Work ended.
    Finished {
        /// Which.
        task: TaskId,
        /// How.
        end: TaskEnd,
        /// How long it took.
        elapsed: Duration,
    },
    /// Something worth one line that is not work.
    Note {
        /// What it is about: `agent 3`, `infra`.
        subject: String,
        /// The line.
        text: String,
    },
    /// Something that the user may have to act on.
    Warning {
        /// What it is about: `agent 3`, `infra`.
        subject: String,
        /// The line.
        text: String,
    },
}

/// Receives events; implemented by the terminal.
pub trait Sink: Send + Sync {
    /// Takes one event. Must not block for long.
    fn event(&self, event: Event);
}

/// A cheap handle on the sink, passed to everything that may take a while.
#[derive(Clone)]
pub struct Events {
    sink: Option<Arc<dyn Sink>>,
    /// What was said once.
    said: Arc<Mutex<BTreeSet<String>>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl Events {
    /// Events that go to `sink`.
    pub fn to(sink: Arc<dyn Sink>) -> Self {
        Self { sink: Some(sink), said: Arc::default() }
    }

    /// Events that are dropped.
    pub fn silent() -> Self {
        Self { sink: None, said: Arc::default() }
    }

    /// Begins a task for `subject`.
    pub fn task(&self, subject: impl Into<String>, what: impl Into<String>) -> Task {
        let id = TaskId(NEXT.fetch_add(1, Ordering::Relaxed));
        self.send(Event::Started { task: id, subject: subject.into(), what: what.into() });
        Task { events: self.clone(), id, began: Instant::now(), end: TaskEnd::Failed }
    }

    /// Says one thing.
    pub fn note(&self, subject: impl Into<String>, text: impl Into<String>) {
        self.send(Event::Note { subject: subject.into(), text: text.into() });
    }

    /// Warns of one thing.
    pub fn warning(&self, subject: impl Into<String>, text: impl Into<String>) {
        self.send(Event::Warning { subject: subject.into(), text: text.into() });
    }

    /// Warns of one thing that holds for every agent of a command: the first one says it.
    pub fn warn_once(&self, subject: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        let is_new = self.said.lock().is_ok_and(|mut said| said.insert(text.clone()));
        if is_new {
            self.warning(subject, text);
        }
    }

    fn send(&self, event: Event) {
        if let Some(sink) = &self.sink {
            sink.event(event);
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Events")
    }
}

/// A piece of work in progress. Dropping it without [`Task::finish`] says that it failed; or that it was cancelled, where
/// it is [`cancellable`](Task::cancellable).
#[derive(Debug)]
pub struct Task {
    events: Events,
    id: TaskId,
    began: Instant,
    /// What dropping it says.
    end: TaskEnd,
}

impl Task {
    /// Replaces the detail line.
    pub fn detail(&self, detail: impl Into<String>) {
        self.events.send(Event::Progressed { task: self.id, detail: detail.into() });
    }

    /// Reports how much is done.
    pub fn advance(&self, done: u64, total: Option<u64>) {
        self.events.send(Event::Advanced { task: self.id, done, total });
    }

    /// Passes on a line of a command's output.
    pub fn output(&self, line: impl Into<String>) {
        self.events.send(Event::Output { task: self.id, line: line.into() });
    }

    /// The same task, which the caller may cancel by dropping it. A failure then has to be reported with [`Task::fail`].
    #[must_use]
    pub fn cancellable(mut self) -> Self {
        self.end = TaskEnd::Cancelled;
        self
    }

    /// Ends the task as done; returns how long it took.
    pub fn finish(mut self) -> Duration {
        self.end = TaskEnd::Done;
        self.began.elapsed()
    }

    /// Ends the task as failed.
    pub fn fail(mut self) {
        self.end = TaskEnd::Failed;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.events.send(Event::Finished { task: self.id, end: self.end, elapsed: self.began.elapsed() });
    }
}
