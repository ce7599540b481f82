//! `harness __close-databases`: the login from the environment, a runtime, until SIGTERM or SIGINT.

use std::ffi::OsString;
use std::process::ExitCode;

use super::super::{Access, DatabaseCredentials};
use super::watch;
use crate::report::Kind;
use crate::system::{Secret, until_signal};

/// The hidden command.
pub(super) const COMMAND: &str = "__close-databases";
/// The variables that carry the login. Not libpq's: those are the application's.
pub(super) const VARIABLES: [&str; 5] = [
    "HARNESS_CLOSE_HOST",
    "HARNESS_CLOSE_PORT",
    "HARNESS_CLOSE_DATABASE",
    "HARNESS_CLOSE_USER",
    "HARNESS_CLOSE_PASSWORD",
];

/// Keeps an agent's databases closed when `arguments` (without the program's name) ask for it; `None` when they ask
/// for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    if arguments.first()?.to_str() != Some(COMMAND) {
        return None;
    }
    let Some(login) = login() else { return Some(ExitCode::from(Kind::Usage.exit_code())) };
    Some(match until_signal(watch::run(login)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Kind::Environment.exit_code()),
    })
}

fn login() -> Option<DatabaseCredentials> {
    let values: Vec<String> = VARIABLES.iter().filter_map(|name| std::env::var(name).ok()).collect();
    let [host, port, database, user, password] = <[String; 5]>::try_from(values).ok()?;
    let (port, password) = (port.parse().ok()?, Secret::new(password));
    Some(DatabaseCredentials { host, port, database, user, password, access: Access::EXTERNAL })
}
