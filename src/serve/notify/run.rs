//! Follows the events, and hands what is worth telling to the targets.

use std::collections::BTreeSet;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::rules::{Notice, Rules};
use super::send::{Letter, say, send};
use crate::report::{Failure, NoticeKind, StreamEvent};
use crate::serve::settings::{Notify, Target};
use crate::serve::site::Shared;
use crate::serve::store::{Reader, StoreError, tasks};
use crate::serve::work::thread;
use crate::system::{StackName, https_client};

/// Notices that may wait for a target; more are given up.
const WAITING: usize = 64;

/// Tells `targets` what happens from now on, on a thread of its own, until the server ends.
///
/// # Errors
/// There can be no further thread, or the database failed.
pub(in crate::serve) async fn start(site: &Shared, targets: Vec<Target>) -> Result<(), Failure> {
    if targets.is_empty() {
        return Ok(());
    }
    let reader = Reader::new(&site.store, None);
    // those that were done before the first event
    let done = site.store.read(tasks::done).await?;
    let done: BTreeSet<u64> = done.into_iter().collect();
    let site = site.clone();
    let work = thread(async move || {
        let mut stop = site.stop.clone();
        tokio::select! {
            told = tell(&site, reader, done, targets) => if let Err(error) = told {
                say(&format!("notify: ended: {error}"));
            },
            () = stop.asked() => {}
        }
    });
    Ok(work?)
}

async fn tell(site: &Shared, mut reader: Reader, done: BTreeSet<u64>, targets: Vec<Target>) -> Result<(), StoreError> {
    let settings = &site.settings.notify;
    let Some(queues) = queues(site, targets) else { return Ok(()) };
    let mut rules = Rules::new(settings.broken_after(), settings.on.clone(), done);
    loop {
        rules.look(&site.picture.states(), Instant::now());
        for agent in rules.overdue(Instant::now()) {
            hand_out(site, settings, &queues, broken(site, agent));
        }
        let due = rules.due();
        let later = async {
            match due {
                Some(due) => sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let batch = tokio::select! {
            batch = reader.next() => batch?,
            () = later => continue,
        };
        let events = batch.iter().filter_map(|(_, text)| serde_json::from_str::<StreamEvent>(text).ok());
        for notice in events.filter_map(|event| rules.event(&event.happening)) {
            hand_out(site, settings, &queues, notice);
        }
    }
}

/// A queue for each target; none where this machine trusts no authority.
fn queues(site: &Shared, targets: Vec<Target>) -> Option<Vec<(&'static str, mpsc::Sender<Letter>)>> {
    let caller = match https_client() {
        Ok(caller) => caller,
        Err(error) => {
            say(&format!("notify: no notice can be sent: {error}"));
            return None;
        }
    };
    let queue = |target: Target| {
        let (queue, letters) = mpsc::channel(WAITING);
        let name = target.name();
        tokio::spawn(send(target, caller.clone(), letters, site.counted.clone()));
        (name, queue)
    };
    Some(targets.into_iter().map(queue).collect())
}

fn hand_out(site: &Shared, settings: &Notify, queues: &[(&'static str, mpsc::Sender<Letter>)], notice: Notice) {
    let base = settings.link.clone().unwrap_or_else(|| site.url());
    let link = format!("{}{}", base.trim_end_matches('/'), notice.path);
    let letter = Letter { notice, link, time: jiff::Timestamp::now().to_string() };
    for (name, queue) in queues {
        if queue.try_send(letter.clone()).is_err() {
            site.counted.notice(name, "failed");
            say(&format!("notify: {name}: given up: {WAITING} notices wait already"));
        }
    }
}

/// What is wrong with a stack: its unhealthy processes, each with its reason.
fn broken(site: &Shared, agent: u8) -> Notice {
    let state = site.picture.states().get(&agent).map_or_else(String::new, ToString::to_string);
    let processes = site.picture.processes().remove(&StackName::Agent(agent)).unwrap_or_default();
    let ill = processes.iter().filter(|(_, process)| !process.phase.is_well());
    let lines: Vec<String> = ill
        .map(|(name, process)| match &process.reason {
            Some(reason) => format!("{name}: {} ({reason})", process.phase),
            None => format!("{name}: {}", process.phase),
        })
        .collect();
    Notice {
        kind: NoticeKind::StackBroken,
        title: format!("agent {agent} is {state}"),
        text: lines.join("\n"),
        path: format!("/agents/{agent}"),
        agent: Some(agent),
        task: None,
    }
}
