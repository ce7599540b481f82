//! Snapshots of agents' databases.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};

use super::route::{Accepted, Agent};
use crate::agent::{self, DatabaseAction};
use crate::project::AgentId;
use crate::report::DatabaseReport;
use crate::serve::refusal::Refusal;
use crate::serve::site::Shared;
use crate::serve::work::{Done, begin, look};

type Begun = Result<Accepted, Refusal>;
/// The id, which is checked beside, and the name of a snapshot.
type Names = Path<(String, String)>;

pub(in crate::serve) async fn list(
    State(site): State<Shared>,
    Agent(id): Agent,
) -> Result<Json<DatabaseReport>, Refusal> {
    let report = look(&site, "db", Some(id), async move |context| {
        agent::database(&context, id, &DatabaseAction::List, Duration::ZERO, false).await
    })
    .await?;
    Ok(Json(report))
}

pub(in crate::serve) async fn snapshot(State(site): State<Shared>, Agent(id): Agent, Path((_, name)): Names) -> Begun {
    act(&site, id, DatabaseAction::Snapshot(name)).await
}

pub(in crate::serve) async fn restore(State(site): State<Shared>, Agent(id): Agent, Path((_, name)): Names) -> Begun {
    act(&site, id, DatabaseAction::Restore(name)).await
}

pub(in crate::serve) async fn drop(State(site): State<Shared>, Agent(id): Agent, Path((_, name)): Names) -> Begun {
    act(&site, id, DatabaseAction::Drop(name)).await
}

async fn act(site: &Shared, id: AgentId, action: DatabaseAction) -> Begun {
    let verb = match action {
        DatabaseAction::Snapshot(_) => "db snapshot",
        DatabaseAction::Restore(_) => "db restore",
        DatabaseAction::Drop(_) => "db drop",
        _ => "db",
    };
    let job = begin(site, verb, id, None, async move |context| {
        Ok(Done::of(&agent::database(&context, id, &action, Duration::ZERO, false).await?))
    });
    Ok(Accepted(job.await?))
}
