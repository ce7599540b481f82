//! Every program, by name.

use super::program::Program;
use super::{claude, codex, conductor, cursor, emdash, kilo, orca, superset, symphony, worktrunk};

const PROGRAMS: [&Program; 10] = [
    &claude::PROGRAM,
    &codex::PROGRAM,
    &cursor::PROGRAM,
    &conductor::PROGRAM,
    &superset::PROGRAM,
    &emdash::PROGRAM,
    &orca::PROGRAM,
    &kilo::PROGRAM,
    &worktrunk::PROGRAM,
    &symphony::PROGRAM,
];

/// The names, in the order of help.
pub fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|program| program.name).collect()
}

/// The program of that name.
pub(super) fn find(name: &str) -> Option<&'static Program> {
    PROGRAMS.into_iter().find(|program| program.name == name)
}

/// The programs for which an option of `connect` brings something.
pub(super) fn with(option: &str) -> Vec<&'static str> {
    let has = |program: &&&Program| program.wishes().any(|wish| wish == option);
    PROGRAMS.iter().filter(has).map(|program| program.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::program::Does;

    #[test]
    fn every_program_is_called_when_a_tree_begins() {
        for program in PROGRAMS {
            let begins = |does| matches!(does, Does::Launch | Does::Create | Does::Begin);
            assert!(program.events.iter().any(|event| begins(event.does)), "{}", program.name);
            assert!(!program.files.is_empty() && find(program.name).is_some());
        }
    }
}
