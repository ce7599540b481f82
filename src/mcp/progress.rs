//! Progress of a call as MCP's notifications: one a step, in words. Clients that show it, and those that give up on a
//! silent call, see that it goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::report::{Event, Events, Sink, TaskId};

/// Turns events into lines.
struct Lines {
    sender: UnboundedSender<String>,
    tasks: Mutex<HashMap<TaskId, String>>,
}

/// Events, and the lines that come of them.
pub(super) fn channel() -> (Events, UnboundedReceiver<String>) {
    let (sender, receiver) = unbounded_channel();
    (Events::to(Arc::new(Lines { sender, tasks: Mutex::default() })), receiver)
}

impl Sink for Lines {
    fn event(&self, event: Event) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            Event::Started { task, subject, what } => {
                let text = format!("{subject}: {what}");
                tasks.insert(task, text.clone());
                Some(text)
            }
            Event::Progressed { task, detail } => tasks.get(&task).map(|task| format!("{task}: {detail}")),
            Event::Note { subject, text } => Some(format!("{subject}: {text}")),
            Event::Warning { subject, text } => Some(format!("warning: {subject}: {text}")),
            Event::Finished { task, .. } => {
                tasks.remove(&task);
                None
            }
            _ => None,
        };
        if let Some(line) = line {
            // nobody listens any more when the call has been given up
            let _ = self.sender.send(line);
        }
    }
}
