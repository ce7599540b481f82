//! Waits until every server answers, not by Docker's health interval. Ends early when a container has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use bollard::query_parameters::InspectContainerOptions;
use tokio::time::sleep;

use super::logs;
use super::names::Project;
use super::observed::{self, State};
use crate::infra::answers::{self, Problem, Unanswered};
use crate::infra::error::Result;
use crate::infra::error::docker::Error;
use crate::infra::record::InfraRecord;
use crate::project::Service;
use crate::report::Events;
use crate::system::Deadline;

/// Between two looks at the containers.
const PERIOD: Duration = Duration::from_millis(250);
/// Lines of a log that an error shows.
const TAIL: usize = 20;

/// Waits until every server answers, or one is given up.
pub(super) async fn until_ready(
    docker: &Docker,
    project: &Project,
    record: &mut InfraRecord,
    events: &Events,
) -> Result<()> {
    let own: Vec<Service> = record.own_services().collect();
    let outcome = tokio::select! {
        outcome = answers::all(record, events) => outcome,
        ended = given_up(docker, project, &own) => Err(ended),
    };
    match outcome {
        Ok(()) => until_added_are_ready(docker, project, record).await,
        Err(unanswered) => {
            let tail = logs::tail(docker, project, unanswered.service, TAIL).await;
            Err(unanswered.into_error(tail))
        }
    }
}

/// Waits for the services of a user's compose file, as far as Docker knows how they are.
async fn until_added_are_ready(docker: &Docker, project: &Project, record: &InfraRecord) -> Result<()> {
    let deadline = Deadline::after("the added services", answers::LIMIT);
    for added in record.added_services() {
        loop {
            let containers = observed::containers(docker, project).await?;
            let found = containers.get(&added.name);
            match found.map(|container| container.state) {
                Some(State::Running) => break,
                Some(State::Starting | State::Restarting | State::Unhealthy) if !deadline.passed() => {}
                _ => {
                    let reason = found.map_or("it has no container", |container| &container.status).to_owned();
                    let tail = logs::tail(docker, project, &added.name, TAIL).await;
                    return Err(Error::NotWell { service: added.name.clone(), reason, tail }.into());
                }
            }
            deadline.pause(PERIOD).await;
        }
    }
    Ok(())
}

/// Ends when a container has ended, or restarts repeatedly; else never.
async fn given_up(docker: &Docker, project: &Project, services: &[Service]) -> Unanswered {
    let mut restarts: BTreeMap<&str, i64> = BTreeMap::new();
    loop {
        sleep(PERIOD).await;
        let Ok(containers) = observed::containers(docker, project).await else { continue };
        for service in services.iter().map(|service| service.name()) {
            let Some(container) = containers.get(service) else { continue };
            let inspected = docker.inspect_container(&container.id, None::<InspectContainerOptions>).await;
            let Ok(inspected) = inspected else { continue };
            let count = inspected.restart_count.unwrap_or(0);
            // those from before this start do not count
            let before = *restarts.entry(service).or_insert(count);
            let ended = container.state == State::Stopped;
            if ended || count >= before + 2 {
                let state = inspected.state.unwrap_or_default();
                let how = if state.oom_killed == Some(true) {
                    "it was killed because it ran out of memory".to_owned()
                } else {
                    format!("its container ended with exit code {}", state.exit_code.unwrap_or(0))
                };
                let reason = if ended { how } else { format!("{how}, again and again") };
                return Unanswered { service, problem: Problem::Ended(reason) };
            }
        }
    }
}
