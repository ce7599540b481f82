//! Whether the memory of this machine suffices for one more stack.
//!
//! What a stack of a project needs is what the most demanding one has needed, which its supervisor samples and every
//! launch writes down. A project of which no stack has run is let in: nothing is known of it. What runs may still grow
//! to what it needs, so that this much is left to it; then comes the reserve. Starting what is parked or stopped is no
//! launch, and is not refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scope::LaunchOptions;
use crate::agent::{Context, Error, Record, identity};
use crate::project::{AgentId, Project};
use crate::report::Failure;
use crate::supervisor::{Client, MemoryUse};
use crate::system::{self, Memory, Versioned};

/// What stacks have needed, in bytes, by the name of the project.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Needs {
    stacks: BTreeMap<String, u64>,
}

impl Versioned for Needs {
    const WHAT: &'static str = "list of what stacks need";
    const VERSION: u32 = 1;
}

/// A stack that runs.
struct Running {
    agent: AgentId,
    project: String,
    memory: MemoryUse,
}

/// Which of `agents` there is no room for, and why.
pub(super) async fn refused(
    context: &Context,
    project: &Project,
    agents: &[AgentId],
    options: &LaunchOptions,
) -> Result<BTreeMap<AgentId, Error>, Failure> {
    let mut new = Vec::new();
    for agent in agents {
        if Client::look(&context.home.stack_dir(agent.stack()))?.is_none() {
            new.push(*agent);
        }
    }
    if options.force || new.is_empty() {
        return Ok(BTreeMap::new());
    }
    let Some(machine) = Memory::read() else { return Ok(BTreeMap::new()) };
    let running = running(context).await?;
    let needs = needs(context, &running)?;
    let Some(need) = needs.stacks.get(&project.name).copied() else { return Ok(BTreeMap::new()) };
    let growth: u64 = running.iter().map(|stack| growth(stack, &needs)).sum();
    let reserve = project.launch.memory_reserve.unwrap_or(machine.total / 20);
    let left = machine.available.saturating_sub(reserve).saturating_sub(growth);
    let name = &project.name;
    let error = |agent| Error::NoRoom { agent, project: name.clone(), need, left, parkable: parkable(&running) };
    Ok(new.into_iter().skip(room(left, need)).map(|agent| (agent, error(agent))).collect())
}

/// How many stacks that need so much have room in what is left.
fn room(left: u64, need: u64) -> usize {
    usize::try_from(left / need.max(1)).unwrap_or(usize::MAX)
}

/// What a stack may still need.
fn growth(stack: &Running, needs: &Needs) -> u64 {
    needs.stacks.get(&stack.project).copied().unwrap_or_default().saturating_sub(stack.memory.now)
}

/// Agents whose parking would free memory, the largest first, with what they use.
fn parkable(running: &[Running]) -> Vec<(AgentId, u64)> {
    let mut agents: Vec<(AgentId, u64)> = running.iter().map(|stack| (stack.agent, stack.memory.now)).collect();
    agents.sort_by_key(|(agent, memory)| (std::cmp::Reverse(*memory), *agent));
    agents
}

/// The stacks that run and have been sampled. One that does not answer is left out.
async fn running(context: &Context) -> Result<Vec<Running>, Failure> {
    let mut running = Vec::new();
    for agent in identity::agents(context)? {
        let Some(client) = Client::look(&context.home.stack_dir(agent.stack()))? else { continue };
        let (Ok(snapshot), Ok(Some(record))) = (client.snapshot().await, Record::read(&context.home, agent)) else {
            continue;
        };
        if let Some(memory) = snapshot.memory.filter(|_| !snapshot.parked) {
            running.push(Running { agent, project: record.project, memory });
        }
    }
    Ok(running)
}

/// What is known of earlier stacks and of those that run, which is written down.
fn needs(context: &Context, running: &[Running]) -> Result<Needs, Failure> {
    let path = context.home.path().join("needs.json");
    // figures only: a file that cannot be read is begun again
    let mut needs: Needs = system::read_versioned(&path).ok().flatten().unwrap_or_default();
    for stack in running {
        let need = needs.stacks.entry(stack.project.clone()).or_default();
        *need = stack.memory.peak.max(*need);
    }
    system::unless_full(system::write_fleeting(&path, &needs))?;
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_keeps_what_it_needs_and_the_largest_is_named_first() {
        let stack = |agent, now, peak| Running {
            agent: AgentId::try_from(agent).unwrap(),
            project: "shop".to_owned(),
            memory: MemoryUse { now, peak },
        };
        let needs = Needs { stacks: BTreeMap::from([("shop".to_owned(), 900)]) };
        assert_eq!(growth(&stack(1, 700, 800), &needs), 200);
        assert_eq!(growth(&stack(1, 950, 950), &needs), 0);
        assert_eq!([room(2700, 900), room(2699, 900), room(0, 900), room(5, 0)], [3, 2, 0, 5]);
        let running = [stack(1, 10, 10), stack(2, 30, 30), stack(3, 30, 30)];
        assert_eq!(parkable(&running).into_iter().map(|(agent, _)| agent.get()).collect::<Vec<_>>(), [2, 3, 1]);
    }
}
