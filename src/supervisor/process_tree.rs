//! Which OS processes belong to a supervised process, and where they listen.
//!
//! One look at `/proc` takes a few milliseconds when forty processes run, and forty that are stopped together each
//! ask several times. So a look indexes what it found, answers a question in time proportional to the answer, and
//! serves everyone who asks at that moment; the next one begins only after a pause that grows with what the last
//! one cost. The work of a stop is then linear in the number of processes, also after a guardian died, when each
//! look has to read all processes of the machine.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::supervisor::snapshot::SUBREAPER;
use crate::system::proc::{
    InheritedMarker, Listeners, MARKER, ProcessIdentity, Stat, descendants, lists_children, marker_value, processes,
    variables_of,
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

/// How long a look serves others.
const FRESH: Duration = Duration::from_millis(2);

/// The pause between two looks, as a multiple of what the last one took.
const REST: u32 = 4;

/// No pause is longer.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// What an OS process was started with.
#[derive(Debug, Clone, Default)]
struct Markers {
    /// `HARNESS_STACK` and `HARNESS_PROCESS`.
    environment: Option<(String, Option<String>)>,
    inherited: Option<InheritedMarker>,
}

/// One look at the OS processes that may belong to the stack.
#[derive(Debug)]
struct Look {
    began: Instant,
    ended: Instant,
    candidates: Vec<Stat>,
    by_pid: HashMap<u32, usize>,
    by_session: HashMap<u32, Vec<usize>>,
    by_group: HashMap<u32, Vec<usize>>,
    by_parent: HashMap<u32, Vec<usize>>,
    markers: HashMap<u32, Markers>,
    /// Those that the markers give to a process, by its name.
    by_name: HashMap<String, Vec<usize>>,
    by_inherited: HashMap<InheritedMarker, Vec<usize>>,
    /// All that the markers give to this stack.
    marked: Vec<usize>,
}

impl Look {
    /// Indexes `candidates`; `own` are supervisor and guardian.
    fn new(marker: &str, own: &[u32], began: Instant, candidates: Vec<Stat>, last: Option<&Self>) -> Self {
        let mut look = Self {
            began,
            ended: began,
            by_pid: HashMap::with_capacity(candidates.len()),
            by_session: HashMap::new(),
            by_group: HashMap::new(),
            by_parent: HashMap::new(),
            markers: HashMap::with_capacity(candidates.len()),
            by_name: HashMap::new(),
            by_inherited: HashMap::new(),
            marked: Vec::new(),
            candidates,
        };
        let stack = InheritedMarker::new(marker, "").stack;
        for (at, stat) in look.candidates.iter().enumerate() {
            look.by_pid.insert(stat.pid, at);
            look.by_session.entry(stat.session).or_default().push(at);
            look.by_group.entry(stat.group).or_default().push(at);
            look.by_parent.entry(stat.parent).or_default().push(at);
            let known = last.and_then(|last| last.markers_again(stat, own));
            let markers = known.unwrap_or_else(|| Markers::of(stat.pid));
            match &markers.environment {
                Some((of, name)) if of == marker => {
                    look.marked.push(at);
                    look.by_name.entry(name.clone().unwrap_or_default()).or_default().push(at);
                }
                // a stack that was started from within this one has the outer stack's inherited marker
                Some(_) => {}
                None => {
                    if let Some(inherited) = markers.inherited.filter(|inherited| inherited.stack == stack) {
                        look.marked.push(at);
                        look.by_inherited.entry(inherited).or_default().push(at);
                    }
                }
            }
            look.markers.insert(stat.pid, markers);
        }
        look.ended = Instant::now();
        look
    }

    /// The markers that this look read of an OS process that is still there. Those of our own children are read
    /// again while they have none, because between `fork` and `exec` they have our environment.
    fn markers_again(&self, stat: &Stat, own: &[u32]) -> Option<Markers> {
        let known = self.candidates.get(*self.by_pid.get(&stat.pid)?)?;
        let markers = self.markers.get(&stat.pid)?;
        let is_final = markers.environment.is_some() || !own.contains(&stat.parent);
        (known.start_time == stat.start_time && is_final).then(|| markers.clone())
    }

    /// `roots` and their descendants, as far as they live.
    fn with_descendants(&self, roots: impl IntoIterator<Item = usize>) -> Vec<Stat> {
        let mut found: BTreeSet<usize> = roots.into_iter().collect();
        let mut open: Vec<usize> = found.iter().copied().collect();
        while let Some(parent) = open.pop() {
            for child in self.by_parent.get(&self.candidates[parent].pid).into_iter().flatten() {
                if found.insert(*child) {
                    open.push(*child);
                }
            }
        }
        found.into_iter().map(|at| self.candidates[at]).filter(Stat::is_alive).collect()
    }
}

impl Markers {
    fn of(pid: u32) -> Self {
        let environment = variables_of(pid, [MARKER, PROCESS_MARKER]);
        let environment = environment.and_then(|[stack, process]| Some((stack?, process)));
        // what still has its environment needs no second question
        let inherited = if environment.is_none() { InheritedMarker::of(pid) } else { None };
        Self { environment, inherited }
    }
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
        self.members_in(&look, name, leader)
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
        self.members_in(&look, name, leader)
    }

    fn members_in(&self, look: &Look, name: &str, leader: Option<&ProcessIdentity>) -> Vec<Stat> {
        let mut roots: Vec<usize> = look.by_name.get(name).cloned().unwrap_or_default();
        roots.extend(look.by_inherited.get(&self.inherited_marker(name)).into_iter().flatten());
        if let Some(leader) = leader {
            let own = look.by_pid.get(&leader.pid).copied();
            let lives = own.filter(|at| look.candidates[*at].start_time == leader.start_time);
            roots.extend(lives);
            // a dead leader's number may name a stranger's session, but not below our own guardian
            if lives.is_some() || self.complete {
                let with_leader = [look.by_session.get(&leader.pid), look.by_group.get(&leader.pid)];
                roots.extend(with_leader.into_iter().flatten().flatten().filter(|at| Some(**at) != own));
            }
        }
        look.with_descendants(roots)
    }

    /// Live OS processes of the whole stack, supervisor and guardian left out.
    pub(crate) fn everyone(&self) -> Vec<Stat> {
        let look = self.look();
        if self.complete {
            look.candidates.iter().filter(|stat| stat.is_alive()).copied().collect()
        } else {
            look.with_descendants(look.marked.iter().copied())
        }
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
        let trio: Vec<u32> = self.guardian.into_iter().chain([own]).collect();
        let look = Rc::new(Look::new(&self.marker, &trio, began, candidates, self.last.borrow().as_deref()));
        *self.last.borrow_mut() = Some(Rc::clone(&look));
        look
    }
}

impl Look {
    /// How long the next look waits.
    fn rest(&self) -> Duration {
        ((self.ended - self.began) * REST).clamp(FRESH, LONGEST_REST)
    }
}

/// The TCP ports that these processes listen on.
pub(crate) fn listening_ports(members: &[Stat]) -> Vec<u16> {
    let pids: Vec<u32> = members.iter().map(|stat| stat.pid).collect();
    Listeners::read().ports_of(&pids)
}

/// Variable that names the supervised process a program was started for, beside [`MARKER`].
pub(crate) const PROCESS_MARKER: &str = "HARNESS_PROCESS";
