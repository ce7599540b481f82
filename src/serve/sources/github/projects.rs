//! The projects whose tickets come from GitHub.

use crate::report::{QueueProject, TicketSource};
use crate::serve::notify::say;
use crate::serve::site::Shared;
use crate::serve::store::projects;
use crate::serve::store::queue::QueueError;
use crate::serve::store::sources::{self, Issue};

/// `/repos/OWNER/NAME/issues` of a project.
pub(super) fn issues_path(project: &QueueProject) -> String {
    // checked when it was set: two names
    format!("/repos/{}/issues", project.settings.github.as_deref().unwrap_or_default())
}

/// The projects whose tickets come from GitHub.
pub(super) async fn of_github(site: &Shared) -> Vec<QueueProject> {
    let all = site.store.read(projects::all).await.unwrap_or_default();
    let from = |project: &QueueProject| {
        project.settings.source == Some(TicketSource::GitHub) && project.settings.github.is_some()
    };
    all.into_iter().filter(from).collect()
}

/// Takes an issue, and wakes the workers that wait.
pub(super) async fn take(site: &Shared, project: &QueueProject, issue: Issue) {
    let project = project.clone();
    let taken = site.store.change(move |transaction| sources::take(transaction, &project, &issue)).await;
    match taken {
        Ok(Some(_)) => site.queue.notify_waiters(),
        // a database that fails is told to whoever asks for something
        Ok(None) | Err(QueueError::Store(_)) => {}
        Err(error) => say(&format!("github: an issue makes no ticket: {error:?}")),
    }
}
