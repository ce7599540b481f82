//! Into the agent's tree: the work tree that it has, one that is adopted, one that is made; or the
//! project's root.
//!
//! A tree that somebody else made is never created again, completed, switched or removed.

use std::path::PathBuf;

use super::prepare;
use super::scope::{Lodging, Scope};
use crate::agent::claims::Claims;
use crate::agent::record::WorktreeRecord;
use crate::agent::tree_error::TreeError;
use crate::agent::worktree::spare;
use crate::agent::{Lifecycle, Record, template_values, worktree};
use crate::infra::Infra;
use crate::project::{Project, WorktreeSettings};
use crate::render::{self, Renderer};
use crate::report::Failure;
use crate::system::Checkout;

/// Where the agent works from here on.
pub(super) struct Entered {
    /// The project as the tree has it.
    pub(super) project: Project,
    /// Whether a work tree was made, adopted or completed.
    pub(super) changed: bool,
}

/// Enters the tree. The record names it before it is made.
///
/// # Errors
/// The work tree that is asked for cannot be made or adopted; the agent lives elsewhere already.
pub(super) async fn enter(
    scope: Scope<'_>,
    project: Project,
    record: &mut Record,
    infra: &Infra,
) -> Result<Entered, Failure> {
    check_wish(scope, record)?;
    let mut changed = false;
    if record.worktree.as_ref().is_none_or(|worktree| !worktree.populated) {
        // a killed launch may have left the branch in a spare tree, or git without knowledge of where that is now
        spare::recover(&scope.context.home, &project.root).await;
    }
    take_up(scope, &project, record).await?;
    if record.worktree.is_none() {
        if !is_wanted(scope, &project, record) {
            return Ok(Entered { project, changed });
        }
        make_or_adopt(scope, &project, record, infra).await?;
        changed = true;
    }
    changed |= complete(scope, &project, record).await?;
    let project = scope.context.in_tree(&project, &record.tree)?;
    Ok(Entered { project, changed })
}

/// Makes the record of a new agent that of a linked work tree, which somebody else made.
///
/// # Errors
/// Another agent works there.
pub(super) fn adopt(scope: Scope<'_>, record: &mut Record) -> Result<(), Failure> {
    let Lodging::Adopted { path, tree } = scope.lodging else { return Ok(()) };
    if spare::all(&scope.context.home).iter().any(|spare| spare.path == *path) {
        return Err(TreeError::Spare(path.clone()).into());
    }
    let claims = Claims::of_others(scope.context, scope.agent)?;
    claims.adopted(tree)?;
    record.tree.clone_from(tree);
    record.worktree =
        Some(WorktreeRecord { path: path.clone(), branch: None, made: false, populated: true, copied: None });
    check_wish(scope, record)?;
    Ok(record.write(&scope.context.home)?)
}

/// An agent that was up stays where it is: its database and ports must not silently belong to another tree.
fn check_wish(scope: Scope<'_>, record: &Record) -> Result<(), TreeError> {
    if let (Some(wished), Some(found)) = (&scope.options.branch, &record.worktree)
        && found.path.exists()
    {
        let current = Checkout::at(&found.path).and_then(|checkout| checkout.branch());
        if current.as_ref() != Some(wished) {
            let (agent, tree, wished) = (scope.agent, record.tree.clone(), wished.clone());
            return Err(TreeError::OtherBranch { agent, tree, current, wished });
        }
    }
    match scope.options.worktree {
        Some(own) if record.lifecycle == Lifecycle::Launched && own == record.shares_root() => {
            Err(TreeError::OtherTree { agent: scope.agent, tree: record.tree.clone(), own })
        }
        _ => Ok(()),
    }
}

/// Keeps the recorded work tree if there is one to work in; forgets it where it has to be made again.
async fn take_up(scope: Scope<'_>, project: &Project, record: &mut Record) -> Result<(), Failure> {
    let Some(found) = &record.worktree else { return Ok(()) };
    let there = found.path.exists();
    if there && worktree::is_checked_out(found).await? {
        if !found.populated {
            worktree::unlock(&project.root, found).await;
        }
        return Ok(());
    }
    if !found.made {
        return Err(TreeError::Gone { agent: scope.agent, path: found.path.clone() }.into());
    }
    let what = if there { "was not completed" } else { "is gone" };
    let text = format!("work tree `{}` {what}; creating it again", found.path.display());
    scope.context.events.warning(scope.subject(), text);
    worktree::discard(&scope.context.home, &project.root, found).await?;
    record.worktree = None;
    Ok(())
}

/// Whether the agent gets a work tree: by the options or the project at its first launch, later because
/// it had one.
fn is_wanted(scope: Scope<'_>, project: &Project, record: &Record) -> bool {
    let by_project = project.worktree.is_some() && *scope.lodging != Lodging::Root;
    let wished = scope.options.worktree.unwrap_or(by_project);
    wished && record.lifecycle == Lifecycle::Launching || !record.shares_root()
}

/// Chooses the work tree, writes it into the record, makes it if it is not there.
async fn make_or_adopt(scope: Scope<'_>, project: &Project, record: &mut Record, infra: &Infra) -> Result<(), Failure> {
    let project = Project { worktree: Some(settings(project)), ..project.clone() };
    let renderer = Renderer::new(&project);
    let values = template_values::of(scope.context, &project, record, infra);
    let user_home = scope.context.variable("HOME").map(PathBuf::from);
    let path = renderer.worktree_path(&values, user_home.as_deref())?.expect("the project has a work tree table");
    let branch = renderer.worktree_branch(&values)?.expect("the project has a work tree table");
    let wish = worktree::Wish {
        root: &project.root,
        path: worktree::resolved(&path),
        branch: scope.options.branch.clone().unwrap_or(branch),
        named: scope.options.branch.is_some(),
    };
    let choice = worktree::choose(&wish).await?;
    {
        let claims = Claims::of_others(scope.context, scope.agent)?;
        claims.work_tree(&choice.worktree.path)?;
        record.tree = choice.tree;
        record.worktree = Some(choice.worktree.clone());
        record.write(&scope.context.home)?;
    }
    if choice.worktree.made {
        if choice.worktree.path.starts_with(&project.root) {
            // before it exists, so that no `git add` in the root can add it
            render::keep_out_of_git(&choice.worktree.path)?;
        }
        let (marker, subject) = (scope.marker(), scope.subject());
        let work = worktree::Work { marker: &marker, events: &scope.context.events, subject: &subject };
        let origin = worktree::Origin {
            home: scope.context.home.id().to_owned(),
            agent: scope.agent,
            project: project.name.clone(),
            project_root: project.root.clone(),
            tree: record.tree.clone(),
            branch: choice.worktree.branch.clone(),
        };
        let settings = settings(&project);
        let home = &scope.context.home;
        let chosen = &choice.worktree;
        let patience = project.launch.timeout;
        let request = spare::Request { home, wish: &wish, chosen, origin: &origin, settings: &settings, patience };
        let taken = spare::take(&request, &work, |from, to| prepare::carry(home, from, to)).await?;
        if let Some(copied) = taken {
            record.worktree = Some(WorktreeRecord { copied: Some(copied), ..choice.worktree });
            record.write(home)?;
        } else {
            worktree::make(&wish, chosen, &origin, patience, &work).await?;
        }
    }
    Ok(())
}

/// Brings along what git does not: all of it at first, later what the project has added since. Says whether it did.
async fn complete(scope: Scope<'_>, project: &Project, record: &mut Record) -> Result<bool, Failure> {
    let settings = settings(project);
    let (marker, events, subject) = (scope.marker(), &scope.context.events, scope.subject());
    // a tree that was adopted belongs to the user
    let Some(found) = record.worktree.as_mut().filter(|found| found.made) else { return Ok(false) };
    let population = worktree::Population {
        root: &project.root,
        tree: &record.tree,
        settings: &settings,
        copied: found.copied.as_deref(),
        complete: found.populated,
        marker: &marker,
        events,
        subject: &subject,
    };
    let copied = population.run().await?;
    if found.populated && found.copied.as_ref() == Some(&copied) {
        return Ok(false);
    }
    let changed = !found.populated || found.copied.as_ref().is_some_and(|known| *known != copied);
    found.copied = Some(copied);
    found.populated = true;
    record.write(&scope.context.home)?;
    Ok(changed)
}

fn settings(project: &Project) -> WorktreeSettings {
    project.worktree.clone().unwrap_or_else(worktree::default_settings)
}
