//! The link to the guardian, and what happens when one of the two dies.

use std::os::fd::OwnedFd;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use super::messages::{Message, Sender};
use crate::supervisor::execute::{Execution, OWN_BINARY, Role};
use crate::supervisor::handover::{Entry, Handover};
use crate::supervisor::heartbeat::{Heartbeat, PERIOD, Pulse, is_stopped};
use crate::supervisor::link::{Received, receive};
use crate::supervisor::machine::Alive;
use crate::supervisor::own_log::say;
use crate::supervisor::readiness::readable;
use crate::system::ProcessIdentity;

/// What the guardian knows of runs, for the machine.
pub(super) fn alive(ledger: &[Entry]) -> Vec<Alive> {
    let alive = |entry: &Entry| Alive {
        name: entry.name.clone(),
        run: entry.run,
        identity: entry.identity.clone(),
        started_at_ms: entry.started_at_ms,
    };
    ledger.iter().map(alive).collect()
}

/// Passes on what the guardian says, and its death; lets one that was stopped go on, and kills one that hangs.
pub(super) fn watch_guardian(link: OwnedFd, guardian: Option<ProcessIdentity>, sender: Sender) -> std::io::Result<()> {
    let link = readable(link)?;
    spawn_local(async move {
        let mut heartbeat = Heartbeat::default();
        let mut next_turn = Instant::now() + PERIOD;
        loop {
            let Ok(ready) = timeout_at(next_turn, link.readable()).await else {
                next_turn = Instant::now() + PERIOD;
                take_pulse(&mut heartbeat, guardian.as_ref());
                continue;
            };
            let Ok(mut ready) = ready else { return };
            match receive(link.get_ref()) {
                Received::Message(message, _) => {
                    heartbeat.heard();
                    let _ = sender.send(Message::Guardian(message));
                }
                Received::Empty => ready.clear_ready(),
                Received::Closed => {
                    let _ = sender.send(Message::GuardianDied);
                    return;
                }
            }
        }
    });
    Ok(())
}

/// A turn has passed. The guardian that goes on keeps everything below it, so it is killed only where that does not help.
fn take_pulse(heartbeat: &mut Heartbeat, guardian: Option<&ProcessIdentity>) {
    let Some(guardian) = guardian else { return };
    let (signal, text) = match heartbeat.turn(|| is_stopped(guardian.pid)) {
        Pulse::Alive => return,
        Pulse::Stopped => (Signal::CONT, "was stopped by a signal; letting it go on"),
        Pulse::Silent => (Signal::KILL, "gives no sign; killing it"),
    };
    say("supervisor", &format!("guardian {} {text}", guardian.pid));
    guardian.signal(signal);
}

/// SIGTERM and SIGINT stop the whole stack in order: so a machine that shuts down stops its databases well.
pub(super) fn watch_signals(sender: &Sender) -> std::io::Result<()> {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let mut signals = signal(kind)?;
        let sender = sender.clone();
        spawn_local(async move {
            while signals.recv().await.is_some() {
                let _ = sender.send(Message::Terminate);
            }
        });
    }
    Ok(())
}

/// Becomes the guardian in place of a dead one. The pid stays, so this process remains the parent of what
/// it started; orphans that the dead guardian held are init's now.
pub(super) fn become_guardian(handover: &mut Handover) {
    say("supervisor", "the guardian ended; becoming the guardian");
    handover.guardian = None;
    handover.complete = false;
    match handover.pack(None) {
        Ok(packed) => {
            let error = Execution::new(OWN_BINARY, Role::Guardian, &handover.directory, &packed).run();
            say("supervisor", &format!("cannot become the guardian: error {error}"));
        }
        Err(error) => say("supervisor", &format!("cannot become the guardian: {error}")),
    }
}
