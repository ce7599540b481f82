//! One agent: stop it, remove what it owns, prove that it is gone.

use std::path::{Path, PathBuf};

use super::TeardownOptions;
use crate::agent::journal::Journal;
use crate::agent::lease::Lease;
use crate::agent::record::WorktreeRecord;
use crate::agent::{Context, Error, Lifecycle, Record, WorktreeError, gc, identity, worktree};
use crate::bucket::{BucketRegistry, OwnedBuckets, S3Endpoint};
use crate::infra::{self, Infra};
use crate::postgres::{self, Patience};
use crate::project::AgentId;
use crate::render;
use crate::report::{Failure, Removed, TornDownAgent};
use crate::supervisor::{self, Client};
use crate::system;

/// Where something lived that cannot be looked for any more.
const NO_SERVER: &str = "its server is not set up any more: run `harness setup` first, or use --force to forget it";

/// Tears `agent` down, telling in `report` what went, even when the end is a failure.
pub(super) async fn teardown(
    context: &Context,
    infra: Option<&Infra>,
    agent: AgentId,
    options: &TeardownOptions,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let lease = Lease::take(context, agent, "teardown").await?;
    // a record that cannot be read must not keep the rest from going
    let record = match Record::read(&context.home, agent) {
        Ok(record) => record,
        Err(error @ system::Error::Newer { .. }) => return Err(error.into()),
        Err(error) => {
            context.events.warning(format!("agent {agent}"), format!("{error}; removing what exists"));
            None
        }
    };
    report.project = record.as_ref().map(|record| record.project.clone());
    if options.only_leftovers && gc::why(record.as_ref()).is_none() {
        // a launch took it up while we waited for it
        return Ok(());
    }
    if options.dry_run {
        let result = look(context, infra, agent, record.as_ref(), report).await;
        forget_empty(&context.home.stack_dir(agent.stack()));
        return result;
    }
    remove(context, infra, &lease, record, None, options.force, report).await
}

/// Undoes a first launch, as far as it came; problems are left to the next teardown. With `keep_tree` the
/// next launch goes on with the work tree, which is all that stays.
pub(in crate::agent) async fn undo(context: &Context, lease: &Lease, record: Option<&Record>, keep_tree: bool) {
    let mut report = TornDownAgent::of(lease.agent.get());
    // servers that never came up hold nothing
    let infra = infra::open(&context.home).await.ok().flatten().filter(|infra| infra.record.served);
    let (subject, kept) = (format!("agent {}", lease.agent), record.filter(|_| keep_tree));
    let undone = match kept {
        Some(record) => all_but_tree(context, infra.as_ref(), lease, record, &mut report).await,
        None => remove(context, infra.as_ref(), lease, record.cloned(), None, false, &mut report).await,
    };
    if let Err(failure) = undone {
        context.events.warning(subject, format!("cannot undo everything: {failure}"));
    } else if let Some(worktree) = kept.and_then(|record| record.worktree.as_ref()) {
        let (path, agent) = (worktree.path.display(), lease.agent);
        let text = format!("work tree `{path}` is kept for the next launch; `harness teardown {agent}` removes it");
        context.events.note(subject, text);
    }
}

/// Removes everything but the work tree, and keeps the record of that.
async fn all_but_tree(
    context: &Context,
    infra: Option<&Infra>,
    lease: &Lease,
    record: &Record,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let removed = Record { worktree: None, ..record.clone() };
    remove(context, infra, lease, Some(removed), record.worktree.as_ref(), false, report).await?;
    system::create_private_dir(&context.home.stack_dir(lease.agent.stack()), 0o700)?;
    Ok(record.clone().with_tree_only().write(&context.home)?)
}

async fn remove(
    context: &Context,
    infra: Option<&Infra>,
    lease: &Lease,
    record: Option<Record>,
    kept_tree: Option<&WorktreeRecord>,
    force: bool,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let agent = lease.agent;
    let home = &context.home;
    let directory = home.stack_dir(agent.stack());
    // before anything is touched: a refusal must leave a working agent
    if let Some(worktree) = record.as_ref().and_then(|record| record.worktree.as_ref()).filter(|_| !force) {
        let loss = worktree::loss(worktree).await?;
        if !loss.what.is_empty() {
            return Err(WorktreeError::WouldLose { path: worktree.path.clone(), lost: loss.what }.into());
        }
    }
    let mut journal = Journal::open(home, agent, "teardown")?;
    let task = context.events.task(format!("agent {agent}"), "tear down");
    if let Some(mut record) = record.clone() {
        record.lifecycle = Lifecycle::TearingDown;
        // cut off here, the next teardown removes the tree as well
        record.worktree = record.worktree.or_else(|| kept_tree.cloned());
        record.write(home)?;
    }

    let step = journal.begin("processes")?;
    processes(context, &directory, agent, report).await?;
    journal.done(&step)?;

    let step = journal.begin("database")?;
    if let Some(server) = infra.and_then(|infra| infra.servers.postgres.as_ref()) {
        let dropped = postgres::drop::agent(server, home.id(), agent).await?;
        report.removed.extend(dropped.databases.iter().map(|name| Removed::new("database", name)));
        report.removed.extend(dropped.roles.iter().map(|name| Removed::new("role", name)));
        report.foreign.extend(dropped.foreign.iter().map(|name| Removed::new("database or role", name)));
    } else if !force && record.as_ref().is_some_and(|record| record.database_password.is_some()) {
        report.left.push(Removed::with("database", agent.database(), NO_SERVER));
    }
    journal.done(&step)?;

    let step = journal.begin("bucket")?;
    if let Some((infra, s3)) = infra.and_then(|infra| Some((infra, infra.servers.s3.as_ref()?))) {
        bucket(context, infra, s3, agent, report).await?;
    } else if !force && record.as_ref().is_some_and(|record| record.bucket_secret.is_some()) {
        report.left.push(Removed::with("bucket", agent.bucket(), NO_SERVER));
    }
    journal.done(&step)?;

    let step = journal.begin("mail")?;
    if let Some(mail) = infra.and_then(|infra| infra.servers.mail.as_ref()) {
        match mail.delete_tag(&agent.bucket()).await {
            Ok(0) => {}
            Ok(count) => {
                report.removed.push(Removed::with("mail", agent.bucket(), system::text::count(count, "message")));
            }
            Err(error) => report.left.push(Removed::with("mail", agent.bucket(), error.to_string())),
        }
    }
    journal.done(&step)?;

    let step = journal.begin("files")?;
    files(context, record.as_ref(), report)?;
    journal.done(&step)?;

    let step = journal.begin("worktree")?;
    if let Some((record, worktree)) = record.as_ref().and_then(|record| Some((record, record.worktree.as_ref()?))) {
        report.removed.extend(worktree::remove(&record.project_root, worktree, force).await?);
    }
    journal.done(&step)?;

    prove(context, agent, record.as_ref(), report);
    if report.left.is_empty() {
        forget(&directory).map_err(system::Error::file("remove", &directory))?;
        task.finish();
        return Ok(());
    }
    let left: Vec<String> = report.left.iter().map(|thing| format!("{} {}", thing.kind, thing.name)).collect();
    Err(Error::Left { agent, left: left.join(", ") }.into())
}

/// Stops the stack, and whatever bears its marker when no supervisor answers.
async fn processes(
    context: &Context,
    directory: &Path,
    agent: AgentId,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    if let Some(client) = Client::take_charge(directory).await? {
        let snapshot = client.snapshot().await?;
        let running =
            snapshot.processes.iter().filter_map(|(name, process)| Some((name, process.process.as_ref()?.pid)));
        report.removed.extend(running.map(|(name, pid)| Removed::with("process", name, format!("pid {pid}"))));
        for survivor in client.shutdown().await?.survivors {
            let pid = survivor.identity.map_or_else(String::new, |identity| format!("pid {}", identity.pid));
            report.left.push(Removed::with("process", format!("{} {pid}", survivor.process), survivor.command));
        }
    }
    // also after an orderly stop: nothing that bears the marker may live on
    let swept = supervisor::sweep(context.home.id(), directory, &agent.stack().to_string()).await?;
    report.removed.extend(swept.killed.iter().map(|process| Removed::new("process", format!("pid {}", process.pid))));
    report.left.extend(swept.survivors.iter().map(|process| Removed::new("process", format!("pid {}", process.pid))));
    Ok(())
}

/// Empties and deletes the agent's bucket, and ends its key. A bucket that is not ours stays.
async fn bucket(
    context: &Context,
    infra: &Infra,
    s3: &S3Endpoint,
    agent: AgentId,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let (name, buckets) = (agent.bucket(), OwnedBuckets::new(&context.home, s3));
    if !buckets.list()?.iter().any(|(bucket, owner)| *bucket == name && owner.agent == Some(agent.get())) {
        return Ok(());
    }
    infra.s3_credentials(&context.home, s3).revoke(&name).await?;
    let purged = buckets.delete(&name).await?;
    report.removed.push(Removed::with("bucket", name, system::text::count(purged.objects, "object")));
    Ok(())
}

fn files(context: &Context, record: Option<&Record>, report: &mut TornDownAgent) -> Result<(), Failure> {
    for (record, path) in record.iter().flat_map(|record| record.guides.iter().map(move |path| (record, path))) {
        if render::remove_guide(&record.tree, path)? {
            report.removed.push(Removed::new("file", path.display().to_string()));
        }
        // a name that is not an agent's own must not stay ignored once nobody has it
        let others = guides_of_others(context, record)?;
        if let Ok(below) = path.strip_prefix(&record.tree)
            && !others.iter().any(|other| other.ends_with(below))
        {
            render::readmit_to_git(&record.project_root, below)?;
        }
    }
    for path in record.iter().flat_map(|record| &record.rendered) {
        if system::remove_if_exists(path)? {
            report.removed.push(Removed::new("file", path.display().to_string()));
        }
    }
    Ok(())
}

/// The guides of the project's other agents.
fn guides_of_others(context: &Context, record: &Record) -> Result<Vec<PathBuf>, Failure> {
    let mut guides = Vec::new();
    for agent in identity::agents(context)?.into_iter().filter(|agent| *agent != record.agent) {
        // a record that cannot be read may name any
        let Ok(other) = Record::read(&context.home, agent) else { return Ok(record.guides.clone()) };
        guides.extend(
            other.filter(|other| other.project_root == record.project_root).into_iter().flat_map(|it| it.guides),
        );
    }
    Ok(guides)
}

/// Ports that somebody still listens on although the stack is gone: a process of the stack, which is then
/// left, or a stranger, whose business it is.
fn prove(context: &Context, agent: AgentId, record: Option<&Record>, report: &mut TornDownAgent) {
    let stopped_some = report.removed.iter().any(|thing| thing.kind == "process");
    let marker = system::marker_value(context.home.id(), &agent.stack().to_string());
    for (name, port) in record.iter().filter(|_| stopped_some).flat_map(|record| &record.ports) {
        if let Some(holder) = system::port_holder(*port) {
            let pid = holder.pid.map_or_else(String::new, |pid| format!("pid {pid}, "));
            let thing = Removed::with("port", port.to_string(), format!("{name}: {pid}{}", holder.command));
            let ours = system::processes_with_marker(&marker).iter().any(|process| Some(process.pid) == holder.pid);
            if ours { report.left.push(thing) } else { report.foreign.push(thing) }
        }
    }
}

/// What a teardown would remove.
async fn look(
    context: &Context,
    infra: Option<&Infra>,
    agent: AgentId,
    record: Option<&Record>,
    report: &mut TornDownAgent,
) -> Result<(), Failure> {
    let home = &context.home;
    let directory = home.stack_dir(agent.stack());
    if let Some(client) = Client::connect(&directory)? {
        let snapshot = client.snapshot().await?;
        let running =
            snapshot.processes.iter().filter_map(|(name, process)| Some((name, process.process.as_ref()?.pid)));
        report.removed.extend(running.map(|(name, pid)| Removed::with("process", name, format!("pid {pid}"))));
    }
    if let Some(server) = infra.and_then(|infra| infra.servers.postgres.as_ref()) {
        // a look starts nothing: a server that is down is passed over
        let server = server.clone().with_patience(Patience::LOOKING);
        if let Ok(found) = postgres::drop::plan(&server, home.id(), agent).await {
            report.removed.extend(found.databases.iter().map(|name| Removed::new("database", name)));
            report.removed.extend(found.roles.iter().map(|name| Removed::new("role", name)));
            report.foreign.extend(found.foreign.iter().map(|name| Removed::new("database or role", name)));
        }
    }
    let buckets = BucketRegistry::of(home).list()?;
    if buckets.iter().any(|(bucket, owner)| *bucket == agent.bucket() && owner.agent == Some(agent.get())) {
        report.removed.push(Removed::new("bucket", agent.bucket()));
    }
    if let Some(worktree) = record.and_then(|record| record.worktree.as_ref()).filter(|worktree| worktree.made) {
        let lost = worktree::loss(worktree).await?.what;
        let detail = if lost.is_empty() { None } else { Some(format!("refused without --force: {}", lost.join(", "))) };
        report.removed.push(Removed { kind: "worktree".into(), name: worktree.path.display().to_string(), detail });
    }
    let rendered = record.iter().flat_map(|record| record.rendered.iter().chain(&record.guides));
    for path in rendered.filter(|path| path.exists()) {
        report.removed.push(Removed::new("file", path.display().to_string()));
    }
    Ok(())
}

/// Removes an agent's directory in one step: a command that waits for the lease goes on making its lock file in
/// what it takes for that directory, and would be found in the way, or sit on a lock that is removed under it.
fn forget(directory: &Path) -> std::io::Result<()> {
    let Some(name) = directory.file_name() else { return Ok(()) };
    // the name of no agent; there is one already where a teardown was killed at this very moment
    let gone = directory.with_file_name(format!(".gone-{}", name.to_string_lossy()));
    if gone.exists() {
        std::fs::remove_dir_all(&gone)?;
    }
    std::fs::rename(directory, &gone)?;
    std::fs::remove_dir_all(&gone)
}

/// Taking the lease of an agent that does not exist made a directory: it goes again if it is empty.
fn forget_empty(directory: &Path) {
    let only_lock = std::fs::read_dir(directory)
        .is_ok_and(|entries| entries.filter_map(Result::ok).all(|entry| entry.file_name() == "lock"));
    if only_lock {
        let _ = forget(directory);
    }
}
