//! Jobs.

use axum::Json;
use axum::extract::State;

use super::route::{Accepted, Number};
use crate::report::{Job, Jobs};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::store::jobs;

pub(in crate::serve) async fn list(State(site): State<Shared>) -> Result<Json<Jobs>, Refusal> {
    let jobs = site.store.read_here(jobs::last).await?;
    Ok(Json(Jobs { schema: "harness/jobs/1".to_owned(), jobs }))
}

pub(super) async fn one(State(site): State<Shared>, Number(id): Number) -> Result<Json<Job>, Refusal> {
    let job = site.store.read_here(move |connection| jobs::one(connection, id)).await?;
    Ok(Json(job.ok_or(Wrong::Job(id))?))
}

pub(in crate::serve) async fn interrupt(state: State<Shared>, number: Number) -> Result<Accepted, Refusal> {
    state.working.interrupt(number.0);
    Ok(Accepted(one(state, number).await?.0))
}
