//! Commands that harness waits for: their own process serves them.

use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::entrance::Entrance;
use super::guard;
use super::listener::Listener;
use super::outer::{MAPPED, outer, refused};
use super::ports::PortMap;
use super::slot::Slot;
use super::watch::Watch;

/// The loopback map of a stack. An environment names it in the variable [`MAPPED`]: whoever starts a program with that
/// environment starts it under the map, and whoever is started so knows where it lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoopbackMap {
    /// Which ports it maps.
    pub ports: PortMap,
    /// The stack, as [`crate::system::marker_value`] names it.
    pub stack: String,
}

/// A command that will be started under a map.
#[derive(Debug)]
pub struct Attached(Option<(Entrance, PortMap, Option<Watch>)>);

impl LoopbackMap {
    /// The map that an environment names.
    pub fn in_environment<'a>(variables: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let value = variables.into_iter().filter(|(name, _)| *name == MAPPED).last().map(|(_, value)| value.as_str());
        let (stack, ports) = value.and_then(|value| value.split_once(' ')).unwrap_or_default();
        Self { ports: PortMap::parse(ports).unwrap_or_default(), stack: stack.to_owned() }
    }

    /// Lets `command` come under the map when it is started. Nothing happens where nothing is mapped, and where this
    /// process lives under the same map: that holds for its children.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn attach(&self, command: &mut Command) -> io::Result<Attached> {
        self.attach_watched(command, None)
    }

    /// The same, seen by a watch where there is one. It cannot be where this process lives under a map.
    ///
    /// # Errors
    /// As for [`Self::attach`].
    pub fn attach_watched(&self, command: &mut Command, watch: Option<&Watch>) -> io::Result<Attached> {
        if self.ports.is_empty() && watch.is_none() || outer().is_some_and(|outer| outer == self.to_string()) {
            return Ok(Attached(None));
        }
        let entrance = Entrance::new()?;
        let (door, socket) = (entrance.door(), entrance.its_end());
        // SAFETY: the door is async-signal-safe, and its socket is open until the entrance is used up, after the start.
        unsafe { command.pre_exec(move || door.enter(socket).map_err(io::Error::from_raw_os_error)) };
        Ok(Attached(Some((entrance, self.ports.clone(), watch.cloned()))))
    }
}

/// The value of [`MAPPED`].
impl fmt::Display for LoopbackMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.stack, self.ports)
    }
}

impl Attached {
    /// After the start: serves the command, and whatever it starts, for as long as this process lives.
    ///
    /// # Errors
    /// Its listener did not come, or there can be no thread.
    pub fn serve(self) -> io::Result<()> {
        let Some((entrance, ports, watch)) = self.0 else { return Ok(()) };
        Listener::new(entrance.listener()?, ports).watched(watch)?.serve_in_thread(Slot::file()?)
    }

    /// The same for a command that may leave programs behind: another process serves them then.
    ///
    /// # Errors
    /// As for [`Self::serve`]; or there can be no process.
    pub fn serve_and_guard(self) -> io::Result<()> {
        let Some((entrance, ports, watch)) = self.0 else { return Ok(()) };
        let (listener, call) = (Listener::new(entrance.listener()?, ports).watched(watch)?, Slot::file()?);
        guard::start(&listener, &call)?;
        listener.serve_in_thread(call)
    }

    /// After a start that failed: why, if it was the map.
    pub fn explain(self, error: io::Error) -> io::Error {
        match self.0.map(|(entrance, ..)| entrance.listener()) {
            Some(Err(why)) if why.raw_os_error() == error.raw_os_error() => io::Error::other(refused(why)),
            _ => error,
        }
    }
}
