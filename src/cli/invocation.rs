//! What all verbs share: the directory of the command, and how it prints.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::agent::{self, Context};
use crate::report::{Diagnostic, Failure, Kind};
use crate::system::{self, Home};
use crate::terminal::Output;

/// The surroundings of one command line.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    /// How it prints.
    pub(super) output: Output,
    /// `-C`.
    directory: Option<PathBuf>,
    /// The whole command line, for verbs that print it.
    pub(super) parser: fn() -> clap::Command,
}

/// `-C` names no directory.
#[derive(Debug, thiserror::Error)]
#[error("cannot change to directory `{}`", path.display())]
struct NoDirectory {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl Diagnostic for NoDirectory {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "directory.missing"
    }
}

impl Invocation {
    /// One that prints to `output` and runs in `directory`.
    pub(super) fn new(output: Output, directory: Option<PathBuf>, parser: fn() -> clap::Command) -> Self {
        Self { output, directory, parser }
    }

    /// The directory that the command runs in, absolute, without symbolic links.
    pub(super) fn directory(&self) -> Result<PathBuf, Failure> {
        let path = self.directory.clone().unwrap_or_else(|| PathBuf::from("."));
        let found = path.canonicalize().and_then(|found| {
            if found.is_dir() { Ok(found) } else { Err(std::io::Error::from(std::io::ErrorKind::NotADirectory)) }
        });
        Ok(found.map_err(|source| NoDirectory { path, source })?)
    }

    /// Reads the environment, and the home if there is one: a verb that only looks makes none.
    pub(super) fn context(&self) -> Result<Context, Failure> {
        self.context_with(Home::look)
    }

    /// The same for a verb that makes something: the home is made where there is none.
    pub(super) fn context_to_make(&self) -> Result<Context, Failure> {
        self.context_with(Home::open)
    }

    fn context_with(&self, open: fn(&Path) -> system::Result<Home>) -> Result<Context, Failure> {
        let environment = environment();
        let home = open(&Home::locate(|name| environment.get(name).cloned())?).map_err(Failure::from)?;
        Ok(Context { home, environment, directory: self.directory()?, events: self.output.events() })
    }
}

/// The caller's environment: a variable that is not UTF-8 configures nothing.
pub(super) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Runs a verb's future to its end on this thread.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system::Error::call("start the asynchronous runtime"))?;
    runtime.block_on(work)
}

/// The same for a verb that changes nothing: SIGINT and SIGTERM end it as a failure, so that it prints its document.
pub(super) fn interruptible<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    block_on(async {
        tokio::select! {
            biased;
            () = agent::interrupted() => Err(agent::Error::Interrupted.into()),
            done = work => done,
        }
    })
}
