//! What others are told of the state: the guardian, those who wait, and the disk.
//!
//! What came of messages is published once for all that were there: forty processes that are stopped together are forty
//! exits, and each would write down the state of all forty. A supervisor that dies before it published leaves its
//! successor with what the guardian was sent at once (starts and exits); that a run is over is said after the state that
//! knows its end.

use std::os::fd::{AsFd, BorrowedFd};

use super::supervisor::Supervisor;
use crate::supervisor::handover::memory_file;
use crate::supervisor::link::{self, ToGuardian};
use crate::supervisor::own_log::say;
use crate::supervisor::protocol::VERSION;
use crate::supervisor::record::{self, Record};
use crate::supervisor::snapshot::{Phase, ProcessSnapshot, StackSnapshot};
use crate::system::is_bindable;

impl Supervisor {
    /// Makes what has changed known: to the guardian, to those who wait, and on disk.
    pub(super) fn publish(&mut self) {
        if self.published != self.machine.generation() {
            self.publish_state();
        }
        self.keep_parking();
        for (name, run) in std::mem::take(&mut self.over) {
            self.tell(&ToGuardian::Forget { name, run }, &[]);
        }
    }

    fn publish_state(&mut self) {
        self.published = self.machine.generation();
        match memory_file(&self.machine.save()) {
            Ok(state) => {
                self.tell(&ToGuardian::State, &[state.as_fd()]);
                self.handover.state = Some(state);
            }
            Err(error) => say("supervisor", &format!("cannot save the state: {error}")),
        }
        let processes = self.runs.iter().filter(|(_, run)| !run.ended);
        let processes = processes.map(|((name, _), run)| (name.clone(), run.identity.clone())).collect();
        let recorded = Record { version: 1, processes };
        if recorded != self.recorded {
            if let Err(error) = record::write(&self.handover.directory, &recorded) {
                say("supervisor", &format!("cannot record the processes: {error}"));
            }
            self.recorded = recorded;
        }
        self.generation.send_replace(self.published);
    }

    /// Sends to the guardian; when it is dead, its end of the link says so by itself.
    pub(super) fn tell(&self, message: &ToGuardian, descriptors: &[BorrowedFd<'_>]) {
        if !link::send_patiently(&self.link, message, descriptors) {
            say("supervisor", "the guardian does not listen");
        }
    }

    pub(super) fn hand_spec_over(&mut self) {
        if let Ok(spec) = memory_file(&self.spec) {
            self.tell(&ToGuardian::Spec, &[spec.as_fd()]);
            self.handover.spec = Some(spec);
        }
    }

    pub(super) fn snapshot(&self) -> StackSnapshot {
        let mut processes = self.machine.processes();
        for process in processes.values_mut() {
            forget_who_has_gone(process);
        }
        let sessions = self.take_sessions(&mut processes);
        StackSnapshot {
            generation: self.machine.generation(),
            stack: self.spec.stack.clone(),
            harness_version: VERSION.to_owned(),
            supervisor: self.identity.clone(),
            guardian: self.handover.guardian.clone(),
            spec_digest: self.machine.digest(),
            tracking: self.trees.tracking(),
            tracking_reason: self.trees.reason().to_owned(),
            parked: self.machine.is_parked(),
            memory: self.memory_use.get(),
            processes,
            sessions,
        }
    }
}

/// A port that was taken may be free by now: then nothing names the process that held it any more.
fn forget_who_has_gone(process: &mut ProcessSnapshot) {
    if let Some((port, _)) = process.port_holder.take_if(|(port, _)| is_bindable(*port)) {
        process.reason = Some(if process.phase == Phase::PortConflict {
            format!("port {port} was taken when it should start, and is free now: start it again")
        } else {
            format!("port {port} was taken when it was stopped, and is free now")
        });
    }
}
