//! The end of a stack: everything is stopped, and what is left is named.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};

use super::messages::Message;
use super::stop_tree::end_everyone;
use super::supervisor::{Ending, Supervisor};
use crate::supervisor::link::ToGuardian;
use crate::supervisor::machine::Event;
use crate::supervisor::protocol::{Response, StopReport, Survivor};
use crate::supervisor::{record, socket};
use crate::system::proc::{command_line, is_of_stack, marker_value};
use crate::system::{ProcessIdentity, is_bindable};

/// How long the end of a stack waits for those who follow its state.
const LAST_LOOK: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Stops everything; then the trio ends.
    pub(super) fn shut_down(&mut self, client: Option<oneshot::Sender<Response>>) {
        match &mut self.ending {
            Some(Ending::Shutdown(clients)) => clients.extend(client),
            Some(Ending::Replaced) => {}
            None => {
                self.ending = Some(Ending::Shutdown(client.into_iter().collect()));
                self.handle(Event::Stop(Vec::new()));
            }
        }
    }

    /// Answers until everybody who follows the state has seen the last one, in which every process has ended: a follower
    /// between two requests would otherwise not learn how its process ended. A stack that goes on under another
    /// supervisor has no last state.
    pub(super) async fn show_last_state(&mut self, messages: &mut mpsc::UnboundedReceiver<Message>, followed: &Rc<()>) {
        // no state follows this one: a request that waits for a change is answered at once
        self.generation = watch::channel(0).0;
        let deadline = Instant::now() + LAST_LOOK;
        while let Some(Ending::Shutdown(clients)) = &self.ending
            // this count, the server, and who waits for the end itself
            && Rc::strong_count(followed) > 2 + clients.len()
            && Instant::now() < deadline
        {
            tokio::select! {
                Some(message) = messages.recv() => self.take(message),
                () = sleep(Duration::from_millis(1)) => {}
            }
        }
    }

    /// The last acts: no process is left, and every client that waits gets the report.
    pub(super) async fn finish(&mut self) {
        let Some(Ending::Shutdown(clients)) = self.ending.take() else { return };
        let strays = end_everyone(&self.trees).await;
        let mut report = StopReport::default();
        let marker = marker_value(&self.spec.home_id, &self.spec.stack);
        for (name, process) in self.machine.processes() {
            for identity in process.survivors.iter().filter(|identity| identity.is_alive()) {
                report.survivors.push(survivor(&name, Some(identity.clone()), Vec::new()));
            }
            // it may have been let go since; and a stranger on the port, as another agent's process on one that a command
            // names by its number, is nothing that this stack leaves
            let is_own = |pid: u32| is_of_stack(pid, &marker);
            if let Some((port, holder)) =
                process.port_holder.filter(|(port, holder)| holder.pid.is_some_and(is_own) && !is_bindable(*port))
            {
                let identity = holder.pid.and_then(ProcessIdentity::of);
                report.survivors.push(Survivor { process: name, identity, command: holder.command, ports: vec![port] });
            }
        }
        for identity in strays {
            if !report.survivors.iter().any(|known| known.identity.as_ref() == Some(&identity)) {
                report.survivors.push(survivor("", Some(identity), Vec::new()));
            }
        }
        self.tell(&ToGuardian::Farewell, &[]);
        socket::remove_from(&self.handover.directory);
        record::remove(&self.handover.directory);
        for client in clients {
            let _ = client.send(Response::Stopped(report.clone()));
        }
    }
}

fn survivor(name: &str, identity: Option<ProcessIdentity>, ports: Vec<u16>) -> Survivor {
    let command = identity.as_ref().map_or_else(String::new, |identity| command_line(identity.pid).unwrap_or_default());
    Survivor { process: name.to_owned(), identity, command, ports }
}
