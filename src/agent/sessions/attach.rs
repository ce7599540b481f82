//! `attach`: a session on the user's own terminal.

use std::pin::pin;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until, timeout};

use super::detach::Lookout;
use super::ending::Ending;
use super::joined::{Joined, written};
use super::user_terminal::UserTerminal;
use super::{DetachKeys, SessionError};
use crate::agent::Context;
use crate::project::AgentId;
use crate::report::Failure;
use crate::screen::Painter;
use crate::supervisor::ExitStatus;
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
    let joined = Joined::of(context, agent, name, options.read_only, options.force).await?;
    let (name, end) = (joined.name().to_owned(), joined.ending());
    let viewer = Viewer { joined, terminal: UserTerminal::take()? };
    let left = viewer.run(&options.detach, end).await?;
    let note = |text: String| context.events.note(format!("agent {agent}"), text);
    match left {
        Left::Detached => {
            note(format!("left session `{name}`, which goes on; join it again with `harness attach {agent} {name}`"));
            Ok(0)
        }
        Left::Signal(number) => Ok(128 + number),
        Left::Ended(Ending::Stack) => Err(SessionError::StackEnded { agent, name }.into()),
        Left::Ended(Ending::Program(exit)) => {
            note(format!("session `{name}` {}", Ending::Program(exit)));
            Ok(exit.map_or(0, |exit| code_of(&exit)))
        }
    }
}

fn code_of(exit: &ExitStatus) -> u8 {
    let code = exit.code.or_else(|| exit.signal.map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(125)
}

struct Viewer {
    joined: Joined,
    terminal: UserTerminal,
}

impl Viewer {
    async fn run(mut self, keys: &DetachKeys, end: impl Future<Output = Ending>) -> Result<Left, Failure> {
        let mut resized = signal(SignalKind::window_change()).map_err(system::Error::call("follow the terminal"))?;
        let (mut end, mut signalled) = (pin!(end), pin!(crate::agent::ended()));
        let mut lookout = Lookout::new(keys.clone());
        let mut painter = Painter::new(self.terminal.size());
        self.joined.claim(self.terminal.size());
        let beginning =
            painter.begin(self.joined.picture.screen(), TAIL) + &painter.frame(self.joined.picture.screen());
        self.terminal.draw(beginning);
        let mut next_frame = Instant::now() + FRAME;
        let mut stale = false;
        let left = loop {
            if stale && self.terminal.is_free() && next_frame <= Instant::now() {
                (stale, next_frame) = (false, Instant::now() + FRAME);
                self.terminal.draw(painter.frame(self.joined.picture.screen()));
            }
            tokio::select! {
                number = &mut signalled => break Left::Signal(number),
                typed = self.terminal.keys.recv() => {
                    // its terminal is gone
                    let Some(typed) = typed else { break Left::Detached };
                    let (passed, leaves) = lookout.sift(&typed);
                    if let Some(keyboard) = &mut self.joined.keyboard
                        && !passed.is_empty()
                    {
                        keyboard.push(&passed);
                        self.joined.claim(self.terminal.size());
                    }
                    if leaves {
                        break Left::Detached;
                    }
                }
                () = written(&mut self.joined.keyboard) => {}
                _ = resized.recv() => {
                    painter.resize(self.terminal.size());
                    self.joined.claim_anew(self.terminal.size());
                    stale = true;
                }
                Some(()) = self.terminal.drawn.recv() => self.terminal.was_drawn(),
                () = sleep_until(next_frame), if stale && self.terminal.is_free() => {}
                ending = &mut end => break Left::Ended(ending),
                () = self.joined.picture.changed() => stale |= self.joined.picture.take(),
            }
        };
        if let Left::Ended(_) = left {
            while self.joined.picture.take() {}
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
            let frame = painter.frame(self.joined.picture.screen()) + &painter.end();
            self.terminal.draw(frame);
            self.terminal.drawn.recv().await;
        };
        let _ = timeout(FAREWELL, last).await;
    }
}
