//! Who belongs to a supervised process, and where they listen.
//!
//! One look at `/proc` takes a few milliseconds when forty processes run, and forty that are stopped together each
//! ask several times: a look that has just ended serves all who ask at that moment.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::supervisor::snapshot::SUBREAPER;
use crate::system::proc::{
    Listeners, MARKER, ProcessIdentity, Stat, descendants, lists_children, marker_value, processes, variables_of,
    with_descendants,
};

/// What tells this stack's processes from others.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    /// `HARNESS_STACK` of the stack.
    marker: String,
    guardian: Option<u32>,
    /// Whether everything hangs below the guardian.
    complete: bool,
    /// The last look, shared by all who hold this lineage.
    last: Rc<RefCell<Option<Rc<Look>>>>,
}

/// How long a look serves others.
const FRESH: Duration = Duration::from_millis(2);

/// One look at the processes that may be members.
#[derive(Debug)]
struct Look {
    began: Instant,
    ended: Instant,
    candidates: Vec<Stat>,
    /// What each was born with, by pid, as far as anybody asked.
    markers: RefCell<HashMap<u32, Option<Markers>>>,
}

type Markers = (String, Option<String>);

impl Look {
    /// The markers that this look has read of processes that are still there. A program that bore none is asked
    /// again: between `fork` and `exec` it bears its parent's.
    fn found_again(&self, candidates: &[Stat]) -> HashMap<u32, Option<Markers>> {
        let markers = self.markers.borrow();
        let is_same = |known: &Stat, stat: &Stat| known.pid == stat.pid && known.start_time == stat.start_time;
        let known = |stat: &Stat| self.candidates.iter().any(|known| is_same(known, stat));
        let read = |stat: &Stat| Some((stat.pid, Some(markers.get(&stat.pid)?.clone()?)));
        candidates.iter().filter(|stat| known(stat)).filter_map(read).collect()
    }

    fn is_marked(&self, pid: u32, stack: &str, name: Option<&str>) -> bool {
        let mut markers = self.markers.borrow_mut();
        let found = markers.entry(pid).or_insert_with(|| markers_of(pid));
        found
            .as_ref()
            .is_some_and(|(marker, process)| marker == stack && (name.is_none() || process.as_deref() == name))
    }
}

impl Lineage {
    pub(crate) fn new(home_id: &str, stack: &str, guardian: Option<&ProcessIdentity>, complete: bool) -> Self {
        let guardian = guardian.map(|identity| identity.pid);
        let complete = complete && lists_children();
        Self { marker: marker_value(home_id, stack), guardian, complete, last: Rc::default() }
    }

    /// How members are found, strongest first.
    pub(crate) fn tracking(&self) -> Vec<String> {
        let ways: &[&str] = if self.complete {
            &[SUBREAPER, "session", "environment marker"]
        } else {
            &["session", "environment marker"]
        };
        ways.iter().map(ToString::to_string).collect()
    }

    /// Why these ways, and why no cgroup beside them.
    pub(crate) fn reason(&self) -> &'static str {
        if self.complete {
            "every process hangs below the guardian, whatever sessions it opens and whatever environment it wipes; \
             a cgroup could tell no more"
        } else if lists_children() {
            "a guardian died, so orphans may hang below init: `harness teardown` and the next `harness launch` start \
             again from nothing; no cgroup is used, since few users may make one"
        } else {
            "this kernel does not list children (CONFIG_PROC_CHILDREN), and most users cannot create a cgroup"
        }
    }

    /// Live members of the process `name`, whose leader is or was `leader`, where that is known; as they were at
    /// most two milliseconds ago.
    pub(crate) fn members(&self, name: &str, leader: Option<&ProcessIdentity>) -> Vec<Stat> {
        self.members_in(&self.look(None), name, leader)
    }

    /// The same, of a look that began at `moment` or later.
    pub(crate) fn members_since(&self, moment: Instant, name: &str, leader: Option<&ProcessIdentity>) -> Vec<Stat> {
        self.members_in(&self.look(Some(moment)), name, leader)
    }

    fn members_in(&self, look: &Look, name: &str, leader: Option<&ProcessIdentity>) -> Vec<Stat> {
        let candidates = &look.candidates;
        let is_leader =
            |stat: &Stat| leader.is_some_and(|leader| stat.pid == leader.pid && stat.start_time == leader.start_time);
        let leader_lives = candidates.iter().any(is_leader);
        let belongs = |stat: &Stat| {
            let of_leader = leader.is_some_and(|leader| {
                // a dead leader's number may name a stranger's session, but not below our own guardian
                stat.pid != leader.pid
                    && (leader_lives || self.complete)
                    && (stat.session == leader.pid || stat.group == leader.pid)
            });
            is_leader(stat) || of_leader || look.is_marked(stat.pid, &self.marker, Some(name))
        };
        close(candidates, candidates.iter().filter(|stat| belongs(stat)).map(|stat| stat.pid).collect())
    }

    /// Live processes of the whole stack, supervisor and guardian left out.
    pub(crate) fn everyone(&self) -> Vec<Stat> {
        let look = self.look(Some(Instant::now()));
        let mut members = look.candidates.clone();
        if !self.complete {
            let marked = members.iter().filter(|stat| look.is_marked(stat.pid, &self.marker, None));
            members = close(&members, marked.map(|stat| stat.pid).collect());
        }
        members.retain(Stat::is_alive);
        members
    }

    fn look(&self, not_before: Option<Instant>) -> Rc<Look> {
        let serves =
            |look: &&Rc<Look>| look.ended.elapsed() < FRESH && not_before.is_none_or(|moment| look.began >= moment);
        if let Some(look) = self.last.borrow().as_ref().filter(serves) {
            return Rc::clone(look);
        }
        let began = Instant::now();
        let candidates = self.candidates();
        let ended = Instant::now();
        let markers = self.last.borrow().as_ref().map(|last| last.found_again(&candidates)).unwrap_or_default();
        let look = Rc::new(Look { began, ended, candidates, markers: RefCell::new(markers) });
        *self.last.borrow_mut() = Some(Rc::clone(&look));
        look
    }

    fn candidates(&self) -> Vec<Stat> {
        let own = std::process::id();
        let mut found = match (self.complete, self.guardian) {
            (true, Some(guardian)) => descendants(&[guardian, own]),
            _ => processes(),
        };
        found.retain(|stat| stat.pid != own && Some(stat.pid) != self.guardian);
        found
    }
}

/// `members` and their descendants, as far as they live.
fn close(candidates: &[Stat], members: BTreeSet<u32>) -> Vec<Stat> {
    let members = with_descendants(candidates, members);
    candidates.iter().filter(|stat| members.contains(&stat.pid) && stat.is_alive()).copied().collect()
}

/// The TCP ports that these processes listen on.
pub(crate) fn listening_ports(members: &[Stat]) -> Vec<u16> {
    let pids: Vec<u32> = members.iter().map(|stat| stat.pid).collect();
    Listeners::read().ports_of(&pids)
}

/// Variable that names the supervised process a program was started for, beside [`MARKER`].
pub(crate) const PROCESS_MARKER: &str = "HARNESS_PROCESS";

/// What a program was started with: the stack's marker and the process's name.
fn markers_of(pid: u32) -> Option<Markers> {
    let [stack, process] = variables_of(pid, [MARKER, PROCESS_MARKER])?;
    Some((stack?, process))
}
