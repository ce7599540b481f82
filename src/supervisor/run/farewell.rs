//! The end of a stack: everything is stopped, and what is left is named.

use tokio::sync::oneshot;

use super::stop_tree::end_everyone;
use super::supervisor::{Ending, Supervisor};
use crate::supervisor::link::ToGuardian;
use crate::supervisor::machine::Event;
use crate::supervisor::protocol::{Response, StopReport, Survivor};
use crate::supervisor::{record, socket};
use crate::system::proc::{command_line, is_of_stack, marker_value};
use crate::system::{ProcessIdentity, is_bindable};

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
