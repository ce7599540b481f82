//! A session in a page: its screen as JSON, and what is typed in return.
//!
//! Each viewer has a thread, since it reads the session's log and interprets what a program prints. At most one message
//! waits for its connection. So one that is slow costs nothing: it gets what has changed once it takes something again,
//! or the whole screen, where too much has.

use std::pin::pin;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::site::Site;
use super::work::{context, thread};
use crate::agent::{Joined, written};
use crate::project::AgentId;
use crate::report::{Events, Failure};
use crate::screen::{Changes, Row, Screen, Size, Snapshot};
use crate::system::Stop;

/// Between two messages: a screen that a program changes all the time is shown fifty times a second.
const FRAME: Duration = Duration::from_millis(20);
/// Rows of scrollback that come with a whole screen, and that may come with changes.
const TAIL: u64 = 200;
/// How long a viewer may take to take its last message.
const FAREWELL: Duration = Duration::from_secs(10);

/// What a page says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Said {
    /// Keys, as a terminal sends them.
    Keys { text: String },
    /// Text from the clipboard.
    Paste { text: String },
    /// The page has room for so much.
    Resize { columns: u16, rows: u16 },
}

/// What a page is told. `left` are the rows that went into the scrollback.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told {
    Screen {
        #[serde(flatten)]
        screen: Snapshot,
        left: Vec<Row>,
    },
    Changes {
        #[serde(flatten)]
        changes: Changes,
        left: Vec<Row>,
    },
    Ended {
        reason: String,
    },
}

/// The connection's side of a viewer.
pub(super) struct Viewer {
    /// What to send, until the session ends or the server should.
    pub(super) told: mpsc::Receiver<String>,
    /// What was received.
    pub(super) said: mpsc::Sender<Said>,
}

impl Viewer {
    /// Joins a session.
    ///
    /// # Errors
    /// There is no such session, or it has no terminal.
    pub(super) async fn join(
        site: &Site,
        permit: OwnedSemaphorePermit,
        agent: AgentId,
        name: String,
        read_only: bool,
    ) -> Result<Self, Failure> {
        let (context, stop) = (context(site, Some(agent), None, Events::silent()), site.stop.clone());
        let (answer, answered) = oneshot::channel();
        let (tell, told) = mpsc::channel(1);
        let (say, said) = mpsc::channel(16);
        thread(async move || {
            let _permit = permit;
            match Joined::of(&context, agent, Some(&name), read_only, false).await {
                Ok(joined) => {
                    let _ = answer.send(Ok(()));
                    show(joined, tell, said, stop).await;
                }
                Err(failure) => {
                    let _ = answer.send(Err(failure));
                }
            }
        })?;
        // without an answer the connection ends at once
        answered.await.unwrap_or(Ok(()))?;
        Ok(Self { told, said: say })
    }
}

/// What a page has.
#[derive(Debug, Clone, Copy)]
struct Known {
    revision: u64,
    scrolled: u64,
}

async fn show(mut joined: Joined, tell: mpsc::Sender<String>, mut said: mpsc::Receiver<Said>, mut stop: Stop) {
    let mut end = pin!(joined.ending());
    let (mut known, mut room) = (None, None);
    let (mut stale, mut next_frame) = (true, Instant::now());
    let ending = loop {
        let due = stale && next_frame <= Instant::now();
        tokio::select! {
            free = tell.reserve(), if due => {
                let Ok(free) = free else { return };
                (stale, next_frame) = (false, Instant::now() + FRAME);
                free.send(document(&message(joined.picture.screen(), &mut known)));
            }
            () = sleep_until(next_frame), if stale && !due => {}
            said = said.recv() => match said {
                Some(said) => hear(&mut joined, &mut room, said),
                None => return,
            },
            () = written(&mut joined.keyboard) => {}
            ending = &mut end => break ending,
            () = joined.picture.changed() => stale |= joined.picture.take(),
            () = stop.asked() => return,
        }
    };
    while joined.picture.take() {}
    let last = [message(joined.picture.screen(), &mut known), Told::Ended { reason: ending.to_string() }];
    for told in &last {
        if !matches!(timeout(FAREWELL, tell.send(document(told))).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn document(told: &Told) -> String {
    serde_json::to_string(told).unwrap_or_default()
}

/// Does what the page says. `room` is how much it has room for.
fn hear(joined: &mut Joined, room: &mut Option<Size>, said: Said) {
    let keys = match said {
        Said::Resize { columns, rows } => {
            let size = Size::of(columns, rows);
            *room = Some(size);
            return joined.claim_anew(size);
        }
        Said::Keys { text } => text,
        Said::Paste { text } => pasted(&text, joined.picture.screen().modes().bracketed_paste),
    };
    if let Some(keyboard) = &mut joined.keyboard {
        keyboard.push(keys.as_bytes());
        if let Some(room) = *room {
            joined.claim(room);
        }
    }
}

/// Text as a terminal pastes it. It cannot leave the brackets: control characters other than tabs and ends of lines are
/// left out.
fn pasted(text: &str, brackets: bool) -> String {
    let ends = text.replace("\r\n", "\r").replace('\n', "\r");
    let plain: String = ends.chars().filter(|letter| !letter.is_control() || "\r\t".contains(*letter)).collect();
    if brackets { format!("\x1b[200~{plain}\x1b[201~") } else { plain }
}

/// The whole screen, or what has changed since the page was last told.
fn message(screen: &mut Screen, known: &mut Option<Known>) -> Told {
    let revision = screen.revision();
    let scrolled = screen.scrolled();
    let before = known.replace(Known { revision, scrolled });
    let rows = |screen: &Screen, count: u64| screen.scrollback_rows(0, usize::try_from(count).unwrap_or(0));
    let passed = before.map(|before| scrolled.saturating_sub(before.scrolled)).filter(|passed| *passed <= TAIL);
    if let (Some(before), Some(passed)) = (before, passed)
        && let Some(changes) = screen.changes(before.revision)
    {
        return Told::Changes { changes, left: rows(screen, passed) };
    }
    Told::Screen { screen: screen.snapshot(), left: rows(screen, TAIL) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(bytes: &[u8]) -> Screen {
        let mut screen = Screen::new(Size::of(10, 3), 1000);
        screen.feed(bytes);
        screen
    }

    #[test]
    fn a_page_gets_the_screen_then_changes_and_the_whole_where_it_missed_much() {
        let (mut screen, mut known) = (screen(b"one\r\ntwo\r\nthree\r\nfour"), None);
        let first = serde_json::to_value(message(&mut screen, &mut known)).unwrap();
        assert_eq!((&first["type"], &first["rows"][0][0]["t"]), (&"screen".into(), &"two".into()));
        assert_eq!(first["left"][0][0]["t"], "one");
        screen.feed(b"\r\nfive");
        let next = serde_json::to_value(message(&mut screen, &mut known)).unwrap();
        assert_eq!((&next["type"], next["left"].as_array().unwrap().len()), (&"changes".into(), 1));
        assert_eq!(next["left"][0][0]["t"], "two");
        screen.feed(&b"\r\nx".repeat(300));
        let missed = serde_json::to_value(message(&mut screen, &mut known)).unwrap();
        assert_eq!((&missed["type"], missed["left"].as_array().unwrap().len()), (&"screen".into(), 200));
    }

    #[test]
    fn what_is_pasted_stays_within_its_brackets() {
        assert_eq!(pasted("a\nb\r\nc\t\x1b[201~d\x03", true), "\x1b[200~a\rb\rc\t[201~d\x1b[201~");
        assert_eq!(pasted("a\n", false), "a\r");
    }
}
