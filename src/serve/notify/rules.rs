//! What is worth telling. No I/O: events, states and times come in, notices go out.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::report::verify::Outcome;
use crate::report::{Happening, NoticeKind, StackState, TaskStatus};

/// Something that people elsewhere should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) kind: NoticeKind,
    /// One line.
    pub(super) title: String,
    /// More about it; may be empty.
    pub(super) text: String,
    /// The page, as a path.
    pub(super) path: String,
    pub(super) agent: Option<u8>,
    pub(super) task: Option<u64>,
}

/// What was said, and what is to be said when.
pub(super) struct Rules {
    after: Duration,
    wanted: Option<Vec<NoticeKind>>,
    /// Since when a stack is broken, and whether that was said.
    broken: BTreeMap<u8, (Instant, bool)>,
    /// Tasks that were done already.
    done: BTreeSet<u64>,
}

impl Rules {
    /// `done` are the tasks that are done when it begins.
    pub(super) fn new(after: Duration, wanted: Option<Vec<NoticeKind>>, done: BTreeSet<u64>) -> Self {
        Self { after, wanted, broken: BTreeMap::new(), done }
    }

    /// Takes in how the stacks are.
    pub(super) fn look(&mut self, states: &BTreeMap<u8, StackState>, now: Instant) {
        let is_broken =
            |state: &StackState| matches!(state, StackState::Unhealthy | StackState::Broken | StackState::Damaged);
        // one that is being started again is not healthy yet
        let may_be = |state: &StackState| is_broken(state) || *state == StackState::Starting;
        self.broken.retain(|agent, _| states.get(agent).is_some_and(may_be));
        for (agent, _) in states.iter().filter(|(_, state)| is_broken(state)) {
            self.broken.entry(*agent).or_insert((now, false));
        }
    }

    /// When the next stack has been broken for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.broken.values().filter(|(_, told)| !told).map(|(since, _)| *since + self.after).min()
    }

    /// The stacks that have been broken for long enough by now; each is named once.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<u8> {
        let after = self.after;
        let late = self.broken.iter_mut().filter(|(_, (since, told))| !*told && now >= *since + after);
        let agents = late.map(|(agent, (_, told))| {
            *told = true;
            *agent
        });
        let agents: Vec<u8> = agents.collect();
        if self.wants(NoticeKind::StackBroken) { agents } else { Vec::new() }
    }

    /// What an event is worth.
    pub(super) fn event(&mut self, happening: &Happening) -> Option<Notice> {
        let notice = match happening {
            Happening::Verify { agent, status, first_error, full, duration_ms, .. } => {
                let passed = *status == Outcome::Pass;
                let kind = if passed { NoticeKind::VerifyPassed } else { NoticeKind::VerifyFailed };
                let what = if *full { "verify --full" } else { "verify" };
                let seconds = Duration::from_millis(*duration_ms).as_secs_f64();
                let title =
                    format!("agent {agent}: {what} {} after {seconds:.1} s", if passed { "passed" } else { "failed" });
                let text = first_error.clone().unwrap_or_default();
                Notice { kind, title, text, path: format!("/agents/{agent}"), agent: Some(*agent), task: None }
            }
            Happening::Task { task, status, title, assignee, .. } => {
                if *status != TaskStatus::Done {
                    self.done.remove(task);
                    return None;
                }
                if !self.done.insert(*task) {
                    return None;
                }
                let title = format!("task {task} is done: {title}");
                let (kind, path) = (NoticeKind::TaskDone, "/tasks".to_owned());
                Notice { kind, title, text: String::new(), path, agent: *assignee, task: Some(*task) }
            }
            _ => return None,
        };
        self.wants(notice.kind).then_some(notice)
    }

    fn wants(&self, kind: NoticeKind) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::TaskChange;

    fn rules() -> Rules {
        Rules::new(Duration::from_mins(1), None, BTreeSet::from([9]))
    }

    #[test]
    fn a_stack_is_named_once_it_was_broken_for_a_minute_and_again_only_after_it_was_well() {
        let (mut rules, start) = (rules(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let is = |state| BTreeMap::from([(3, state), (4, StackState::Healthy)]);
        rules.look(&is(StackState::Unhealthy), at(0));
        assert_eq!(rules.due(), Some(at(60)));
        // a restart that fails again does not begin again
        rules.look(&is(StackState::Starting), at(20));
        rules.look(&is(StackState::Unhealthy), at(30));
        assert_eq!((rules.overdue(at(59)), rules.overdue(at(60)), rules.overdue(at(90))), (vec![], vec![3], vec![]));
        assert_eq!(rules.due(), None);
        rules.look(&is(StackState::Healthy), at(100));
        rules.look(&is(StackState::Broken), at(110));
        assert_eq!((rules.overdue(at(169)), rules.overdue(at(170))), (vec![], vec![3]));
        rules.look(&BTreeMap::new(), at(180));
        assert_eq!(rules.due(), None);
    }

    #[test]
    fn a_task_is_done_once() {
        let mut rules = rules();
        let mut told = |task, status| {
            let (title, change) = ("It".to_owned(), TaskChange::Changed);
            rules.event(&Happening::Task { task, change, title, status, assignee: Some(2) }).is_some()
        };
        assert!(!told(9, TaskStatus::Done), "it was done before");
        assert!(!told(1, TaskStatus::Review) && told(1, TaskStatus::Done) && !told(1, TaskStatus::Done));
        assert!(!told(1, TaskStatus::Open) && told(1, TaskStatus::Done));
    }
}
