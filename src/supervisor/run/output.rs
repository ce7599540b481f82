//! From a process's pipes into its log, and looking for the lines that mean something.

use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use regex::bytes::Regex;
use rustix::io::ioctl_fionread;
use rustix::pipe::fcntl_setpipe_size;

use super::messages::{Message, Sender};
use super::redaction::Redaction;
use super::terminal::Terminal;
use crate::screen::Size;
use crate::supervisor::logs::{Stream, Writer};
use crate::supervisor::machine::News;
use crate::supervisor::readiness::readable;
use crate::supervisor::spec::{ProcessSpec, SessionSpec};
use crate::system::text::{Lines, Overlong, printable};

/// Read at once, as much as a pipe holds unless it was made larger.
const BUFFER: usize = 64 * 1024;

/// From so many waiting bytes on they are moved by the kernel, unseen, where no line is looked for in them.
const FLOOD: usize = 64 * 1024;

/// Room in the pipe of a process that floods, so that it and the supervisor take long turns: the most that
/// an ordinary user may ask for.
const FLOOD_PIPE: usize = 1024 * 1024;

/// A line is looked at up to this length.
const SCANNED_LINE: usize = 16 * 1024;

thread_local! {
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; BUFFER]);
}

/// What takes one run's output.
pub(super) struct Output {
    pub(super) writer: Rc<RefCell<Writer>>,
    scanners: RefCell<[Scanner; 2]>,
    told_lost: std::cell::Cell<u64>,
    /// Its pipes have been widened.
    widened: [std::cell::Cell<bool>; 2],
    terminal: Option<RefCell<Terminal>>,
    redaction: RefCell<Redaction>,
}

/// What one read from a pipe gave.
enum Got {
    Bytes,
    Nothing,
    End,
}

impl Output {
    pub(super) fn new(writer: Rc<RefCell<Writer>>, spec: Option<&ProcessSpec>, terminal: Option<Terminal>) -> Rc<Self> {
        let scanners = RefCell::new([Scanner::new(spec), Scanner::new(spec)]);
        let (told_lost, terminal) = (std::cell::Cell::default(), terminal.map(RefCell::new));
        let secret = |session: &SessionSpec| session.secrets.clone();
        let names = spec.and_then(|spec| spec.session.as_ref()).map(secret).unwrap_or_default();
        let values = names.iter().filter_map(|name| spec?.environment.get(name));
        let redaction = RefCell::new(Redaction::of(values));
        Rc::new(Self { writer, scanners, told_lost, widened: Default::default(), terminal, redaction })
    }

    /// Gives its terminal another size, after what the program has drawn by the old one.
    pub(super) fn resize(&self, size: Size, master: BorrowedFd<'_>) -> std::io::Result<Vec<News>> {
        let mut news = Vec::new();
        for _ in 0..=FLOOD_PIPE / BUFFER {
            if !matches!(self.read(master, Stream::Stdout, &mut news), Got::Bytes) {
                break;
            }
        }
        if let Some(terminal) = &self.terminal {
            terminal.borrow_mut().resize(size, &mut self.writer.borrow_mut(), master)?;
        }
        Ok(news)
    }

    /// Takes what is in the pipes now; for the moment when the leader has ended. What a surviving grandchild
    /// writes meanwhile may be endless, so no more than a pipe holds is taken.
    pub(super) fn drain(&self, pipes: &[OwnedFd]) -> Vec<News> {
        let mut news = Vec::new();
        for (pipe, stream) in pipes.iter().zip([Stream::Stdout, Stream::Stderr]) {
            for _ in 0..=FLOOD_PIPE / BUFFER {
                if !matches!(self.read(pipe.as_fd(), stream, &mut news), Got::Bytes) {
                    break;
                }
            }
        }
        news
    }

    fn read(&self, pipe: BorrowedFd<'_>, stream: Stream, news: &mut Vec<News>) -> Got {
        let at = usize::from(stream == Stream::Stderr);
        let waiting = ioctl_fionread(pipe).map_or(0, |waiting| usize::try_from(waiting).unwrap_or(0));
        if waiting >= FLOOD && self.terminal.is_none() {
            if !self.widened[at].replace(true) {
                let _ = fcntl_setpipe_size(pipe, FLOOD_PIPE);
            }
            if !self.scanners.borrow()[at].is_looking()
                && self.writer.borrow_mut().take(stream, pipe, waiting).is_some()
            {
                return Got::Bytes;
            }
        }
        READ_BUFFER.with_borrow_mut(|buffer| {
            let read = match rustix::io::read(pipe, &mut buffer[..]) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Got::Nothing,
                Ok(0) | Err(_) => {
                    let held = self.redaction.borrow_mut().end();
                    self.put(pipe, stream, &held);
                    return Got::End;
                }
                Ok(read) => read,
            };
            let mut redaction = self.redaction.borrow_mut();
            if redaction.is_idle() {
                self.put(pipe, stream, &buffer[..read]);
            } else {
                self.put(pipe, stream, &redaction.pass(&buffer[..read]));
            }
            drop(redaction);
            let writer = self.writer.borrow();
            if writer.lost() != self.told_lost.replace(writer.lost()) {
                news.push(News::Lost(writer.lost()));
            }
            self.scanners.borrow_mut()[at].scan(&buffer[..read], news);
            Got::Bytes
        })
    }
}

impl Output {
    fn put(&self, pipe: BorrowedFd<'_>, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut writer = self.writer.borrow_mut();
        match &self.terminal {
            Some(terminal) => terminal.borrow_mut().take(&mut writer, bytes, pipe),
            None => writer.append(stream, bytes),
        }
    }
}

/// Copies one pipe until it ends.
pub(super) async fn pump(output: Rc<Output>, pipe: OwnedFd, stream: Stream, name: String, run: u64, sender: Sender) {
    let Ok(pipe) = readable(pipe) else { return };
    let mut news = Vec::new();
    loop {
        let Ok(mut ready) = pipe.readable().await else { return };
        let got = output.read(pipe.as_fd(), stream, &mut news);
        for news in news.drain(..) {
            let _ = sender.send(Message::News { name: name.clone(), run, news });
        }
        match got {
            // the pipe may hold more: others get their turn first
            Got::Bytes => tokio::task::yield_now().await,
            Got::Nothing => ready.clear_ready(),
            Got::End => return,
        }
    }
}

/// Looks for `ready_log_line` and `error_log_line` in one stream.
struct Scanner {
    ready: Option<Regex>,
    errors: Option<Regex>,
    lines: Lines,
}

impl Scanner {
    fn new(spec: Option<&ProcessSpec>) -> Self {
        // `config::check` has refused patterns that do not compile
        let pattern = |text: &Option<String>| text.as_deref().and_then(|text| Regex::new(text).ok());
        Self {
            ready: spec.and_then(|spec| pattern(&spec.ready_log_line)),
            errors: spec.and_then(|spec| pattern(&spec.error_log_line)),
            lines: Lines::new(SCANNED_LINE, Overlong::Drop),
        }
    }

    fn is_looking(&self) -> bool {
        self.ready.is_some() || self.errors.is_some()
    }

    fn scan(&mut self, bytes: &[u8], news: &mut Vec<News>) {
        if !self.is_looking() {
            return;
        }
        let Self { ready, errors, lines } = self;
        lines.push(bytes, |line, _| {
            let line = printable(line, false);
            look_for_ready(ready, &line, news);
            if let Some(found) = errors.as_ref().and_then(|errors| errors.captures(line.as_bytes())) {
                let count = found.get(1).and_then(|group| std::str::from_utf8(group.as_bytes()).ok()?.parse().ok());
                news.push(News::LogErrors(count.unwrap_or(1)));
            }
        });
        // a prompt or a banner need not end its line to log its ready line
        if ready.is_some() && !lines.partial().is_empty() {
            look_for_ready(ready, &printable(lines.partial(), false), news);
        }
    }
}

fn look_for_ready(wanted: &mut Option<Regex>, line: &str, news: &mut Vec<News>) {
    if wanted.as_ref().is_some_and(|wanted| wanted.is_match(line.as_bytes())) {
        *wanted = None;
        news.push(News::LogReady);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::testing::process;

    #[test]
    fn lines_are_recognised_across_reads_and_colours() {
        let mut spec = process("tsc --watch");
        spec.ready_log_line = Some(r"Found \d+ errors?\.".to_owned());
        spec.error_log_line = Some(r"Found (\d+) errors?\.".to_owned());
        let mut scanner = Scanner::new(Some(&spec));
        let mut news = Vec::new();
        scanner.scan(b"starting\nFound \x1b[91m", &mut news);
        assert!(news.is_empty());
        scanner.scan(b"3\x1b[0m errors.\n", &mut news);
        scanner.scan(b"Found 0 errors.\n", &mut news);
        assert!(matches!(news.as_slice(), [News::LogReady, News::LogErrors(3), News::LogErrors(0)]), "{news:?}");
    }
}
