//! Which OS processes belong to a supervised process, and where they listen.
//!
//! One look at `/proc` takes a few milliseconds when forty processes run, and forty that are stopped together each
//! ask several times. So a look serves everyone who asks at that moment; the next one begins only after a pause that
//! grows with what the last one cost. The work of a stop is then linear in the number of processes, also after a guardian died, when each
//! look has to read all processes of the machine.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use crate::supervisor::look::{FRESH, Look, Trio};
use crate::supervisor::snapshot::SUBREAPER;
use crate::system::proc::{
    InheritedMarker, Listeners, ProcessIdentity, Stat, descendants, lists_children, marker_value, processes,
};

/// Finds the OS processes of one stack.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTrees {
    /// `HARNESS_STACK` of the stack.
    marker: String,
    guardian: Option<u32>,
    /// Whether everything hangs below the guardian.
    complete: bool,
    /// The last look, shared by all who hold this value.
    last: Rc<RefCell<Option<Rc<Look>>>>,
}

impl ProcessTrees {
    pub(crate) fn new(home_id: &str, stack: &str, guardian: Option<&ProcessIdentity>, complete: bool) -> Self {
        let guardian = guardian.map(|identity| identity.pid);
        let complete = complete && lists_children();
        Self { marker: marker_value(home_id, stack), guardian, complete, last: Rc::default() }
    }

    /// What a program is marked with beside its environment.
    pub(crate) fn inherited_marker(&self, name: &str) -> InheritedMarker {
        InheritedMarker::new(&self.marker, name)
    }

    /// How OS processes are found, strongest first.
    pub(crate) fn tracking(&self) -> Vec<String> {
        let ways: &[&str] = if self.complete {
            &[SUBREAPER, "session", "environment marker", "inherited marker"]
        } else {
            &["session", "environment marker", "inherited marker"]
        };
        ways.iter().map(ToString::to_string).collect()
    }

    /// Why these ways, and why no cgroup beside them.
    pub(crate) fn reason(&self) -> &'static str {
        if self.complete {
            "every OS process is a descendant of the guardian, whatever sessions it opens and whatever environment it \
             wipes; a cgroup would add nothing"
        } else if lists_children() {
            "a guardian died, so orphans may be children of init and are found by their markers; the next stop and \
             launch start a new guardian; no cgroup is used, because few users may make one"
        } else {
            "this kernel does not list children (CONFIG_PROC_CHILDREN); no cgroup is used, because few users may make \
             one"
        }
    }

    /// Live OS processes of the process `name`, whose leader is or was `leader`, where that is known; as they were at
    /// most two milliseconds ago.
    pub(crate) fn members(&self, name: &str, leader: Option<&ProcessIdentity>) -> Vec<Stat> {
        let look = match self.recent(None) {
            Some(look) => look,
            None => self.look(),
        };
        look.members(name, &self.inherited_marker(name), leader)
    }

    /// The same, of a look that began at `moment` or later; waits until one is due.
    pub(crate) async fn members_since(
        &self,
        moment: Instant,
        name: &str,
        leader: Option<&ProcessIdentity>,
    ) -> Vec<Stat> {
        let look = loop {
            if let Some(look) = self.recent(Some(moment)) {
                break look;
            }
            let due = self.last.borrow().as_ref().map(|last| last.ended + last.rest());
            match due.filter(|due| *due > Instant::now()) {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => break self.look(),
            }
        };
        look.members(name, &self.inherited_marker(name), leader)
    }

    /// Live OS processes of the whole stack; supervisor and guardian are left out, and stacks that were started from within
    /// this one.
    pub(crate) fn everyone(&self) -> Vec<Stat> {
        self.look().everyone()
    }

    /// The last look, where it may still serve.
    fn recent(&self, not_before: Option<Instant>) -> Option<Rc<Look>> {
        let last = self.last.borrow();
        let serves = |look: &&Rc<Look>| match not_before {
            Some(moment) => look.began >= moment,
            None => look.ended.elapsed() < FRESH,
        };
        last.as_ref().filter(serves).cloned()
    }

    fn look(&self) -> Rc<Look> {
        let began = Instant::now();
        let own = std::process::id();
        let mut candidates = match (self.complete, self.guardian) {
            (true, Some(guardian)) => descendants(&[guardian, own]),
            _ => processes(),
        };
        candidates.retain(|stat| stat.pid != own && Some(stat.pid) != self.guardian);
        let trio = Trio { guardian: self.guardian, supervisor: own, complete: self.complete };
        let look = Rc::new(Look::new(&self.marker, trio, began, candidates, self.last.borrow().as_deref()));
        *self.last.borrow_mut() = Some(Rc::clone(&look));
        look
    }
}

/// The TCP ports that these processes listen on.
pub(crate) fn listening_ports(members: &[Stat]) -> Vec<u16> {
    let pids: Vec<u32> = members.iter().map(|stat| stat.pid).collect();
    Listeners::read().ports_of(&pids)
}
