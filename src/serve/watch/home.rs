//! The home as a whole: which stacks there are, and one follower for each supervisor.

use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use super::agents::Agents;
use super::picture::Picture;
use super::signs::{Signs, instance};
use super::stack::{Stack, follow};
use crate::serve::store::Store;
use crate::system::{self, Home, StackName, Stop};

/// Watches a home until the server ends, on a thread of its own. `looked` is told whenever it has looked at the agents.
///
/// # Errors
/// The user has no inotify instance left, or there can be no further thread.
pub(in crate::serve) fn start(
    home: Home,
    store: Store,
    picture: Picture,
    looked: watch::Sender<()>,
    mut stop: Stop,
) -> system::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(system::Error::call("start the asynchronous runtime"))?;
    let instance = instance()?;
    let watching = move || {
        let watched = async {
            let Ok(signs) = Signs::new(instance) else { return };
            tokio::select! {
                () = follow_home(&home, &store, &picture, &looked, signs) => {}
                () = stop.asked() => {}
            }
        };
        LocalSet::new().block_on(&runtime, watched);
    };
    let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watching);
    thread.map(drop).map_err(system::Error::call("start a thread"))
}

async fn follow_home(home: &Home, store: &Store, picture: &Picture, looked: &watch::Sender<()>, mut signs: Signs) {
    let ended = Rc::new(Notify::new());
    let mut agents = Agents::default();
    let mut followers: BTreeMap<StackName, Follower> = BTreeMap::new();
    let mut begun = false;
    loop {
        take_in(home, &signs);
        let happenings = agents.look(home, picture);
        looked.send_replace(());
        if begun && !happenings.is_empty() {
            let _ = store.tell(happenings).await;
        }
        let ids = home.agents().unwrap_or_default();
        let stacks = std::iter::once(StackName::Infra).chain(ids.into_iter().map(StackName::Agent));
        let present: Vec<StackName> = stacks.filter(|name| home.stack_dir(*name).is_dir()).collect();
        followers.retain(|name, follower| present.contains(name) || !follower.task.is_finished());
        for name in present {
            let known = followers.get(&name);
            if known.is_some_and(|follower| !follower.task.is_finished()) {
                continue;
            }
            let is_new = begun;
            let stack = known.map_or_else(
                || Rc::new(Stack::new(name, home.stack_dir(name), picture.clone())),
                |follower| Rc::clone(&follower.stack),
            );
            let (of, store, ended) = (Rc::clone(&stack), store.clone(), Rc::clone(&ended));
            let task = spawn_local(async move {
                if follow(&of, &store, is_new).await {
                    // the sign of its successor may have come while it was still followed
                    ended.notify_one();
                }
            });
            followers.insert(name, Follower { stack, task });
        }
        begun = true;
        tokio::select! {
            sign = signs.next() => if sign.is_err() { return },
            () = ended.notified() => {}
        }
    }
}

/// The follower of one stack; it ends with the supervisor.
struct Follower {
    stack: Rc<Stack>,
    task: JoinHandle<()>,
}

/// Watches the directories that there are, those that came meanwhile included.
fn take_in(home: &Home, signs: &Signs) {
    signs.watch(home.path());
    signs.watch(&home.path().join("agents"));
    signs.watch(&home.infra_dir());
    for id in home.agents().unwrap_or_default() {
        let directory = home.stack_dir(StackName::Agent(id));
        signs.watch(&directory);
        signs.watch(&directory.join("verify"));
    }
}
