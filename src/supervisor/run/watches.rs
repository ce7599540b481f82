//! The watchers of processes that restart when files change.

use tokio::task::spawn_local;

use super::messages::Message;
use super::supervisor::Supervisor;
use crate::supervisor::machine::Event;
use crate::supervisor::watch::{Sign, watch};

impl Supervisor {
    /// Watches what the config in force says, and nothing else.
    pub(super) fn watch_files(&mut self) {
        let wanted = |name: &str| self.spec.processes.get(name).and_then(|process| process.watch.clone());
        self.watches.retain(|name, (spec, task)| {
            let stays = wanted(name).as_ref() == Some(spec);
            if !stays {
                task.abort();
            }
            stays
        });
        for (name, process) in &self.spec.processes {
            let Some(spec) = process.watch.clone().filter(|_| !self.watches.contains_key(name)) else { continue };
            let (watched, sender) = (name.clone(), self.sender.clone());
            let hear = move |sign| drop(sender.send(Message::Files { name: watched.clone(), sign }));
            let task = spawn_local(watch(spec.clone(), hear));
            self.watches.insert(name.clone(), (spec, task));
        }
    }

    /// Files have changed, or are not watched as they should be.
    pub(super) fn files_say(&mut self, name: String, sign: Sign) {
        match sign {
            Sign::Watching => {}
            Sign::Changed => self.handle(Event::FilesChanged(name)),
            Sign::Note(text) => self.note_in_log(&name, &text),
            Sign::Unwatched(problem) => self.handle(Event::FilesUnwatched(name, problem)),
        }
    }
}
