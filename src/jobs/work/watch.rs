//! The session of a program, looked at until its round is over.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::complete::LONGEST;
use super::stop::{Brake, Step};
use crate::agent::{self, Context, LogRequest};
use crate::project::AgentId;
use crate::report::{SessionRow, SessionState};
use crate::system::text::cut;

/// How often the session is looked at.
const EACH: Duration = Duration::from_millis(500);
/// A program that says that it is done may take so long to end by itself.
const GRACE: Duration = Duration::from_secs(10);
/// A session that is not seen for so long is gone; a supervisor that is being replaced does not answer meanwhile.
const UNSEEN: Duration = Duration::from_secs(30);

/// Looks at the log overlap by so much: clocks are read twice.
const OVERLAP: Duration = Duration::from_millis(50);

/// How a round of the program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Over {
    /// Its program has ended.
    Ended { how: String, well: bool },
    /// It says that it is done.
    Completed,
    /// It takes too long.
    TooLong,
    /// It costs too much.
    TooDear,
    /// Its stack is gone, and the session with it.
    Gone,
}

/// What is watched.
pub(super) struct Watched<'a> {
    pub(super) context: &'a Context,
    pub(super) agent: AgentId,
    pub(super) session: &'a str,
    /// When the round is over.
    pub(super) until: Timestamp,
    pub(super) completion: &'a Path,
    pub(super) tree: &'a Path,
}

impl Watched<'_> {
    /// Watches until the round is over. `heard` is called with each line that the program prints from `since` on, and says
    /// whether it may go on.
    pub(super) async fn until_over(
        &self,
        brake: &Brake,
        since: Timestamp,
        heard: &mut dyn FnMut(Timestamp, &[u8]) -> bool,
    ) -> Step<(Over, Option<String>)> {
        let mut known = Heard::since(since);
        let (mut unseen, mut done): (Option<Instant>, Option<Instant>) = (None, None);
        let mut summary = None;
        loop {
            brake.check()?;
            // first: what it printed last is there once it has ended
            let row = self.look().await;
            let may_go_on = self.hear(&mut known, heard).await;
            if summary.is_none() {
                summary = self.completed();
                done = summary.as_ref().map(|_| Instant::now());
            }
            let over = match row {
                Some(row) if row.state == SessionState::Ended => Some(Over::Ended {
                    well: row.exit_code == Some(0),
                    how: row.reason.unwrap_or_else(|| "ended".to_owned()),
                }),
                Some(_) => {
                    unseen = None;
                    let is_patience_over = done.is_some_and(|since| since.elapsed() >= GRACE);
                    let too_long = (Timestamp::now() >= self.until).then_some(Over::TooLong);
                    let too_dear = (!may_go_on).then_some(Over::TooDear);
                    is_patience_over.then_some(Over::Completed).or(too_long).or(too_dear)
                }
                None => (unseen.get_or_insert_with(Instant::now).elapsed() >= UNSEEN).then_some(Over::Gone),
            };
            if let Some(over) = over {
                // said between the two looks
                return Ok((over, summary.or_else(|| self.completed())));
            }
            tokio::select! {
                biased;
                () = agent::interrupted() => return Err(brake.interrupted()),
                () = tokio::time::sleep(EACH) => {}
            }
        }
    }

    async fn look(&self) -> Option<SessionRow> {
        let listed = agent::sessions(self.context, self.agent).await.ok()?;
        listed.sessions.into_iter().find(|row| row.name == self.session)
    }

    /// Hands on what was printed since the last time.
    async fn hear(&self, known: &mut Heard, heard: &mut dyn FnMut(Timestamp, &[u8]) -> bool) -> bool {
        let mut may_go_on = true;
        let ago: Duration = Timestamp::now().duration_since(known.until).try_into().unwrap_or_default();
        let request = LogRequest {
            stack: self.agent.stack(),
            processes: vec![self.session.to_owned()],
            follow: false,
            lines: None,
            since: Some(ago + OVERLAP),
            grep: None,
        };
        known.look_again();
        // one whose stack is gone has no log
        let _ = agent::logs(self.context, request, &mut |line| {
            if known.is_new(line.time, &line.bytes) {
                may_go_on = heard(line.time, &line.bytes);
            }
        })
        .await;
        may_go_on
    }

    /// What the program says that it did, once it says so.
    fn completed(&self) -> Option<String> {
        let file = std::iter::once(self.completion.to_owned()).chain(in_tree(self.tree)).find(|path| path.is_file())?;
        let text = String::from_utf8_lossy(&std::fs::read(&file).ok()?).into_owned();
        // an empty one is being written
        (file == self.completion || !text.trim().is_empty()).then(|| cut(text.trim(), LONGEST).to_owned())
    }
}

/// What was heard already: up to when, and the lines of that very moment.
struct Heard {
    until: Timestamp,
    lines: Vec<Vec<u8>>,
    /// Of those, what this look at the log has not come across yet: a line that is there twice was printed twice.
    expected: Vec<Vec<u8>>,
}

impl Heard {
    fn since(until: Timestamp) -> Self {
        Self { until, lines: Vec::new(), expected: Vec::new() }
    }

    /// The log is read once more, from before what was heard last.
    fn look_again(&mut self) {
        self.expected.clone_from(&self.lines);
    }

    /// Whether a line was not heard yet. One that has grown is.
    fn is_new(&mut self, time: Timestamp, line: &[u8]) -> bool {
        if time > self.until {
            *self = Self::since(time);
        }
        if time < self.until {
            return false;
        }
        if let Some(at) = self.expected.iter().position(|known| known == line) {
            self.expected.swap_remove(at);
            return false;
        }
        self.lines.push(line.to_owned());
        true
    }
}

/// The files `completion-*.txt` at the top of a tree.
pub(super) fn in_tree(tree: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(tree).into_iter().flatten().filter_map(Result::ok);
    let is_one = |name: &str| {
        name.strip_prefix("completion-").is_some_and(|rest| Path::new(rest).extension().is_some_and(|it| it == "txt"))
    };
    entries.filter(|entry| entry.file_name().to_str().is_some_and(is_one)).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_heard_as_often_as_it_was_printed() {
        let (before, at) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(1).unwrap());
        let mut heard = Heard::since(before);
        let mut look = |lines: &[&str]| -> Vec<bool> {
            heard.look_again();
            lines.iter().map(|line| heard.is_new(at, line.as_bytes())).collect()
        };
        assert_eq!(look(&["a", "b", "a", "a"]), [true; 4]);
        assert_eq!(look(&["a", "b", "a", "a", "a", "c"]), [false, false, false, false, true, true]);
        assert_eq!(look(&["a", "b", "a", "a", "a", "c", "grown"]), [false, false, false, false, false, false, true]);
        assert!(!heard.is_new(before, b"earlier"));
    }
}
