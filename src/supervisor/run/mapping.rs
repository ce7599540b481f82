//! Starting programs under the stack's loopback map.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use crate::supervisor::link::{ToGuardian, send_patiently};
use crate::supervisor::listeners::Listeners;
use crate::supervisor::own_log::say;
use crate::system::loopback_map::{Entrance, Listener, PortMap};

/// What a program that is started needs of it.
pub(super) struct Mapping {
    pub(super) ports: PortMap,
    pub(super) listeners: Listeners,
    /// To the guardian.
    pub(super) link: Rc<OwnedFd>,
}

impl Mapping {
    /// Takes the listener of a child that was just forked. The guardian, which serves it, has it before the child runs
    /// its program.
    ///
    /// # Errors
    /// A sentence for a person.
    pub(super) fn take(&self, entrance: Entrance) -> Result<(), String> {
        let listener = match entrance.listener() {
            Ok(listener) => listener,
            // the stack was started under the map of its own agent, which launch has made sure of
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => return Ok(()),
            Err(error) => return Err(format!("its ports cannot be mapped: {error}")),
        };
        let failed = |error: io::Error| format!("its ports cannot be mapped: {error}");
        let copy = listener.try_clone().map_err(failed)?;
        self.listeners.add(Listener::new(copy, self.ports.clone()));
        let message = ToGuardian::Mapped { ports: self.ports.clone() };
        if !send_patiently(&self.link, &message, &[listener.as_fd()]) {
            say("supervisor", "the guardian does not listen");
        }
        Ok(())
    }
}
