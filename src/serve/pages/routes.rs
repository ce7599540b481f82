//! Which page stands where.

use axum::Router;
use axum::routing::{get, post};

use super::{actions, agent, assets, machine, overview, session, tasks, teardown, ticket};
use crate::serve::site::Shared;

pub(in crate::serve) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(overview::show))
        .route("/launch", post(actions::launch))
        .route("/agents/{id}", get(agent::show))
        .route("/agents/{id}/stop", post(actions::stop))
        .route("/agents/{id}/park", post(actions::park))
        .route("/agents/{id}/start", post(actions::start))
        .route("/agents/{id}/restart", post(actions::restart))
        .route("/agents/{id}/verify", post(actions::verify))
        .route("/agents/{id}/teardown", get(teardown::show).post(actions::teardown))
        .route("/agents/{id}/sessions/{name}", get(session::show))
        .route("/agents/{id}/sessions", post(actions::start_session))
        .route("/agents/{id}/sessions/end", post(actions::end_session))
        .route("/agents/{id}/snapshots", post(actions::snapshot))
        .route("/agents/{id}/snapshots/restore", post(actions::restore))
        .route("/agents/{id}/snapshots/drop", post(actions::drop))
        .route("/jobs/{id}/interrupt", post(actions::interrupt))
        .route("/tasks", get(tasks::show).post(actions::create_task))
        .route("/tasks/{id}", post(actions::change_task))
        .route("/tasks/{id}/notes", post(actions::note_task))
        .route("/tasks/{id}/delete", post(actions::delete_task))
        .route("/tickets/{id}", get(ticket::show))
        .route("/queue/jobs/{id}/cancel", post(actions::cancel_job))
        .route("/queue/jobs/{id}/retry", post(actions::retry_job))
        .route("/machine", get(machine::show))
        .route("/assets/harness.css", get(assets::style))
        .route("/assets/harness.js", get(assets::script))
        .route("/assets/harness.svg", get(assets::picture))
        .route("/assets/session.css", get(assets::session_style))
        .route("/assets/session.js", get(assets::session_script))
}
