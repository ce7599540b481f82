//! What a process that runs a container is asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::project::Container;
use crate::system::{self, Home};

/// The container of one store in one stack.
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

impl Request {
    /// Reads the arguments of the process, and its marker.
    pub(super) fn read(arguments: &[OsString]) -> Option<Self> {
        let words: Vec<&str> = arguments.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
        let [home, store, port, directory, container, arguments @ ..] = &words[..] else { return None };
        let marker = std::env::var(system::MARKER).ok()?;
        let (_, stack) = marker.split_once('/')?;
        Some(Self {
            home: Home::look(&PathBuf::from(home)).ok()?,
            stack: stack.to_owned(),
            store: (*store).to_owned(),
            port: port.parse().ok()?,
            directory: PathBuf::from(directory),
            container: serde_json::from_str(container).ok()?,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        })
    }
}
