//! The hidden commands by which this program becomes guardian or supervisor.

use std::ffi::OsString;
use std::process::ExitCode;

use super::execute::Role;
use super::handover::Handover;
use super::own_log::say;
use super::{guardian, run};
use crate::system::proc::shed_inherited_marker;

/// Runs `harness __guardian <dir> <handover>` or `harness __supervisor <dir> <handover>` to its end; `None`
/// when the arguments (without the program's name) ask for neither. To be called before anything else, so
/// that the two stay small.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let word = arguments.first()?.to_str()?;
    let role = [Role::Guardian, Role::Supervisor].into_iter().find(|role| role.word() == word)?;
    let name = &word[2..];
    let number = arguments.get(2).and_then(|number| number.to_str()?.parse().ok());
    let Some(number) = number else {
        say(name, "this command is for harness itself");
        return Some(ExitCode::from(2));
    };
    // a stack that is started from within another one is no part of it
    shed_inherited_marker();
    // the link in /proc/self/exe would make it `exe`
    let _ = rustix::thread::set_name(c"harness");
    // SAFETY: the first thing that this program does; its descriptors are those of the handover.
    let outcome = match (role, unsafe { Handover::unpack(number) }) {
        (_, Err(error)) => Err(error),
        (Role::Guardian, Ok((handover, _))) => guardian::run(handover),
        (Role::Supervisor, Ok((handover, Some(link)))) => run::run(handover, link),
        (Role::Supervisor, Ok((_, None))) => Err(std::io::ErrorKind::InvalidInput.into()),
    };
    match outcome {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            say(name, &format!("ended: {error}"));
            Some(ExitCode::FAILURE)
        }
    }
}
