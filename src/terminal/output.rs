//! The one place that decides what is written where.

use std::io::{IsTerminal, Write};

use serde::Serialize;

use super::error::render_failure;
use super::style;
use crate::report::{ErrorDocument, Events, Failure, LoggedLine};
use crate::supervisor::logs::{LogLine, Stream, printable};

/// How much is told on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Tasks, notes, warnings.
    Normal,
    /// Also each line that commands print.
    Verbose,
}

/// What a verb prints through.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// One JSON document on stdout instead of text.
    pub json: bool,
    /// How much goes to stderr.
    pub verbosity: Verbosity,
}

impl Output {
    /// The event sink that fits: live on a terminal, lines elsewhere.
    pub fn events(self) -> Events {
        super::progress(self.verbosity, std::io::stderr().is_terminal())
    }

    /// Writes data to stdout; a reader that went away (`| head`) is no error.
    #[allow(clippy::unused_self)] // stdout belongs to the output, whatever its settings
    pub fn data(self, text: &str) {
        let mut stdout = anstream::stdout().lock();
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Writes a document: as JSON, or as the text that `text` makes of it.
    pub fn document<T: Serialize>(self, document: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            write_json(serde_json::to_vec_pretty(document));
        } else {
            self.data(&text(document));
        }
    }

    /// Writes one of many documents: as a line of JSON.
    #[allow(clippy::unused_self)] // stdout belongs to the output, whatever its settings
    pub fn json_line<T: Serialize>(self, document: &T) {
        write_json(serde_json::to_vec(document));
    }

    /// Tells a person something on stderr.
    pub fn tell(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Writes a line of a log: as a JSON object, or for people, with the process's name where several
    /// are shown.
    pub fn log_line(self, line: &LogLine, several: bool) {
        let mut stdout = anstream::stdout().lock();
        if self.json {
            let text = String::from_utf8_lossy(&line.bytes);
            let stream = if line.stream == Stream::Stdout { "stdout" } else { "stderr" };
            let document = LoggedLine {
                schema: "harness/logs-line/1".to_owned(),
                time: line.time.to_string(),
                process: line.process.clone(),
                stream: stream.to_owned(),
                line: text.into_owned(),
                continued: line.continued,
            };
            let _ = serde_json::to_writer(&mut stdout, &document);
            let _ = writeln!(stdout);
            return;
        }
        let text = printable(&line.bytes, std::io::stdout().is_terminal());
        let _ = if several {
            let style = style::of_name(&line.process);
            writeln!(stdout, "{style}{}{style:#} | {text}", line.process)
        } else {
            writeln!(stdout, "{text}")
        };
    }

    /// Shows one error of several to people.
    #[allow(clippy::unused_self)] // errors are shown whatever the verbosity
    pub fn tell_error(self, error: &ErrorDocument) {
        let _ = write!(anstream::stderr(), "{}", render_failure(error));
    }

    /// Reports a failure: for people on stderr, and with `--json` also as the document of `verb`.
    pub fn failure(self, verb: &str, failure: &Failure) {
        let _ = write!(anstream::stderr(), "{}", render_failure(&failure.document()));
        if self.json {
            let document = serde_json::json!({ "schema": format!("harness/{verb}/1"), "error": failure.document() });
            self.document(&document, |_| String::new());
        }
    }
}

/// Writes a document whole: line by line a reader at the other end of a pipe is woken a hundred times.
fn write_json(document: serde_json::Result<Vec<u8>>) {
    let mut bytes = document.unwrap_or_default();
    bytes.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
}
