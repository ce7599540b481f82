//! The projects whose tickets come from Plane.

use crate::report::{QueueProject, TicketSource};
use crate::serve::site::Shared;
use crate::serve::store::projects;

/// The projects whose tickets come from Plane.
pub(super) async fn of_plane(site: &Shared) -> Vec<QueueProject> {
    let all = site.store.read(projects::all).await.unwrap_or_default();
    let from = |project: &QueueProject| {
        project.settings.source == Some(TicketSource::Plane) && project.settings.plane.is_some()
    };
    all.into_iter().filter(from).collect()
}

/// `/projects/ID` of a project.
pub(super) fn path(project: &QueueProject) -> String {
    // checked when it was set: a UUID
    format!("/projects/{}", project.settings.plane.as_deref().unwrap_or_default())
}
