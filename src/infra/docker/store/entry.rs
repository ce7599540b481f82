//! `harness __store-container HOME STORE PORT DIRECTORY CONTAINER [ARGUMENT...]`, until the container ends, or SIGTERM or SIGINT.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::serve;
use crate::project::Container;
use crate::report::Kind;
use crate::system::{self, Home, until_signal, with_causes};

/// The hidden command.
pub const COMMAND: &str = "__store-container";

/// What such a process is asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// The home.
    pub(super) home: Home,
    /// The stack, as processes are marked.
    pub(super) stack: String,
    /// The store.
    pub(super) store: String,
    /// The port on loopback.
    pub(super) port: u16,
    /// Where the store's data is.
    pub(super) directory: PathBuf,
    /// What the project says of it.
    pub(super) container: Container,
    /// In place of the image's command.
    pub(super) arguments: Vec<String>,
}

/// Runs the container when `arguments` (without the program's name) ask for it; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let Some(request) = parse(rest) else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let failed = ExitCode::from(Kind::Environment.exit_code());
    let mut ending = None;
    let served = until_signal(async { ending = Some(serve::run(&request).await) });
    // also after a signal; a second one ends this
    let stopped = until_signal(async {
        if let Err(error) = serve::stop(&request).await {
            say(&with_causes(&error));
        }
    });
    if served.is_err() || stopped.is_err() {
        return Some(failed);
    }
    Some(match ending {
        None => ExitCode::SUCCESS,
        Some(Ok(code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Some(Err(error)) => {
            say(&with_causes(&error));
            failed
        }
    })
}

/// Into the log of the store.
fn say(text: &str) {
    // a log that cannot be written changes nothing
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn parse(arguments: &[OsString]) -> Option<Request> {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
    let [home, store, port, directory, container, arguments @ ..] = &words[..] else { return None };
    let marker = std::env::var(system::MARKER).ok()?;
    let (_, stack) = marker.split_once('/')?;
    Some(Request {
        home: Home::look(&PathBuf::from(home)).ok()?,
        stack: stack.to_owned(),
        store: (*store).to_owned(),
        port: port.parse().ok()?,
        directory: PathBuf::from(directory),
        container: serde_json::from_str(container).ok()?,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
    })
}
