//! The record that a launch goes on with: found, finished or new, and what is decided before anything carries it.

use super::scope::Scope;
use super::tree;
use crate::agent::lease::Lease;
use crate::agent::{Lifecycle, Record, teardown};
use crate::infra::{self, Infra};
use crate::project::Project;
use crate::render::Renderer;
use crate::report::Failure;
use crate::system::Secret;

/// Takes up the record that was found, or begins one. What a teardown or an undo left half removed is removed first.
pub(super) async fn begin(
    scope: Scope<'_>,
    project: &Project,
    lease: &Lease,
    found: Option<Record>,
) -> Result<Record, Failure> {
    match found {
        Some(record) if record.lifecycle == Lifecycle::TearingDown => {
            finish_teardown(scope, project, lease, record).await
        }
        Some(record) => Ok(record),
        None => {
            // a name that is wrong makes no tree; one of another branch is looked up there
            if scope.options.branch.is_none() {
                Renderer::new(project).check_names(&scope.options.with)?;
            }
            let mut record = Record::begun(project, scope.agent);
            tree::adopt(scope, &mut record)?;
            Ok(record)
        }
    }
}

/// Finishes a teardown that was interrupted or failed; then the agent begins again. A work tree with work stays its
/// own.
async fn finish_teardown(
    scope: Scope<'_>,
    project: &Project,
    lease: &Lease,
    record: Record,
) -> Result<Record, Failure> {
    let context = scope.context;
    context.events.note(scope.subject(), "its last teardown was interrupted; finishing it first");
    let infra = if record.used_servers {
        infra::resume(&context.home, &context.events).await?
    } else {
        infra::open(&context.home).await?
    };
    let tree_stays = teardown::finish(context, infra.as_ref(), lease, &record).await?;
    let mut fresh = Record::begun(project, scope.agent);
    if tree_stays {
        fresh.tree = record.tree;
        fresh.worktree = record.worktree;
    }
    Ok(fresh)
}

/// Decides names and passwords, and writes them into the record before anything carries them.
pub(super) fn decide(scope: Scope<'_>, project: &Project, record: &mut Record, infra: &Infra) -> Result<(), Failure> {
    // a name that is wrong must not get into the record
    Renderer::new(project).check_names(&scope.options.with)?;
    let before = record.clone();
    record.ports = project.ports_of(record.agent).into_iter().collect();
    record.mail = infra.servers.mail.is_some();
    if infra.servers.postgres.is_some() && !project.database.disabled && record.database_password.is_none() {
        record.database_password = Some(Secret::generate());
    }
    if infra.servers.s3.is_some() && record.bucket_secret.is_none() {
        record.bucket_secret = Some(Secret::generate());
    }
    for name in &scope.options.with {
        if !record.with.contains(name) {
            record.with.push(name.clone());
        }
    }
    let (known, forgotten): (Vec<String>, Vec<String>) = std::mem::take(&mut record.with)
        .into_iter()
        .partition(|name| project.processes.iter().any(|(known, _)| known == name));
    record.with = known;
    for name in forgotten {
        let text = format!("process `{name}`, which an earlier launch enabled with `--with`, does not exist any more");
        scope.context.events.warning(scope.subject(), text);
    }
    if before == *record { Ok(()) } else { Ok(record.write(&scope.context.home)?) }
}
