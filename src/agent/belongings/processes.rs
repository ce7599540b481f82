//! The processes of the agent's stack.
//!
//! Where a supervisor runs, they are those that it names; a process that carries the stack's marker and
//! descends from none of them is an orphan and is listed by its pid. Where none runs, all that carry the
//! marker are.

use super::owner::{Found, Owner, Rest};
use super::started;
use crate::report::{Failure, Removed, RemovedKind};
use crate::supervisor::{self, Client, StackSnapshot};
use crate::system::{self, ProcessIdentity, proc};

pub(super) async fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let snapshot = snapshot(owner).await?;
    let mut own: Vec<Removed> = snapshot.iter().flat_map(named).collect();
    own.extend(orphans(owner, snapshot.as_ref()).iter().map(by_pid));
    let started = started::find(owner);
    own.extend(started.ended.iter().map(started::described));
    Ok(Found { foreign: started.named.iter().map(started::described).collect(), ..Found::own(own) })
}

/// What carries the stack's marker, and descends from no process that its supervisor knows.
fn orphans(owner: &Owner<'_>, snapshot: Option<&StackSnapshot>) -> Vec<ProcessIdentity> {
    let marker = system::marker_value(owner.context.home.id(), &owner.agent.stack().to_string());
    let mut found = system::processes_with_marker(&marker);
    if let Some(snapshot) = snapshot.filter(|_| !found.is_empty()) {
        let leaders = snapshot.processes.values().filter_map(|process| process.process.as_ref());
        let trio = std::iter::once(&snapshot.supervisor).chain(&snapshot.guardian);
        let roots: Vec<u32> = leaders.chain(trio).map(|process| process.pid).collect();
        let known = proc::with_descendants(&proc::processes(), roots.into_iter().collect());
        found.retain(|process| !known.contains(&process.pid));
    }
    found
}

/// What the supervisor says; `None` where none runs, or it is about to end.
async fn snapshot(owner: &Owner<'_>) -> Result<Option<StackSnapshot>, Failure> {
    let Some(client) = Client::look(&owner.directory())? else { return Ok(None) };
    match client.state().await {
        Ok(state) => Ok(state),
        // an older version does not understand the question; its processes are found by their marker, and the removal
        // moves them to this version first
        Err(error) if error.is_older() => Ok(None),
        // one that does not answer is found in the same way, and ended before anything else is removed
        Err(error) if error.is_silent() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn named(snapshot: &StackSnapshot) -> Vec<Removed> {
    let running = snapshot.processes.iter().filter_map(|(name, process)| Some((name, process.process.as_ref()?.pid)));
    running.map(|(name, pid)| Removed::with(RemovedKind::Process, name, format!("pid {pid}"))).collect()
}

fn by_pid(process: &ProcessIdentity) -> Removed {
    Removed::new(RemovedKind::Process, format!("pid {}", process.pid))
}

/// Stops the stack, and all other OS processes that carry its marker.
pub(super) async fn remove(owner: &Owner<'_>, found: &[Removed]) -> Result<Rest, Failure> {
    let directory = owner.directory();
    let survivors = started::end(&started::find(owner).ended).await;
    let mut rest = Rest::default();
    let (home_id, stack) = (owner.context.home.id(), owner.agent.stack().to_string());
    let swept = match shut_down(&directory).await {
        Ok(left) => {
            rest.left = left;
            None
        }
        // it died meanwhile: what it leaves is swept
        Err(error) if error.is_ending() => None,
        Err(error) if error.is_silent() => {
            let text = format!("{error}; ending it with its processes");
            owner.context.events.warning(format!("agent {}", owner.agent), text);
            Some(supervisor::end_silent(home_id, &directory, &stack).await?)
        }
        Err(error) => return Err(error.into()),
    };
    // also after an orderly stop: nothing that carries the marker may live on
    let swept = match swept {
        Some(swept) => swept,
        None => supervisor::sweep(home_id, &directory, &stack).await?,
    };
    rest.more.extend(swept.killed.iter().map(by_pid));
    rest.left.extend(swept.survivors.iter().chain(&survivors).map(by_pid));
    // found before, and ended with the others
    rest.more.retain(|thing| !found.iter().any(|known| known.name == thing.name));
    Ok(rest)
}

async fn shut_down(directory: &std::path::Path) -> supervisor::Result<Vec<Removed>> {
    let Some(client) = Client::take_charge(directory).await? else { return Ok(Vec::new()) };
    let survivors = client.shutdown().await?.survivors.into_iter();
    Ok(survivors
        .map(|survivor| {
            let pid = survivor.identity.map_or_else(String::new, |identity| format!("pid {}", identity.pid));
            Removed::with(RemovedKind::Process, format!("{} {pid}", survivor.process), survivor.command)
        })
        .collect())
}
