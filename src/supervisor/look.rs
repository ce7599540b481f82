//! One look at the OS processes that may belong to a stack.
//!
//! A look indexes what it found, and answers a question in time proportional to the answer. The work of a stop is then
//! linear in the number of processes, also after a guardian died, when each look has to read all processes of the
//! machine.

use std::cell::LazyCell;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::supervisor::execute::Role;
use crate::system::proc::{InheritedMarker, MARKER, ProcessIdentity, Stat, variables_of};

/// Variable that names the supervised process a program was started for, beside [`MARKER`].
pub(crate) const PROCESS_MARKER: &str = "HARNESS_PROCESS";

/// How long a look serves others.
pub(super) const FRESH: Duration = Duration::from_millis(2);

/// The pause between two looks, as a multiple of what the last one took.
const REST: u32 = 4;

/// No pause is longer.
const LONGEST_REST: Duration = Duration::from_millis(200);

/// Who rules the stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trio {
    pub(super) guardian: Option<u32>,
    pub(super) supervisor: u32,
    /// Whether everything hangs below the guardian.
    pub(super) complete: bool,
}

impl Trio {
    fn has(self, pid: u32) -> bool {
        pid == self.supervisor || Some(pid) == self.guardian
    }
}

/// What an OS process was started with.
#[derive(Debug, Clone, Default)]
struct Markers {
    /// `HARNESS_STACK` and `HARNESS_PROCESS`.
    environment: Option<(String, Option<String>)>,
    inherited: Option<InheritedMarker>,
}

/// One look at the OS processes that may belong to the stack.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    trio: Trio,
    candidates: Vec<Stat>,
    by_pid: HashMap<u32, usize>,
    by_session: HashMap<u32, Vec<usize>>,
    by_group: HashMap<u32, Vec<usize>>,
    by_parent: HashMap<u32, Vec<usize>>,
    markers: HashMap<u32, Markers>,
    /// Those that the markers give to a process, by its name.
    by_name: HashMap<String, Vec<usize>>,
    by_inherited: HashMap<InheritedMarker, Vec<usize>>,
    /// What belongs to other stacks.
    foreign: BTreeSet<usize>,
    /// All that the markers give to this stack.
    marked: Vec<usize>,
}

impl Look {
    /// Indexes `candidates`, of which `last` knows some.
    pub(super) fn new(marker: &str, trio: Trio, began: Instant, candidates: Vec<Stat>, last: Option<&Self>) -> Self {
        let mut look = Self {
            began,
            ended: began,
            trio,
            by_pid: HashMap::with_capacity(candidates.len()),
            by_session: HashMap::new(),
            by_group: HashMap::new(),
            by_parent: HashMap::new(),
            markers: HashMap::with_capacity(candidates.len()),
            by_name: HashMap::new(),
            by_inherited: HashMap::new(),
            foreign: BTreeSet::new(),
            marked: Vec::new(),
            candidates,
        };
        let stack = InheritedMarker::new(marker, "").stack;
        for (at, stat) in look.candidates.iter().enumerate() {
            look.by_pid.insert(stat.pid, at);
            look.by_session.entry(stat.session).or_default().push(at);
            look.by_group.entry(stat.group).or_default().push(at);
            look.by_parent.entry(stat.parent).or_default().push(at);
            let known = last.and_then(|last| last.markers_again(stat));
            let markers = known.unwrap_or_else(|| Markers::of(stat.pid));
            match &markers.environment {
                Some((of, name)) if of == marker => {
                    look.marked.push(at);
                    look.by_name.entry(name.clone().unwrap_or_default()).or_default().push(at);
                }
                // a stack that was started from within this one may have the outer stack's inherited marker
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
        look.foreign = look.other_stacks(marker);
        look.ended = Instant::now();
        look
    }

    /// What hangs below the guardian and belongs to other stacks, with all that hangs below it. A stack that is started
    /// from a session of this one ends up there, because the guardian adopts every orphan of its stack. It has a
    /// guardian of its own, or none that lives: then its processes are known by their marker.
    fn other_stacks(&self, marker: &str) -> BTreeSet<usize> {
        let Some(guardian) = self.trio.guardian.filter(|_| self.trio.complete) else { return BTreeSet::new() };
        let own_directory = LazyCell::new(|| Role::of(guardian).map(|(_, directory)| directory));
        let is_other = |at: &&usize| {
            let pid = self.candidates[**at].pid;
            match self.markers.get(&pid).and_then(|markers| markers.environment.as_ref()) {
                // what `exec` starts has a marker below that of the stack
                Some((of, _)) => of.strip_prefix(marker).is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/')),
                None => Role::of(pid).is_some_and(|(_, directory)| Some(&directory) != own_directory.as_ref()),
            }
        };
        let roots = self.by_parent.get(&guardian).into_iter().flatten().filter(is_other).copied();
        self.below(roots)
    }

    /// Live OS processes of the process `name`, whose marker is `inherited`, and whose leader is or was `leader`.
    pub(super) fn members(
        &self,
        name: &str,
        inherited: &InheritedMarker,
        leader: Option<&ProcessIdentity>,
    ) -> Vec<Stat> {
        let mut roots: Vec<usize> = self.by_name.get(name).cloned().unwrap_or_default();
        roots.extend(self.by_inherited.get(inherited).into_iter().flatten());
        if let Some(leader) = leader {
            let own = self.by_pid.get(&leader.pid).copied();
            let lives = own.filter(|at| self.candidates[*at].start_time == leader.start_time);
            roots.extend(lives);
            // a dead leader's number may name a stranger's session, but not below our own guardian
            if lives.is_some() || self.trio.complete {
                let with_leader = [self.by_session.get(&leader.pid), self.by_group.get(&leader.pid)];
                roots.extend(with_leader.into_iter().flatten().flatten().filter(|at| Some(**at) != own));
            }
        }
        self.with_descendants(roots)
    }

    /// Live OS processes of the whole stack.
    pub(super) fn everyone(&self) -> Vec<Stat> {
        if self.trio.complete {
            self.with_descendants(0..self.candidates.len())
        } else {
            self.with_descendants(self.marked.iter().copied())
        }
    }

    /// How long the next look waits.
    pub(super) fn rest(&self) -> Duration {
        ((self.ended - self.began) * REST).clamp(FRESH, LONGEST_REST)
    }

    /// The markers that this look read of an OS process that is still there. Those of our own children are read
    /// again while they have none, because between `fork` and `exec` they have our environment.
    fn markers_again(&self, stat: &Stat) -> Option<Markers> {
        let known = self.candidates.get(*self.by_pid.get(&stat.pid)?)?;
        let markers = self.markers.get(&stat.pid)?;
        let is_final = markers.environment.is_some() || !self.trio.has(stat.parent);
        (known.start_time == stat.start_time && is_final).then(|| markers.clone())
    }

    /// `roots` and their descendants, as far as they live and belong to no other stack.
    fn with_descendants(&self, roots: impl IntoIterator<Item = usize>) -> Vec<Stat> {
        let found = self.below(roots);
        found.difference(&self.foreign).map(|at| self.candidates[*at]).filter(Stat::is_alive).collect()
    }

    /// `roots` and their descendants.
    fn below(&self, roots: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found: BTreeSet<usize> = roots.into_iter().collect();
        let mut open: Vec<usize> = found.iter().copied().collect();
        while let Some(parent) = open.pop() {
            for child in self.by_parent.get(&self.candidates[parent].pid).into_iter().flatten() {
                if found.insert(*child) {
                    open.push(*child);
                }
            }
        }
        found
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
