//! An issue that was heard of becomes a ticket, or changes it.

use crate::report::QueueProject;
use crate::serve::notify::say;
use crate::serve::site::Shared;
use crate::serve::store::queue::QueueError;
use crate::serve::store::sources::{self, Issue, IssueState};

/// Takes an issue, and wakes the workers that wait.
pub(super) async fn take(service: &str, site: &Shared, project: &QueueProject, issue: Issue) {
    let project = project.clone();
    let taken = site.store.change(move |sql| sources::take(sql, &project, &issue)).await;
    match taken {
        Ok(Some(_)) => site.queue.notify_waiters(),
        // a database that fails is told to whoever asks for something
        Ok(None) | Err(QueueError::Store(_)) => {}
        Err(error) => say(&format!("{service}: an issue makes no ticket: {error:?}")),
    }
}

/// One that its service does not know any more.
pub(super) fn unknown(number: u64) -> Issue {
    Issue {
        number,
        title: String::new(),
        text: String::new(),
        url: None,
        updated_at: String::new(),
        state: IssueState::Unwanted,
    }
}
