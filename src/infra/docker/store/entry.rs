//! `harness __store-container HOME STORE PORT DIRECTORY CONTAINER [ARGUMENT...]`, until the container ends, or SIGTERM or SIGINT.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use super::request::Request;
use super::serve;
use crate::report::Kind;
use crate::system::{until_signal, with_causes};

/// The hidden command.
pub const COMMAND: &str = "__store-container";

/// Runs the container when `arguments` (without the program's name) ask for it; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let Some(request) = Request::read(rest) else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
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
