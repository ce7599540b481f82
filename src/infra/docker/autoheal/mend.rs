//! Looks again at one container that may need help, and starts or restarts it.

use std::time::Duration;

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, HealthStatusEnum, RestartPolicyNameEnum};
use bollard::query_parameters::{InspectContainerOptions, RestartContainerOptionsBuilder, StartContainerOptions};

use super::judge::{Cause, Outcome};
use super::log::say;
use crate::infra::answers;
use crate::infra::docker::names::{Project, SERVICE};
use crate::infra::error::docker::is_not_found;
use crate::infra::record::InfraRecord;
use crate::system::{FileLock, Home, with_causes};

/// Seconds that a server that does not answer gets to end before it is killed.
const STOP_SECONDS: i32 = 10;
/// The same for a frozen one, which does not handle the signal.
const FROZEN_STOP_SECONDS: i32 = 3;
/// For a server's answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Until a command that starts or stops the servers has ended.
const BUSY: Duration = Duration::from_secs(1);
/// Until the next look at one that answers although its health check fails.
const DISPUTED: Duration = Duration::from_secs(10);

/// Does what has to be done to one container.
pub(super) async fn mend(docker: &Docker, home: &Home, id: &str, cause: Cause) -> Outcome {
    let lock = FileLock::try_acquire(&home.infra_dir().join("lock"), "restart a container that needs it");
    let Ok(Ok(_lock)) = lock else { return Outcome::Later(BUSY) };
    let Ok(Some(record)) = InfraRecord::read(home) else { return Outcome::Settled };
    // only now: a command may have changed it meanwhile
    let container = match docker.inspect_container(id, None::<InspectContainerOptions>).await {
        Ok(container) => container,
        Err(error) if is_not_found(&error) => return Outcome::Settled,
        Err(error) => {
            say(&format!("cannot look at the container {id}: {}", with_causes(&error)));
            return Outcome::Failed;
        }
    };
    let Some(service) = service(&Project::of(home, &record), &record, &container) else { return Outcome::Settled };
    match (state(&container), cause) {
        (State::Paused, Cause::Frozen) => {
            say(&format!("{service}: its container is paused"));
            report(&service, "resumed", docker.unpause_container(id).await)
        }
        (State::Unhealthy | State::Other, Cause::Frozen) if !answers_to_us(&record, &service).await => {
            say(&format!("{service}: it accepts connections and does not answer"));
            let options = RestartContainerOptionsBuilder::new().t(FROZEN_STOP_SECONDS).build();
            report(&service, "restarted", docker.restart_container(id, Some(options)).await)
        }
        (State::Unhealthy, _) if answers_to_us(&record, &service).await => Outcome::Later(DISPUTED),
        (State::Unhealthy, _) => {
            say(&format!("{service}: its health check fails{}", last_check(&container)));
            let options = RestartContainerOptionsBuilder::new().t(STOP_SECONDS).build();
            report(&service, "restarted", docker.restart_container(id, Some(options)).await)
        }
        (State::Ended(code), Cause::Died) if should_run(&container) => {
            say(&format!("{service}: it ended with exit code {code} and was not stopped on request"));
            report(&service, "started", docker.start_container(id, None::<StartContainerOptions>).await)
        }
        _ => Outcome::Settled,
    }
}

fn report(service: &str, what: &str, outcome: Result<(), bollard::errors::Error>) -> Outcome {
    match outcome {
        Ok(()) => {
            say(&format!("{service}: {what}"));
            Outcome::Mended
        }
        Err(error) => {
            say(&format!("{service}: could not be {what}: {}", with_causes(&error)));
            Outcome::Failed
        }
    }
}

/// The service of a container of this home; `None` for any other container.
fn service(project: &Project, record: &InfraRecord, container: &ContainerInspectResponse) -> Option<String> {
    let labels = container.config.as_ref()?.labels.as_ref();
    let service = labels?.get(SERVICE).filter(|_| project.owns(labels))?;
    // further containers of a service were made by the user
    let name = container.name.as_deref()?.trim_start_matches('/');
    let is_known = record.service_names().contains(service);
    (is_known && name == project.container(service)).then(|| service.clone())
}

enum State {
    Unhealthy,
    Ended(i64),
    Paused,
    /// It runs, or the engine is about to start it.
    Other,
}

fn state(container: &ContainerInspectResponse) -> State {
    let Some(state) = &container.state else { return State::Other };
    let health = state.health.as_ref().and_then(|health| health.status);
    match state.status {
        Some(ContainerStateStatusEnum::RUNNING) if health == Some(HealthStatusEnum::UNHEALTHY) => State::Unhealthy,
        Some(ContainerStateStatusEnum::PAUSED) => State::Paused,
        Some(ContainerStateStatusEnum::EXITED) => State::Ended(state.exit_code.unwrap_or(0)),
        _ => State::Other,
    }
}

/// Whether it is meant to run without end; a job is not.
fn should_run(container: &ContainerInspectResponse) -> bool {
    let policy = container.host_config.as_ref().and_then(|host| host.restart_policy.as_ref()?.name);
    matches!(policy, Some(RestartPolicyNameEnum::ALWAYS | RestartPolicyNameEnum::UNLESS_STOPPED))
}

/// Harness's own probe decides, where it has one.
async fn answers_to_us(record: &InfraRecord, service: &str) -> bool {
    answers::one(record, service, PATIENCE).await
}

/// What the health check said last, on one line.
fn last_check(container: &ContainerInspectResponse) -> String {
    let health = container.state.as_ref().and_then(|state| state.health.as_ref());
    let said = health.and_then(|health| health.log.as_ref()?.last()?.output.as_deref()).unwrap_or_default();
    let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    if line.is_empty() { line } else { format!(" ({line})") }
}
