//! `stats`: what stacks use of the machine.
//!
//! Memory, threads and files are as of now; CPU is what was spent between two looks, so that a process
//! that was busy an hour ago does not look busy.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Context, Error, identity};
use crate::project::AgentId;
use crate::report::{Failure, MachineMemory, ProcessStats, StackStats, Stats, Usage};
use crate::supervisor::{self, Client, StackSnapshot, StackUsage};
use crate::system::{Memory, StackName};

/// Looks at the stacks of a home again and again.
#[derive(Debug)]
pub struct Sampler<'a> {
    context: &'a Context,
    only: Option<AgentId>,
    before: Option<(Instant, Spent)>,
}

/// Milliseconds of CPU by stack and process; by stack alone for its supervisor.
type Spent = HashMap<(String, Option<String>), u64>;

/// One stack at one moment.
struct Look {
    name: StackName,
    snapshot: StackSnapshot,
    usage: StackUsage,
}

impl<'a> Sampler<'a> {
    /// A sampler of every running stack, or of one agent's.
    pub fn new(context: &'a Context, only: Option<AgentId>) -> Self {
        Self { context, only, before: None }
    }

    /// The figures after another `interval`. The first time it looks twice.
    ///
    /// # Errors
    /// The one agent that was asked for does not exist or does not run.
    pub async fn next(&mut self, interval: Duration) -> Result<Stats, Failure> {
        let (then, before) = match self.before.take() {
            Some(before) => before,
            None => (Instant::now(), spent(&self.look().await?)),
        };
        tokio::select! {
            biased;
            () = super::interrupted() => return Err(Error::Interrupted.into()),
            () = tokio::time::sleep(interval) => {}
        }
        let looks = self.look().await?;
        let now = Instant::now();
        let passed = now - then;
        let stacks = looks.iter().map(|look| stack(look, &before, passed)).collect();
        self.before = Some((now, spent(&looks)));
        let sampled_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let machine =
            Memory::read().map(|memory| MachineMemory { total_bytes: memory.total, available_bytes: memory.available });
        Ok(Stats { schema: "harness/stats/1".to_owned(), sampled_ms, machine, stacks })
    }

    async fn look(&self) -> Result<Vec<Look>, Failure> {
        let names = match self.only {
            Some(agent) => {
                super::Record::read(&self.context.home, agent)?.ok_or(Error::Unknown(agent))?;
                vec![agent.stack()]
            }
            None => std::iter::once(StackName::Infra)
                .chain(identity::agents(self.context)?.into_iter().map(AgentId::stack))
                .collect(),
        };
        let mut looks = Vec::new();
        for name in names {
            let Some(client) = Client::look(&self.context.home.stack_dir(name))? else { continue };
            // one that ends at this moment counts as ended
            let Ok(snapshot) = client.snapshot().await else { continue };
            let usage = supervisor::stack_stats(self.context.home.id(), &snapshot);
            looks.push(Look { name, snapshot, usage });
        }
        match self.only {
            Some(agent) if looks.is_empty() => Err(Error::NotRunning(agent).into()),
            _ => Ok(looks),
        }
    }
}

fn spent(looks: &[Look]) -> Spent {
    let of = |look: &Look| {
        let stack = look.name.to_string();
        let processes = look.usage.processes.iter();
        let mut spent: Vec<_> =
            processes.map(|(name, usage)| ((stack.clone(), Some(name.clone())), usage.cpu_ms)).collect();
        spent.push(((stack, None), look.usage.supervisor.cpu_ms));
        spent
    };
    looks.iter().flat_map(of).collect()
}

fn stack(look: &Look, before: &Spent, passed: Duration) -> StackStats {
    let now = jiff::Timestamp::now().as_millisecond();
    let stack = look.name.to_string();
    let row = |process: Option<&str>, usage: &supervisor::Usage| {
        let known = before.get(&(stack.clone(), process.map(ToOwned::to_owned))).copied();
        report(usage, known, passed)
    };
    let processes: Vec<ProcessStats> = look
        .snapshot
        .processes
        .iter()
        .map(|(name, process)| ProcessStats {
            name: name.clone(),
            state: process.phase,
            pid: process.process.as_ref().map(|identity| identity.pid),
            restarts: process.restarts,
            uptime_ms: process.process.as_ref().and(process.started_at_ms).map(|started| (now - started).max(0)),
            usage: look.usage.processes.get(name).map(|usage| row(Some(name), usage)),
        })
        .collect();
    let supervisor = row(None, &look.usage.supervisor);
    StackStats {
        agent: match look.name {
            StackName::Agent(id) => Some(id),
            StackName::Infra | StackName::Serve => None,
        },
        uptime_ms: look.snapshot.guardian.as_ref().and_then(supervisor::age_ms),
        restarts: processes.iter().map(|process| process.restarts).sum(),
        total: total(&processes, supervisor),
        supervisor,
        processes,
        stack,
    }
}

/// A tree that spent less than before has lost members; one that was not there before has spent all of it
/// since.
fn report(usage: &supervisor::Usage, before: Option<u64>, passed: Duration) -> Usage {
    let spent = usage.cpu_ms.saturating_sub(before.unwrap_or_default());
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // a percentage for people
    let cpu_percent = (spent as f64 / 10.0 / passed.as_secs_f64().max(0.001)) as f32;
    Usage {
        cpu_percent,
        memory_bytes: usage.memory_bytes,
        pss_bytes: usage.pss_bytes,
        processes: usage.processes,
        threads: usage.threads,
        open_files: usage.open_files,
    }
}

fn total(processes: &[ProcessStats], supervisor: Usage) -> Usage {
    processes.iter().filter_map(|process| process.usage).fold(supervisor, |sum, it| Usage {
        cpu_percent: sum.cpu_percent + it.cpu_percent,
        memory_bytes: sum.memory_bytes + it.memory_bytes,
        pss_bytes: sum.pss_bytes.zip(it.pss_bytes).map(|(sum, it)| sum + it),
        processes: sum.processes + it.processes,
        threads: sum.threads + it.threads,
        open_files: sum.open_files.zip(it.open_files).map(|(sum, it)| sum + it),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ProcessState;

    #[test]
    fn a_total_is_unknown_where_a_part_is() {
        let of = |pss_bytes| ProcessStats {
            name: "api".to_owned(),
            state: ProcessState::Ready,
            pid: None,
            restarts: 0,
            uptime_ms: None,
            usage: Some(Usage { pss_bytes, threads: 2, open_files: Some(3), ..Usage::default() }),
        };
        let supervisor = Usage { pss_bytes: Some(100), threads: 10, open_files: Some(50), ..Usage::default() };
        let known = total(&[of(Some(5)), of(Some(6))], supervisor);
        assert_eq!((known.pss_bytes, known.threads, known.open_files), (Some(111), 14, Some(56)));
        assert_eq!(total(&[of(Some(5)), of(None)], supervisor).pss_bytes, None);
        let half = supervisor::Usage { cpu_ms: 1500, ..supervisor::Usage::default() };
        let percent = report(&half, Some(1000), Duration::from_secs(1)).cpu_percent;
        assert!((percent - 50.0).abs() < 0.1, "{percent}");
        assert!(report(&half, Some(2000), Duration::from_secs(1)).cpu_percent.abs() < 0.1, "members were lost");
    }
}
