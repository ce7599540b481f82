//! The projects whose tickets come from GitHub.

use crate::report::{QueueProject, TicketSource};
use crate::serve::notify::say;
use crate::serve::site::Shared;
use crate::serve::store::projects;
use crate::serve::store::queue::QueueError;
use crate::serve::store::reviews::{self, ReviewComment};

/// `/repos/OWNER/NAME/issues` of a project.
pub(super) fn issues_path(project: &QueueProject) -> String {
    // checked when it was set: two names
    format!("/repos/{}/issues", project.settings.github.as_deref().unwrap_or_default())
}

/// `/repos/OWNER/NAME/pulls` of a project.
pub(super) fn pulls_path(project: &QueueProject) -> String {
    format!("/repos/{}/pulls", project.settings.github.as_deref().unwrap_or_default())
}

/// The projects whose review comments are heeded.
pub(super) async fn with_reviews(site: &Shared) -> Vec<QueueProject> {
    let all = site.store.read(projects::all).await.unwrap_or_default();
    all.into_iter().filter(|project| project.settings.reviews && project.settings.github.is_some()).collect()
}

/// The projects whose tickets come from GitHub.
pub(super) async fn of_github(site: &Shared) -> Vec<QueueProject> {
    let all = site.store.read(projects::all).await.unwrap_or_default();
    let from = |project: &QueueProject| {
        project.settings.source == Some(TicketSource::GitHub) && project.settings.github.is_some()
    };
    all.into_iter().filter(from).collect()
}

/// Takes a review comment, and wakes the workers that wait.
pub(super) async fn take_comment(site: &Shared, project: &QueueProject, comment: ReviewComment) {
    let project = project.clone();
    let taken = site.store.change(move |sql| reviews::take(sql, &project, &comment)).await;
    match taken {
        Ok(true) => site.queue.notify_waiters(),
        Ok(false) | Err(QueueError::Store(_)) => {}
        Err(error) => say(&format!("github: a review comment reopens no ticket: {error:?}")),
    }
}
