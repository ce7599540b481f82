//! The engine's event stream, from one connection to the next.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::models::EventMessage;
use bollard::query_parameters::EventsOptionsBuilder;
use futures_util::TryStreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::judge::{Happened, Judge};
use super::log::{WATCHING, say};
use super::mend::mend;
use super::pulse::Pulses;
use crate::infra::docker::connect::connect;
use crate::infra::docker::names::{HOME, Project};
use crate::infra::docker::observed;
use crate::infra::error::docker::{Error, Result};
use crate::infra::record::InfraRecord;
use crate::infra::servers::liveness::PERIOD;
use crate::system::{Home, with_causes};

/// Between two attempts to reach an engine that does not answer.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How far back the first look goes, in seconds: what happened while this process was started again counts.
const LOOK_BACK: i64 = 30;

/// Watches without end.
pub(super) async fn run(home: &Home) {
    let mut judge = Judge::default();
    let mut since = jiff::Timestamp::now().as_second() - LOOK_BACK;
    let mut pause = SHORTEST_PAUSE;
    let mut reported = false;
    loop {
        let began = Instant::now();
        let Err(error) = session(home, &mut judge, &mut since).await;
        if began.elapsed() > LONGEST_PAUSE {
            (pause, reported) = (SHORTEST_PAUSE, false);
        }
        if !reported {
            say(&format!("the engine does not answer, trying again: {}", with_causes(&error)));
            reported = true;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Reads events until the connection ends. `since` is the time of the last one that was seen, so that none is missed
/// in between, as far as the engine remembers.
async fn session(home: &Home, judge: &mut Judge, since: &mut i64) -> Result<std::convert::Infallible> {
    let docker = connect().await?;
    let ours = format!("{HOME}={}", home.id());
    let filters = HashMap::from([
        ("type", vec!["container"]),
        ("label", vec![ours.as_str()]),
        // not those of the health checks themselves, which come every few seconds; `died` is Podman's word
        ("event", vec!["health_status", "kill", "die", "died", "stop"]),
    ]);
    let options = EventsOptionsBuilder::new().since(&since.to_string()).filters(&filters).build();
    let mut events = Box::pin(docker.events(Some(options)));
    // what became unhealthy before this connection
    for container in observed::list(&docker, &ours).await? {
        if container.status.as_ref().is_some_and(|status| status.contains("(unhealthy)"))
            && let Some(id) = &container.id
        {
            judge.take(id, Happened::Unhealthy, Instant::now());
        }
    }
    say(WATCHING);
    let mut pulses = Pulses::default();
    let mut clock = interval(PERIOD);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let next = judge.next();
        tokio::select! {
            // an event that was already received may make a look unnecessary
            biased;
            event = events.try_next() => {
                let event = event.map_err(Error::call("tell what happens"))?;
                let event = event.ok_or(bollard::errors::Error::RequestTimeoutError);
                let event = event.map_err(Error::call("go on telling what happens"))?;
                *since = event.time.unwrap_or(*since).max(*since);
                if let Some((id, happened)) = read(&event) {
                    judge.take(id, happened, Instant::now());
                }
            }
            () = until(next) => look(&docker, home, judge).await,
            _ = clock.tick() => take_pulses(home, &mut pulses, judge).await,
        }
    }
}

/// Notes the servers that run and do not answer.
async fn take_pulses(home: &Home, pulses: &mut Pulses, judge: &mut Judge) {
    let Ok(Some(record)) = InfraRecord::read(home) else { return };
    let project = Project::of(home, &record);
    for service in pulses.ask(&record).await {
        judge.take(&project.container(service.name()), Happened::Frozen, Instant::now());
    }
}

/// Looks at every container whose time has come.
async fn look(docker: &Docker, home: &Home, judge: &mut Judge) {
    for (id, cause) in judge.take_due(Instant::now()) {
        let outcome = mend(docker, home, &id, cause).await;
        judge.seen(&id, cause, outcome, Instant::now());
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

fn read(event: &EventMessage) -> Option<(&str, Happened)> {
    let id = event.actor.as_ref()?.id.as_deref()?;
    let happened = match event.action.as_deref()? {
        "health_status: unhealthy" => Happened::Unhealthy,
        "kill" => Happened::Killed,
        "die" | "died" => Happened::Died,
        "stop" => Happened::Stopped,
        _ => return None,
    };
    Some((id, happened))
}
