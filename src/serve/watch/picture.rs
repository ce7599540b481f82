//! The stacks as they were last seen, for whoever wants to know it now without asking anybody.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::difference::Processes;
use crate::agent::stack_state;
use crate::report::{AgentChange, StackState};
use crate::supervisor::StackSnapshot;
use crate::system::StackName;

/// What the watchers know. Copies share it.
#[derive(Clone, Default)]
pub(in crate::serve) struct Picture(Arc<Mutex<View>>);

#[derive(Default)]
struct View {
    agents: BTreeMap<u8, Known>,
    stacks: BTreeMap<StackName, Seen>,
}

/// What the record of an agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// What is done with the agent.
    Is(AgentChange),
    /// It cannot be read.
    Damaged,
}

/// What a supervisor says.
enum Seen {
    Answers {
        processes: Processes,
        state: StackState,
    },
    /// There is one, and it does not answer.
    Silent,
}

impl Picture {
    /// Sets all agents.
    pub(super) fn agents(&self, agents: BTreeMap<u8, Known>) {
        self.with(|view| view.agents = agents);
    }

    /// Sets what the supervisor of a stack says.
    pub(super) fn runs(&self, stack: StackName, snapshot: &StackSnapshot) {
        let seen = Seen::Answers { processes: snapshot.processes.clone(), state: stack_state(snapshot) };
        self.with(|view| view.stacks.insert(stack, seen));
    }

    /// No supervisor of this stack answers; one that `is_there` should.
    pub(super) fn is_gone(&self, stack: StackName, is_there: bool) {
        self.with(|view| if is_there { view.stacks.insert(stack, Seen::Silent) } else { view.stacks.remove(&stack) });
    }

    /// The agents' stacks, each in a word.
    pub(in crate::serve) fn states(&self) -> BTreeMap<u8, StackState> {
        self.with(|view| {
            let state = |(agent, known): (&u8, &Known)| (*agent, view.state(*agent, *known));
            view.agents.iter().map(state).collect()
        })
    }

    /// The processes of all stacks, those of the shared servers among them.
    pub(in crate::serve) fn processes(&self) -> BTreeMap<StackName, Processes> {
        self.with(|view| {
            let running = view.stacks.iter().filter_map(|(name, seen)| match seen {
                Seen::Answers { processes, .. } => Some((*name, processes.clone())),
                Seen::Silent => None,
            });
            running.collect()
        })
    }

    fn with<T: Default>(&self, work: impl FnOnce(&mut View) -> T) -> T {
        // a holder that panicked has left it whole: each change is one assignment
        let mut view = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        work(&mut view)
    }
}

impl View {
    fn state(&self, agent: u8, known: Known) -> StackState {
        match (known, self.stacks.get(&StackName::Agent(agent))) {
            (Known::Damaged, _) => StackState::Damaged,
            (Known::Is(AgentChange::Launching | AgentChange::TearingDown), _) => StackState::Incomplete,
            (_, Some(Seen::Silent)) => StackState::Broken,
            (_, Some(Seen::Answers { state, .. })) => *state,
            (_, None) => StackState::Stopped,
        }
    }
}
