//! Answering requests.

use std::os::unix::fs::PermissionsExt;

use tokio::sync::oneshot;

use super::control::error;
use super::supervisor::{Ending, Supervisor};
use crate::report::Diagnostic;
use crate::supervisor::Error;
use crate::supervisor::error::ENDING;
use crate::supervisor::link::ToGuardian;
use crate::supervisor::machine::Event;
use crate::supervisor::protocol::{Destination, Request, Response};
use crate::system::with_causes;

impl Supervisor {
    /// Answers a request; a shutdown is answered at its end.
    pub(super) fn request(&mut self, request: Request, answer: oneshot::Sender<Response>) {
        let refusal = || error(ENDING, "the stack is stopping".to_owned());
        if !matches!(request, Request::Snapshot | Request::Changed { .. })
            && let Some(idle) = &mut self.idle
        {
            idle.was_used();
        }
        let response = match request {
            Request::Snapshot | Request::Changed { .. } => Response::Snapshot(Box::new(self.snapshot())),
            Request::Shutdown => return self.shut_down(Some(answer)),
            _ if self.ending.is_some() => refusal(),
            Request::Apply { restart_changed, revive } => self.after(|it| it.reload(restart_changed, revive)),
            Request::Start { names } => self.named(&names, Event::Start(names.clone())),
            Request::Restart { names } => self.named(&names, Event::Restart(names.clone())),
            Request::Stop { names } => match self.unknown(&names) {
                Some(response) => response,
                None => self.after(|it| {
                    it.handle(Event::Stop(names));
                    Ok(())
                }),
            },
            Request::Park => self.after(|it| {
                it.handle(Event::Park);
                Ok(())
            }),
            Request::Wake => self.after(|it| {
                it.handle(Event::Wake);
                Ok(())
            }),
            Request::Connect { to } => self.address_of(to),
            Request::StartSession { name, process } => self.start_session(name, *process),
            Request::RemoveSession { name } => self.remove_session(&name),
            Request::Resize { name, size } => self.resize(&name, size),
            // `control` asks for the terminal itself
            Request::Terminal { name } => self.terminal(&name).map_or_else(|refusal| refusal, |_| Response::Done),
            Request::Replace { binary } => self.replace(&binary),
        };
        let _ = answer.send(response);
    }

    /// Starts or restarts, by the config of now.
    fn named(&mut self, names: &[String], event: Event) -> Response {
        if let Err(problem) = self.reload(false, false) {
            return refusal_of(&problem);
        }
        self.unknown(names).unwrap_or_else(|| {
            self.after(|it| {
                it.handle(event);
                Ok(())
            })
        })
    }

    pub(super) fn after(&mut self, act: impl FnOnce(&mut Self) -> Result<(), Error>) -> Response {
        match act(self) {
            Ok(()) => Response::Snapshot(Box::new(self.snapshot())),
            Err(problem) => refusal_of(&problem),
        }
    }

    fn unknown(&self, names: &[String]) -> Option<Response> {
        let unknown = names.iter().find(|name| self.machine.definition(name).is_none())?;
        Some(error("process.unknown", format!("there is no process `{unknown}`")))
    }

    /// Where a command may be connected to.
    fn address_of(&self, to: Destination) -> Response {
        let address = match to {
            Destination::Port(port) => {
                let is_ours = self.spec.processes.values().any(|process| process.ports.contains(&port));
                is_ours.then(|| format!("localhost:{port}"))
            }
            Destination::Database => self.spec.database.clone(),
        };
        match address {
            Some(address) => Response::Address { address },
            None => error("supervisor.destination", "this stack has no such port or database".to_owned()),
        }
    }

    /// Ends in favour of another binary; the guardian becomes it first.
    fn replace(&mut self, binary: &str) -> Response {
        let runnable = std::fs::metadata(binary)
            .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0);
        if !runnable {
            return error("supervisor.binary", format!("`{binary}` is not a program"));
        }
        self.tell(&ToGuardian::Replace { binary: binary.to_owned() }, &[]);
        self.ending = Some(Ending::Replaced);
        Response::Done
    }
}

/// An error with its causes, in one sentence.
fn refusal_of(problem: &Error) -> Response {
    error(problem.code(), with_causes(problem))
}
