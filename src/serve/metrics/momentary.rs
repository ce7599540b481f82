//! How things are when somebody asks.

use std::collections::BTreeMap;
use std::fmt::Write;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::report::{StackState, TaskStatus};
use crate::serve::site::Site;
use crate::serve::store::{StoreError, tasks};
use crate::supervisor::{self, ProcessSnapshot};
use crate::system::{ProcessIdentity, StackName};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStatus {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStack {
    stack: Named,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfProcess {
    stack: Named,
    process: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Named(StackName);

impl EncodeLabelValue for Named {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        write!(encoder, "{}", self.0)
    }
}

const STATES: [StackState; 9] = [
    StackState::Healthy,
    StackState::Unhealthy,
    StackState::Starting,
    StackState::Stopped,
    StackState::Parked,
    StackState::PartlyStopped,
    StackState::Incomplete,
    StackState::Broken,
    StackState::Damaged,
];

/// The figures of now.
///
/// # Errors
/// The database failed.
pub(in crate::serve) async fn momentary(site: &Site) -> Result<Registry, StoreError> {
    let counts = site.store.read(tasks::counts).await?;
    let processes = site.picture.processes();
    let (memory, processes) =
        tokio::task::spawn_blocking(move || (memory(&processes), processes)).await.unwrap_or_default();
    let mut registry = Registry::with_prefix("harness");
    stacks(&mut registry, site);
    let family: Family<OfStack, Gauge> = Family::default();
    for (stack, bytes) in memory {
        family.get_or_create(&OfStack { stack: Named(stack) }).set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    let help = "Resident memory of a stack's processes with all that they started";
    registry.register_with_unit("stack_memory", help, Unit::Bytes, family);
    restarts(&mut registry, &processes);
    let family: Family<OfStatus, Gauge> = Family::default();
    for status in TaskStatus::ALL {
        let count = counts.get(&status).copied().unwrap_or_default();
        family.get_or_create(&OfStatus { status: status.as_str() }).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    registry.register("tasks", "Tasks by status", family);
    let jobs: Gauge = Gauge::default();
    jobs.set(i64::try_from(site.working.count()).unwrap_or(i64::MAX));
    registry.register("jobs_running", "Jobs at work", jobs);
    Ok(registry)
}

fn stacks(registry: &mut Registry, site: &Site) {
    let family: Family<OfState, Gauge> = Family::default();
    for state in STATES {
        let _ = family.get_or_create(&OfState { state: state.as_str() });
    }
    for state in site.picture.states().into_values() {
        family.get_or_create(&OfState { state: state.as_str() }).inc();
    }
    registry.register("stacks", "Agents' stacks by state", family);
}

fn restarts(registry: &mut Registry, stacks: &BTreeMap<StackName, BTreeMap<String, ProcessSnapshot>>) {
    let family: Family<OfProcess, Counter> = Family::default();
    for (stack, processes) in stacks {
        for (name, process) in processes {
            let labels = OfProcess { stack: Named(*stack), process: name.clone() };
            family.get_or_create(&labels).inc_by(u64::from(process.restarts));
        }
    }
    registry.register("process_restarts", "Times that a process was started again without being asked", family);
}

fn memory(stacks: &BTreeMap<StackName, BTreeMap<String, ProcessSnapshot>>) -> BTreeMap<StackName, u64> {
    let of_stack = |processes: &BTreeMap<String, ProcessSnapshot>| {
        let leaders: Vec<ProcessIdentity> = processes.values().filter_map(|it| it.process.clone()).collect();
        supervisor::stats(&leaders).into_iter().flatten().map(|usage| usage.memory_bytes).sum()
    };
    stacks.iter().map(|(name, processes)| (*name, of_stack(processes))).collect()
}
