//! A session that somebody has joined: what it shows, what is typed into it, and whose size it gets.

use std::future::pending;
use std::path::PathBuf;

use super::SessionError;
use super::ending::{Ending, ending, process_of};
use super::keyboard::Keyboard;
use super::list::client_of;
use super::picture::Picture;
use crate::agent::{Context, ownership};
use crate::project::AgentId;
use crate::report::Failure;
use crate::screen::Size;
use crate::supervisor::{Client, ExitStatus, StackSnapshot};
use crate::system::ProcessIdentity;

/// A session, for one viewer.
#[derive(Debug)]
pub struct Joined {
    /// What it shows.
    pub picture: Picture,
    /// What is typed; none for one who only looks on, or where the program has ended.
    pub keyboard: Option<Keyboard>,
    name: String,
    directory: PathBuf,
    /// The program; none where it has ended, so.
    leader: Option<ProcessIdentity>,
    last_exit: Option<ExitStatus>,
    /// The size that was last asked for.
    wanted: Option<Size>,
}

impl Joined {
    /// Joins a session (the only one where none is named), or a process with `tty = true`; with `read_only` to look on,
    /// with `force` also if the agent is another project's.
    ///
    /// # Errors
    /// There is no such session, or it has no terminal.
    pub async fn of(
        context: &Context,
        agent: AgentId,
        name: Option<&str>,
        read_only: bool,
        force: bool,
    ) -> Result<Self, Failure> {
        if !read_only {
            ownership::check_agent(context, agent, force)?;
        }
        let client = client_of(context, agent)?;
        let snapshot = client.snapshot().await?;
        let name = match (name, snapshot.sessions.keys().collect::<Vec<_>>().as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => only.as_str(),
            (None, several) => {
                let known = several.iter().map(|name| (*name).clone()).collect();
                return Err(SessionError::Unnamed { agent, known }.into());
            }
        };
        let Some(process) = process_of(&snapshot, name) else { return Err(unknown(agent, name, &snapshot)) };
        let directory = context.home.stack_dir(agent.stack());
        let leader = process.process.clone();
        // of a session that has ended the last screen is shown
        let keyboard = if leader.is_some() || !snapshot.sessions.contains_key(name) {
            Some(keyboard(&client, agent, name).await?)
        } else {
            None
        };
        Ok(Self {
            picture: Picture::of(&directory, name)?,
            keyboard: keyboard.filter(|_| !read_only),
            name: name.to_owned(),
            directory,
            leader,
            last_exit: process.last_exit,
            wanted: None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until its program has ended, or its stack.
    pub fn ending(&self) -> impl Future<Output = Ending> + use<> {
        let (directory, name) = (self.directory.clone(), self.name.clone());
        let (leader, last_exit) = (self.leader.clone(), self.last_exit);
        async move {
            match &leader {
                Some(leader) => ending(&directory, &name, Some(leader)).await,
                None => Ending::Program(last_exit),
            }
        }
    }

    /// Gives the session the size of this viewer, if it has another and the viewer has a say in it.
    pub fn claim(&mut self, own: Size) {
        // asked for once, until it is so or somebody else changes it
        if self.picture.screen().size() == own {
            self.wanted = None;
        } else if self.keyboard.is_some() && self.wanted != Some(own) {
            self.wanted = Some(own);
            let (directory, name) = (self.directory.clone(), self.name.clone());
            tokio::spawn(async move {
                if let Ok(Some(client)) = Client::look(&directory) {
                    let _ = client.resize(&name, own).await;
                }
            });
        }
    }

    /// The same for a viewer who has changed its size: asked for in any case.
    pub fn claim_anew(&mut self, own: Size) {
        self.wanted = None;
        self.claim(own);
    }
}

/// Writes what was typed, where something can be.
pub async fn written(keyboard: &mut Option<Keyboard>) {
    match keyboard {
        Some(keyboard) => keyboard.written().await,
        None => pending().await,
    }
}

fn unknown(agent: AgentId, name: &str, snapshot: &StackSnapshot) -> Failure {
    let known = snapshot.sessions.keys().cloned().collect();
    SessionError::Unknown { agent, name: name.to_owned(), known }.into()
}

async fn keyboard(client: &Client, agent: AgentId, name: &str) -> Result<Keyboard, Failure> {
    Keyboard::of(client, name).await.map_err(|failure| match failure.document().code.as_str() {
        "supervisor.rejected" => SessionError::NoTerminal { agent, name: name.to_owned() }.into(),
        _ => failure,
    })
}
