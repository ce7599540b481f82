//! `attach`: a session on the user's own terminal.

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use super::detach::Lookout;
use super::ending::{Ending, ending, process_of};
use super::keyboard::Keyboard;
use super::list::{client_of, how};
use super::picture::Picture;
use super::user_terminal::UserTerminal;
use super::{DetachKeys, SessionError};
use crate::agent::{Context, ownership};
use crate::project::AgentId;
use crate::report::Failure;
use crate::screen::{Painter, Size};
use crate::supervisor::{Client, ExitStatus, StackSnapshot};
use crate::system;

/// Between two frames: a screen that a program changes all the time is drawn fifty times a second.
const FRAME: Duration = Duration::from_millis(20);

/// Rows of scrollback that who joins gets.
const TAIL: usize = 200;

/// How long the last frame may take.
const FAREWELL: Duration = Duration::from_millis(300);

/// How a session is joined.
#[derive(Debug, Clone)]
pub struct AttachOptions {
    /// What leaves it.
    pub detach: DetachKeys,
    /// Look on, without typing and without a say in its size.
    pub read_only: bool,
    /// Also for an agent of another project than the one here.
    pub force: bool,
}

/// Why the loop ended.
enum Left {
    Detached,
    Ended(Ending),
    /// A signal with this number.
    Signal(u8),
}

/// Joins a session (the only one where none is named), or a process with `tty = true`, until it ends or the user leaves it. Returns the program's exit code,
/// 128 + n when signal n ended it or this command, 0 for a user who left.
///
/// # Errors
/// There is no such session, it has no terminal, or this command has none.
pub async fn attach(
    context: &Context,
    agent: AgentId,
    name: Option<&str>,
    options: &AttachOptions,
) -> Result<u8, Failure> {
    if !options.read_only {
        ownership::check_agent(context, agent, options.force)?;
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
    let viewer = Viewer {
        picture: Picture::of(&directory, name)?,
        keyboard: keyboard.filter(|_| !options.read_only),
        name: name.to_owned(),
        directory: directory.clone(),
        wanted: None,
        terminal: UserTerminal::take()?,
    };
    let end = async {
        match &leader {
            Some(leader) => ending(&directory, name, Some(leader)).await,
            None => Ending::Program(process.last_exit),
        }
    };
    let left = viewer.run(&options.detach, end).await?;
    let note = |text: String| context.events.note(format!("agent {agent}"), text);
    match left {
        Left::Detached => {
            note(format!("left session `{name}`, which goes on; join it again with `harness attach {agent} {name}`"));
            Ok(0)
        }
        Left::Signal(number) => Ok(128 + number),
        Left::Ended(Ending::Stack) => Err(SessionError::StackEnded { agent, name: name.to_owned() }.into()),
        Left::Ended(Ending::Program(exit)) => {
            note(format!("session `{name}` {}", exit.as_ref().map_or_else(|| "was stopped".to_owned(), how)));
            Ok(exit.map_or(0, |exit| code_of(&exit)))
        }
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

fn code_of(exit: &ExitStatus) -> u8 {
    let code = exit.code.or_else(|| exit.signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(125)
}

struct Viewer {
    picture: Picture,
    /// None for one who only looks on.
    keyboard: Option<Keyboard>,
    name: String,
    directory: PathBuf,
    /// The size that was last asked for.
    wanted: Option<Size>,
    terminal: UserTerminal,
}

impl Viewer {
    async fn run(mut self, keys: &DetachKeys, end: impl Future<Output = Ending>) -> Result<Left, Failure> {
        let mut resized = signal(SignalKind::window_change()).map_err(system::Error::call("follow the terminal"))?;
        let (mut end, mut told) = (pin!(end), pin!(crate::agent::ended()));
        let mut lookout = Lookout::new(keys.clone());
        let mut painter = Painter::new(self.terminal.size());
        self.claim_size();
        let beginning = painter.begin(self.picture.screen(), TAIL) + &painter.frame(self.picture.screen());
        self.terminal.draw(beginning);
        let mut next_frame = Instant::now() + FRAME;
        let mut stale = false;
        let left = loop {
            if stale && self.terminal.is_free() && next_frame <= Instant::now() {
                (stale, next_frame) = (false, Instant::now() + FRAME);
                self.terminal.draw(painter.frame(self.picture.screen()));
            }
            let keyboard = async {
                match &mut self.keyboard {
                    Some(keyboard) => keyboard.written().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                number = &mut told => break Left::Signal(number),
                typed = self.terminal.keys.recv() => {
                    // its terminal is gone
                    let Some(typed) = typed else { break Left::Detached };
                    let (passed, leaves) = lookout.sift(&typed);
                    if let Some(keyboard) = &mut self.keyboard
                        && !passed.is_empty()
                    {
                        keyboard.push(&passed);
                        self.claim_size();
                    }
                    if leaves {
                        break Left::Detached;
                    }
                }
                () = keyboard => {}
                _ = resized.recv() => {
                    painter.resize(self.terminal.size());
                    self.wanted = None;
                    self.claim_size();
                    stale = true;
                }
                Some(()) = self.terminal.drawn.recv() => self.terminal.was_drawn(),
                () = sleep_until(next_frame), if stale && self.terminal.is_free() => {}
                ending = &mut end => break Left::Ended(ending),
                () = self.picture.changed() => stale |= self.picture.take(),
            }
        };
        if let Left::Ended(_) = left {
            while self.picture.take() {}
        }
        self.leave(&mut painter).await;
        Ok(left)
    }

    /// The last frame, and the user's terminal as it was; bounded, since that may take nothing more.
    async fn leave(&mut self, painter: &mut Painter) {
        let last = async {
            if !self.terminal.is_free() {
                self.terminal.drawn.recv().await;
                self.terminal.was_drawn();
            }
            let frame = painter.frame(self.picture.screen()) + &painter.end();
            self.terminal.draw(frame);
            self.terminal.drawn.recv().await;
        };
        let _ = timeout(FAREWELL, last).await;
    }

    /// Gives the session this terminal's size, if it has another.
    fn claim_size(&mut self) {
        let own = self.terminal.size();
        let is_right = self.picture.screen().size() == own;
        // asked for once, until it is so or somebody else changes it
        if is_right {
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
}
