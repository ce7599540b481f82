//! What a program of the stack is started with.

use std::collections::BTreeMap;

use super::mapping::Mapping;
use super::supervisor::Supervisor;
use crate::supervisor::config;
use crate::supervisor::look::PROCESS_MARKER;
use crate::supervisor::spec::ProcessSpec;
use crate::system::loopback_map::{LoopbackMap, MAPPED};
use crate::system::{MARKER, marker_value};

impl Supervisor {
    /// Its own variables, the stack's, and those by which it is known.
    pub(super) fn environment(&self, name: &str, spec: &ProcessSpec) -> BTreeMap<String, String> {
        let mut environment = config::environment_of(&self.spec, spec);
        environment.insert(MARKER.to_owned(), marker_value(&self.spec.home_id, &self.spec.stack));
        environment.insert(PROCESS_MARKER.to_owned(), name.to_owned());
        if !self.spec.network_map.is_empty() {
            let (stack, ports) = (marker_value(&self.spec.home_id, &self.spec.stack), self.spec.network_map.clone());
            environment.insert(MAPPED.to_owned(), LoopbackMap { ports, stack }.to_string());
        }
        if spec.tty {
            // its terminal is the supervisor's, not the one that the stack was launched from
            let own = spec.environment.get("TERM").cloned();
            environment.insert("TERM".to_owned(), own.unwrap_or_else(|| "xterm-256color".to_owned()));
        }
        environment
    }

    /// The loopback map; nothing where there is none.
    pub(super) fn mapping(&self) -> Option<Mapping> {
        let ports = self.spec.network_map.clone();
        let (listeners, link) = (self.handover.listeners.clone(), self.link.clone());
        (!ports.is_empty()).then_some(Mapping { ports, listeners, link })
    }
}
