//! The one place that decides what is written where.

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

use super::error::render_failure;
use super::style::{self, DIM};
use super::verbosity::Verbosity;
use crate::report::{ErrorDocument, Events, Failure, Kind, LoggedLine};
use crate::supervisor::logs::LogLine;
use crate::system::text::printable;

/// How lines of a log are shown to people.
#[derive(Debug, Clone, Copy)]
pub struct LogFormat {
    /// With the name of the process.
    pub names: bool,
    /// With the time of its first byte.
    pub timestamps: bool,
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
        super::progress(self.verbosity, io::stderr().is_terminal())
    }

    /// Writes data to stdout; a reader that went away (`| head`) is no error.
    #[allow(clippy::unused_self)] // stdout belongs to the output, whatever its settings
    pub fn data(self, text: &str) {
        let mut stdout = anstream::stdout().lock();
        written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
    }

    /// Writes a document: as JSON, or as the text that `text` makes of it.
    pub fn document<T: Serialize>(self, document: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            written(json(|buffer| serde_json::to_writer_pretty(buffer, document)));
        } else {
            self.data(&text(document));
        }
    }

    /// Writes one of a series of documents: as a line of JSON, or as the text that `text` makes of it.
    pub fn next_document<T: Serialize>(self, document: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            streamed(json(|buffer| serde_json::to_writer(buffer, document)));
        } else {
            streamed(anstream::stdout().write_all(text(document).as_bytes()));
        }
    }

    /// Tells a person something on stderr.
    pub fn tell(self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }

    /// Writes a line of a log: as a JSON object, or for people.
    pub fn log_line(self, line: &LogLine, format: LogFormat) {
        if self.json {
            let document = LoggedLine::from(line);
            return streamed(json(|buffer| serde_json::to_writer(buffer, &document)));
        }
        let mut stdout = anstream::stdout().lock();
        let text = printable(&line.bytes, io::stdout().is_terminal());
        let time = if format.timestamps { format!("{DIM}{:.3}{DIM:#} ", line.time) } else { String::new() };
        streamed(if format.names {
            let style = style::of_name(&line.process);
            writeln!(stdout, "{time}{style}{}{style:#} | {text}", line.process)
        } else {
            writeln!(stdout, "{time}{text}")
        });
    }

    /// Shows one error of several to people.
    #[allow(clippy::unused_self)] // errors are shown whatever the verbosity
    pub fn tell_error(self, error: &ErrorDocument) {
        let _ = write!(anstream::stderr(), "{}", render_failure(error));
    }

    /// Shows the errors of several agents to people: one that several have is shown once.
    pub fn tell_errors<'a>(self, errors: impl IntoIterator<Item = (u8, &'a ErrorDocument)>) {
        let mut distinct: Vec<(Vec<u8>, &ErrorDocument)> = Vec::new();
        for (agent, error) in errors {
            match distinct.iter_mut().find(|(_, known)| *known == error) {
                Some((agents, _)) => agents.push(agent),
                None => distinct.push((vec![agent], error)),
            }
        }
        for (agents, error) in distinct {
            if agents.len() > 1 {
                let agents: Vec<String> = agents.iter().map(ToString::to_string).collect();
                let _ = writeln!(anstream::stderr(), "agents {}:", agents.join(", "));
            }
            self.tell_error(error);
        }
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

/// Writes a whole line of JSON to stdout in one piece: line by line, a long document costs a system call each.
fn json(serialize: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) -> io::Result<()> {
    let mut buffer = Vec::new();
    serialize(&mut buffer)?;
    buffer.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&buffer)?;
    stdout.flush()
}

/// Ends the command when its data did not reach stdout (a full disk): what is cut off is worth nothing. A
/// reader that went away (`| head`) has all it wanted, which changes nothing about the command's outcome.
fn written(result: io::Result<()>) {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(anstream::stderr(), "error: cannot write to stdout: {error}");
            std::process::exit(Kind::Environment.exit_code().into());
        }
        _ => {}
    }
}

/// The same for one piece of many: without a reader the series ends.
fn streamed(result: io::Result<()>) {
    if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
    written(result);
}
