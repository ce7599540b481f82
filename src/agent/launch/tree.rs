//! Into the agent's tree: the work tree that it has, one that is adopted, one that is made; or the
//! project's root.

use std::path::PathBuf;

use super::attempt::Attempt;
use crate::agent::claims::Claims;
use crate::agent::{Lifecycle, template_values, worktree};
use crate::infra::Infra;
use crate::project::{Project, WorktreeSettings};
use crate::render::Renderer;
use crate::report::Failure;
use crate::system;

/// Enters it; from then on the attempt's project is the one that rules there.
pub(super) async fn enter(attempt: &mut Attempt<'_>, infra: &Infra) -> Result<(), Failure> {
    take_up(attempt).await?;
    if attempt.record.worktree.is_none() {
        if !is_wanted(attempt) {
            return Ok(());
        }
        make_or_adopt(attempt, infra).await?;
    }
    complete(attempt).await?;
    attempt.project = attempt.context.in_tree(&attempt.project, &attempt.record.tree)?;
    Ok(())
}

/// Keeps the recorded work tree if there is one to work in; forgets it where it has to be made anew.
async fn take_up(attempt: &mut Attempt<'_>) -> Result<(), Failure> {
    let Some(found) = &attempt.record.worktree else { return Ok(()) };
    let there = found.path.exists();
    if there && worktree::is_checked_out(found).await? {
        if !found.populated {
            worktree::unlock(&attempt.project.root, found).await;
        }
        return Ok(());
    }
    let what = if there { "was not completed" } else { "is gone" };
    let told = format!("work tree `{}` {what}; creating it again", found.path.display());
    attempt.context.events.warning(attempt.subject(), told);
    if !found.populated {
        worktree::discard(&attempt.project.root, found).await?;
    }
    attempt.record.worktree = None;
    Ok(())
}

/// Whether the agent gets a work tree: by the options or the project at its first launch, later because
/// it had one.
fn is_wanted(attempt: &Attempt<'_>) -> bool {
    let wished = attempt.options.worktree.unwrap_or(attempt.project.worktree.is_some());
    wished && attempt.record.lifecycle == Lifecycle::Launching || !attempt.record.shares_root()
}

/// Chooses the work tree, writes it down, makes it if it is not there.
async fn make_or_adopt(attempt: &mut Attempt<'_>, infra: &Infra) -> Result<(), Failure> {
    let project = Project { worktree: Some(settings(attempt)), ..attempt.project.clone() };
    let renderer = Renderer::new(&project);
    let values = template_values::of(attempt.context, &project, &attempt.record, infra);
    let user_home = attempt.context.variable("HOME").map(PathBuf::from);
    let path = renderer.worktree_path(&values, user_home.as_deref())?.expect("the project has a work tree table");
    let branch = renderer.worktree_branch(&values)?.expect("the project has a work tree table");
    let wish = worktree::Wish {
        root: &project.root,
        path: worktree::resolved(&path),
        branch: attempt.options.branch.clone().unwrap_or(branch),
        named: attempt.options.branch.is_some(),
    };
    let choice = worktree::choose(&wish).await?;
    {
        let claims = Claims::of_others(attempt.context, attempt.record.agent)?;
        claims.work_tree(&choice.worktree.path)?;
        attempt.record.tree = choice.tree;
        attempt.record.worktree = Some(choice.worktree.clone());
        attempt.save()?;
    }
    attempt.changed = true;
    if choice.worktree.made {
        worktree::make(&wish, &choice.worktree, &marker(attempt), &attempt.context.events, &attempt.subject()).await?;
    }
    Ok(())
}

/// Brings along what git does not: all of it at first, later what the project has added since.
async fn complete(attempt: &mut Attempt<'_>) -> Result<(), Failure> {
    let settings = settings(attempt);
    let (marker, events, subject) = (marker(attempt), &attempt.context.events, attempt.subject());
    // a tree that was adopted is its owner's
    let Some(found) = attempt.record.worktree.as_mut().filter(|found| found.made) else { return Ok(()) };
    let population = worktree::Population {
        root: &attempt.project.root,
        tree: &attempt.record.tree,
        settings: &settings,
        copied: found.copied.as_deref(),
        complete: found.populated,
        marker: &marker,
        events,
        subject: &subject,
    };
    let copied = population.run().await?;
    if found.populated && found.copied.as_ref() == Some(&copied) {
        return Ok(());
    }
    attempt.changed |= !found.populated || found.copied.as_ref().is_some_and(|known| *known != copied);
    found.copied = Some(copied);
    found.populated = true;
    attempt.save()
}

/// By which what works on the tree is known as a part of the stack.
fn marker(attempt: &Attempt<'_>) -> String {
    system::marker_value(attempt.context.home.id(), &attempt.record.agent.stack().to_string())
}

fn settings(attempt: &Attempt<'_>) -> WorktreeSettings {
    attempt.project.worktree.clone().unwrap_or_else(worktree::default_settings)
}
