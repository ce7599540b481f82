//! `harness __refill-spares HOME-ID PROJECT TEMPLATE COUNT`: the login from the environment, a runtime, until all is there.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use super::super::{Access, Admin, Patience, Server};
use super::refill::refill;
use crate::report::Kind;
use crate::system::{Secret, until_signal, with_causes};

/// The hidden command.
pub(super) const COMMAND: &str = "__refill-spares";
/// The variables that carry the administrator's login.
pub(super) const VARIABLES: [&str; 5] = [
    "HARNESS_SPARES_HOST",
    "HARNESS_SPARES_PORT",
    "HARNESS_SPARES_DATABASE",
    "HARNESS_SPARES_USER",
    "HARNESS_SPARES_PASSWORD",
];

/// Refills when `arguments` (without the program's name) ask for it; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let words: Vec<&str> = rest.iter().filter_map(|word| word.to_str()).collect();
    let ([home, project, template, count], Some(server)) = (&words[..], server()) else {
        return Some(ExitCode::from(Kind::Usage.exit_code()));
    };
    let Ok(count) = count.parse() else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    let work = async {
        let outcome = refill(&server, home, project, template, count).await;
        // one that was stopped meanwhile is no failure of ours
        if let Err(error) = outcome
            && Admin::connect(&server).await.is_ok()
        {
            // standard error is the log; a log that cannot be written changes nothing
            let _ = writeln!(std::io::stderr(), "{template}: {}", with_causes(&error));
        }
    };
    Some(match until_signal(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Kind::Environment.exit_code()),
    })
}

fn server() -> Option<Server> {
    let values: Vec<String> = VARIABLES.iter().filter_map(|name| std::env::var(name).ok()).collect();
    let [host, port, database, user, password] = <[String; 5]>::try_from(values).ok()?;
    // a server that has been stopped meanwhile needs no spares
    let access = Access { patience: Patience::LOOKING, ..Access::OWN };
    Some(Server { host, port: port.parse().ok()?, user, password: Secret::new(password), database, access })
}
