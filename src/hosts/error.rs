//! Why a program cannot be connected, or a hook cannot act.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// Why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what the program reads.
    #[error("`{}`:{line} cannot be read: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The file has something of its own where harness would write.
    #[error("`{}`:{line} already has `{key}`", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// What would be written.
        wanted: String,
    },
    /// The program does not work without a file that harness does not make.
    #[error("there is no `{}`", .0.display())]
    NoFile(PathBuf),
    /// The program has nothing that the option could add.
    #[error("`{program}` has nothing for `--{option}`")]
    NoOption {
        /// The program.
        program: String,
        /// The option.
        option: &'static str,
        /// Who has.
        of: Vec<&'static str>,
    },
    /// The program calls no such event.
    #[error("`{program}` has no event `{event}`")]
    UnknownEvent {
        /// The program.
        program: String,
        /// What was called.
        event: String,
        /// What there is.
        known: Vec<&'static str>,
    },
    /// There is no such program.
    #[error("`{0}` is not a program that harness knows")]
    UnknownProgram(String),
    /// The program sent nothing that can be used.
    #[error("the payload cannot be used: {0}")]
    Payload(String),
    /// A name that cannot be that of a tree.
    #[error("`{0}` cannot be the name of a work tree")]
    TreeName(String),
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::UnknownEvent { .. }
            | Self::UnknownProgram(_)
            | Self::NoOption { .. }
            | Self::Payload(_)
            | Self::TreeName(_) => Kind::Usage,
            Self::Broken { .. } => Kind::Configuration,
            Self::Occupied { .. } | Self::NoFile(_) => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "connect.broken_file",
            Self::Occupied { .. } => "connect.occupied",
            Self::NoFile(_) => "connect.no_file",
            Self::NoOption { .. } => "connect.no_option",
            Self::UnknownEvent { .. } => "hook.unknown_event",
            Self::UnknownProgram(_) => "hook.unknown_program",
            Self::Payload(_) => "hook.payload",
            Self::TreeName(_) => "hook.tree_name",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Broken { .. } => "correct the file, then run this command again; nothing was written".into(),
            Self::Occupied { wanted, .. } => format!("add this to it by hand; nothing was written: {wanted}"),
            Self::NoFile(path) => format!("write {} first: see the program's documentation", path.display()),
            Self::NoOption { option, of, .. } => {
                let also =
                    if *option == "gate" { "; `harness hook install` gates commits, whoever makes them" } else { "" };
                format!("leave it out, nothing was written: only {} calls a hook for it{also}", of.join(", "))
            }
            Self::UnknownEvent { known, .. } => format!("its events are: {}", known.join(", ")),
            Self::UnknownProgram(_) => format!("there are: {}", super::names().join(", ")),
            Self::Payload(_) => "the program calls this with a payload of its own: see docs/hosts.md".into(),
            Self::TreeName(_) => "use letters, digits, `.`, `_`, `-` and `/`".into(),
        })
    }
}
