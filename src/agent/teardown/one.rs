//! One agent: list what it owns, remove it, prove that it is gone.

use crate::agent::belongings::{self, Entry, Kind, List, Owner};
use crate::agent::journal::Journal;
use crate::agent::lease::Lease;
use crate::agent::recovery::recover;
use crate::agent::worktree::spare;
use crate::agent::{Context, Error, Lifecycle, Record, leftover, moved, ownership};
use crate::infra::{self, Infra};
use crate::project::AgentId;
use crate::report::{Failure, Removed, RemovedKind, TornDownAgent};
use crate::stores::end_abandoned_builds;
use crate::system;

use super::options::TeardownOptions;

/// Tears `agent` down, telling in `report` what went, even when the end is a failure.
pub(super) async fn teardown(
    context: &Context,
    infra: Option<&Infra>,
    agent: AgentId,
    options: &TeardownOptions,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let lease = Lease::take(context, agent, "teardown").await?;
    let result = with_lease(context, infra, &lease, options, report).await;
    lease.forget_if_empty(context);
    result
}

async fn with_lease(
    context: &Context,
    infra: Option<&Infra>,
    lease: &Lease,
    options: &TeardownOptions,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let agent = lease.agent;
    // a record that cannot be read must not keep the rest from going
    let (record, is_damaged) = match Record::read(&context.home, agent) {
        Ok(record) => (record, false),
        Err(error @ system::Error::Newer { .. }) => return Err(error.into()),
        Err(error) => {
            let standing = ownership::standing_root(context)?;
            let recovered = recover(context, standing.as_deref(), agent);
            context.events.warning(format!("agent {agent}"), what_is_known(&error, recovered.as_ref()));
            (recovered, true)
        }
    };
    let here = context.project().ok();
    let record = match record {
        Some(found) => {
            let record = moved::followed(context, found.clone(), here.as_ref());
            if record != found && !options.dry_run {
                moved::mend(context, &record).await;
            }
            Some(record)
        }
        None => None,
    };
    report.project = record.as_ref().map(|record| record.project.clone());
    if options.only_leftovers && leftover::why(context, record.as_ref()).is_none() {
        // a launch took it up while we waited for it
        return Ok(());
    }
    let mut owner = Owner::new(context, infra, agent, record.as_ref(), options.force);
    owner.is_damaged = is_damaged;
    if options.dry_run {
        let list = belongings::list(&owner).await;
        for Entry { kind, problem, .. } in &list.entries {
            if let Some(problem) = problem {
                context.events.warning(format!("agent {agent}"), format!("{}: {problem}", kind.step()));
            }
        }
        report.foreign = list.foreign;
        report.left = list.unreachable;
        report.removed = list.entries.into_iter().flat_map(|entry| entry.own).collect();
        return Ok(());
    }
    belongings::refusal(&owner).await?;
    remove(&owner, Directory::Removed, record.as_ref(), report).await
}

/// What a person must know when the record is damaged.
fn what_is_known(error: &system::Error, recovered: Option<&Record>) -> String {
    match recovered {
        Some(record) => format!(
            "{error}; by what exists, it is an agent of project `{}` in `{}`. Not known: files that `[render]` wrote \
             without harness's signature",
            record.project,
            record.tree.display()
        ),
        None => format!(
            "{error}; nothing tells which project it belongs to. Its processes and what it has on the servers are found \
             by the home's id; not known: its work tree, its rendered files and their lines in git's exclude file"
        ),
    }
}

/// Finishes what a teardown or an undo began, for a launch of the same agent, which keeps its directory. A work tree
/// that holds work by now stays; says whether it does.
///
/// # Errors
/// Something could not be removed.
pub(in crate::agent) async fn finish(
    context: &Context,
    infra: Option<&Infra>,
    lease: &Lease,
    record: &Record,
) -> Result<bool, Failure> {
    let agent = lease.agent;
    let refused = belongings::refusal(&Owner::new(context, infra, agent, Some(record), false)).await.is_err();
    let removable = Record { worktree: record.worktree.clone().filter(|_| !refused), ..record.clone() };
    let mut report = TornDownAgent::of(agent.get());
    let owner = Owner::new(context, infra, agent, Some(&removable), false);
    remove(&owner, Directory::Kept, Some(record), &mut report).await?;
    Ok(refused && record.worktree.is_some())
}

/// Why a launch is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::agent) enum Undo {
    /// It failed, and its logs say why. With a work tree that is worth it, the next launch goes on with that.
    Failed { keep_tree: bool },
    /// It was interrupted.
    Interrupted,
}

/// Undoes a first launch, as far as it came; problems are left to the next launch or teardown.
pub(in crate::agent) async fn undo(context: &Context, lease: &Lease, record: Option<&Record>, why: Undo) {
    let keep_tree = why == Undo::Failed { keep_tree: true };
    let mut report = TornDownAgent::of(lease.agent.get());
    // servers that never came up hold nothing, and those that nothing was made on are not asked
    let infra = match record {
        Some(record) if !record.used_servers => None,
        _ => infra::open(&context.home).await.ok().flatten().filter(|infra| infra.record.served).map(Infra::impatient),
    };
    let subject = format!("agent {}", lease.agent);
    // one of this launch: nothing else ends it
    let _ = end_abandoned_builds(&context.home, false).await;
    let undone = async {
        if let Some(record) = record.filter(|_| keep_tree) {
            let removable = Record { worktree: None, ..record.clone() };
            let owner = Owner::new(context, infra.as_ref(), lease.agent, Some(&removable), false);
            remove(&owner, Directory::Kept, Some(record), &mut report).await?;
            return Ok::<_, Failure>(record.clone().with_tree_only().write(&context.home)?);
        }
        let mut owner = Owner::new(context, infra.as_ref(), lease.agent, record, false);
        owner.keeps_logs = why != Undo::Interrupted;
        belongings::refusal(&owner).await?;
        remove(&owner, Directory::Removed, record, &mut report).await
    };
    if let Err(failure) = undone.await {
        context.events.warning(subject, format!("cannot undo everything: {failure}"));
    } else if let Some(worktree) = record.filter(|_| keep_tree).and_then(|record| record.worktree.as_ref()) {
        let (path, agent) = (worktree.path.display(), lease.agent);
        let text = format!("work tree `{path}` is kept for the next launch; `harness teardown {agent}` removes it");
        context.events.note(subject, text);
    }
}

/// What happens to the agent's directory in the home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directory {
    Removed,
    /// A launch goes on in it.
    Kept,
}

/// Removes everything of the list. A kind that fails does not keep the next from going.
async fn remove(
    owner: &Owner<'_>,
    end: Directory,
    recorded: Option<&Record>,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let (context, agent) = (owner.context, owner.agent);
    if let Some(record) = recorded {
        // a launch that was killed as it took a spare tree over may have left the agent's branch there
        spare::recover(&context.home, &record.project_root).await;
    }
    let list = belongings::list(owner).await;
    report.foreign.clone_from(&list.foreign);
    report.left.clone_from(&list.unreachable);
    let mut journal = Journal::open_to_remove(&context.home, agent, "teardown")?;
    let task = context.events.task(format!("agent {agent}"), "tear down");
    // the whole record: cut off here, the next command knows of the work tree as well
    if let Some(mut record) = recorded.cloned() {
        record.lifecycle = Lifecycle::TearingDown;
        system::unless_full(record.write(&context.home))?;
    }
    let failure = remove_list(owner, list, end, &mut journal, report).await?;
    prove(owner, report);
    if let Some(failure) = failure {
        return Err(failure);
    }
    if report.left.is_empty() {
        if end == Directory::Kept {
            // it stays, and the next command must not take this one for interrupted
            let step = journal.begin("end")?;
            journal.done(&step)?;
        }
        task.finish();
        return Ok(());
    }
    let left: Vec<String> = report.left.iter().map(|thing| format!("{} {}", thing.kind, thing.name)).collect();
    Err(Error::Left { agent, left: left.join(", ") }.into())
}

/// Removes kind after kind; the agent's directory, which knows of everything else, only when nothing is left. Returns
/// the first failure.
async fn remove_list(
    owner: &Owner<'_>,
    list: List,
    end: Directory,
    journal: &mut Journal,
    report: &mut TornDownAgent,
) -> Result<Option<Failure>, Failure> {
    let mut first = None;
    for Entry { kind, own, problem } in list.entries {
        let is_last = end == Directory::Removed && report.left.is_empty() && first.is_none();
        if kind == Kind::State && !is_last {
            continue;
        }
        let step = journal.begin(kind.step())?;
        let result = match problem {
            None => kind.remove(owner, &own).await,
            Some(problem) => Err(problem),
        };
        match result {
            Ok(rest) => {
                report.removed.extend(own.into_iter().chain(rest.more));
                report.left.extend(rest.left);
            }
            Err(failure) => {
                report.left.extend(own);
                owner.context.events.warning(format!("agent {}", owner.agent), format!("{}: {failure}", kind.step()));
                first.get_or_insert(failure);
            }
        }
        if kind != Kind::State {
            journal.done(&step)?;
        }
    }
    Ok(first)
}

/// Ports on which a process still listens although the stack is gone: a process of the stack, which is then
/// left, or a foreign one.
fn prove(owner: &Owner<'_>, report: &mut TornDownAgent) {
    let stopped_some = report.removed.iter().any(|thing| thing.kind == RemovedKind::Process);
    let marker = system::marker_value(owner.context.home.id(), &owner.agent.stack().to_string());
    for (name, port) in owner.record.iter().filter(|_| stopped_some).flat_map(|record| &record.ports) {
        if let Some(holder) = system::port_holder(*port) {
            let pid = holder.pid.map_or_else(String::new, |pid| format!("pid {pid}, "));
            let thing = Removed::with(RemovedKind::Port, port.to_string(), format!("{name}: {pid}{}", holder.command));
            let ours = system::processes_with_marker(&marker).iter().any(|process| Some(process.pid) == holder.pid);
            if ours { report.left.push(thing) } else { report.foreign.push(thing) }
        }
    }
}
