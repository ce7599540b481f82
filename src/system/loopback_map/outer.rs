//! A map that this process lives under already. A process can have one listener only.

use std::io;

use super::Error;

/// The variable that names the map that a program lives under: the stack, and which ports become which.
pub const MAPPED: &str = "HARNESS_LOOPBACK_MAP";

/// Whose map this process lives under, by its environment.
pub(super) fn outer() -> Option<String> {
    std::env::var(MAPPED).ok().filter(|outer| !outer.is_empty())
}

/// Refuses to start something under the map of a stack other than `own`.
///
/// # Errors
/// [`Error::Nested`].
pub fn check_outer(own: &str) -> Result<(), Error> {
    match outer() {
        Some(outer) if stack_of(&outer) != own => Err(Error::Nested { outer: Some(outer) }),
        _ => Ok(()),
    }
}

/// The stack in a value of [`MAPPED`].
pub fn stack_of(outer: &str) -> &str {
    outer.split(' ').next().unwrap_or_default()
}

/// What a failed installation means.
pub(super) fn refused(error: io::Error) -> Error {
    if error.raw_os_error() == Some(libc::EBUSY) {
        return Error::Nested { outer: outer() };
    }
    Error::Refused(error)
}
