//! Parking the stack and waking it, as the machine says and as it is used.

use tokio::net::TcpStream;

use super::idle::Idle;
use super::supervisor::Supervisor;
use crate::supervisor::machine::Event;
use crate::supervisor::own_log::say;
use crate::system::proc::{Stat, exec_marker_value, has_visitors, processes_with_marker};

impl Supervisor {
    /// Keeps listeners and visitors in step with the machine.
    pub(super) fn keep_parking(&mut self) {
        self.parking.listen_on(self.machine.parked_ports());
        Idle::follow(&mut self.idle, self.spec.idle);
        if self.parking.is_waited_for() && !self.machine.is_parked() {
            let processes = self.machine.processes();
            let process_on = |port| processes.values().find(|process| process.ports.contains(&port)).cloned();
            self.parking.admit(process_on);
        }
    }

    /// Somebody wants a parked process.
    pub(super) fn wake_for(&mut self, port: u16, stream: TcpStream) {
        say("supervisor", &format!("woken by a connection to port {port}"));
        self.parking.keep(port, stream);
        self.handle(Event::Wake);
    }

    /// Parks the stack if nobody has used it for as long as the setting says.
    pub(super) fn park_if_idle(&mut self) {
        let members = self.trees.everyone();
        let has_computed = self.idle.as_mut().is_some_and(|idle| idle.look(&members));
        let is_used = has_computed || !self.machine.can_be_parked() || self.has_user(&members);
        let Some(idle) = &mut self.idle else { return };
        if is_used {
            idle.was_used();
        } else if idle.is_over() {
            say("supervisor", "parked: this stack was not used for as long as `[launch] idle` says");
            self.handle(Event::Park);
        }
    }

    fn has_user(&self, members: &[Stat]) -> bool {
        let ports: Vec<u16> = self.machine.processes().into_values().flat_map(|process| process.ports).collect();
        let own: Vec<u32> = members.iter().map(|stat| stat.pid).chain([self.identity.pid]).collect();
        let sessions = self.take_sessions(&mut self.machine.processes());
        sessions.values().any(|session| !session.is_over())
            || has_visitors(&ports, &own)
            || !processes_with_marker(&exec_marker_value(&self.spec.home_id, &self.spec.stack)).is_empty()
    }
}
