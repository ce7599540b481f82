//! Waits until every server answers, on either engine, and makes it ready for agents.

use std::future::pending;
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use tokio::time::sleep;

use super::error::Error;
use super::record::InfraRecord;
use super::servers::hosted::Hosted;
use super::servers::liveness::Pulse;
use super::servers::server::Common;
use crate::project::Service;
use crate::report::{Engine, Events};
use crate::system::Deadline;

/// How long a server may take to answer after it was started. Recovery after a crash counts in.
pub(super) const LIMIT: Duration = Duration::from_mins(2);
/// Between two attempts.
const PERIOD: Duration = Duration::from_millis(50);
/// How long a server may say nothing at all, so that a command that changes something ends within 15 s.
const SILENCE: Duration = Duration::from_secs(10);
/// Between two questions whether it says anything.
const SPELL: Duration = Duration::from_secs(1);
/// For one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);

/// A server that does not serve.
pub(super) struct Unanswered {
    /// Which.
    pub(super) service: &'static str,
    /// Why.
    pub(super) problem: Problem,
}

/// Why a server does not serve.
pub(super) enum Problem {
    /// It ended, as the engine says.
    Ended(String),
    /// It runs, but does not answer: what the last attempt said.
    Silent(String),
    /// It answers, but not as it should.
    Failed(Box<Error>),
}

impl Unanswered {
    /// The error, with the last lines of the server's log.
    pub(super) fn into_error(self, tail: Vec<String>) -> Error {
        let service = self.service;
        match self.problem {
            Problem::Ended(reason) => Error::ServiceFailed { service, reason, tail },
            Problem::Silent(last) => Error::NotReady { service, seconds: LIMIT.as_secs(), last, tail },
            Problem::Failed(error) => *error,
        }
    }
}

/// Whether a service answers within this time; false for one of a user's compose file, which only Docker can ask.
pub(super) async fn one(record: &InfraRecord, name: &str, limit: Duration) -> bool {
    match Service::of_name(name) {
        Some(service) => until_answer(record.hostings.get(service), &record.common(), limit).await.is_ok(),
        None => false,
    }
}

/// Asks every server at once until all have answered, and keeps what they say of themselves. Before they have ever
/// served, silence is no reason to give up: the engine accepts connections for a container that only starts.
pub(super) async fn all(record: &mut InfraRecord, events: &Events) -> Result<(), Unanswered> {
    let served = record.served;
    let (hostings, common) = record.split();
    let reachable = hostings.all_mut().into_iter().filter(|server| server.is_reachable(common.engine));
    let ask = async |server: &mut dyn Hosted| {
        let service = server.name();
        let task = events.task("infra", format!("start {}", server.title()));
        let silent = |last| Unanswered { service, problem: Problem::Silent(last) };
        let failed = |error| Unanswered { service, problem: Problem::Failed(Box::new(error)) };
        tokio::select! {
            answered = until_answer(server, &common, LIMIT) => answered.map_err(silent)?,
            seconds = stays_silent(server, common.engine), if served => return Err(failed(Error::Frozen { service, seconds })),
        }
        server.welcome(&common).await.map_err(failed)?;
        task.finish();
        Ok(())
    };
    try_join_all(reachable.map(ask)).await.map(drop)
}

/// Waits until every server that the engine runs shows a sign of life; costs a millisecond where all do.
///
/// # Errors
/// [`Error::Frozen`] names the first that accepts connections and does not answer.
pub(super) async fn all_alive(record: &InfraRecord, limit: Duration) -> Result<(), Error> {
    let alive = record.hostings.all().into_iter().map(async |server| {
        let Some(liveness) = server.liveness(record.engine) else { return Ok(()) };
        match liveness.ask(limit).await {
            Pulse::Silent => Err(Error::Frozen { service: server.name(), seconds: limit.as_secs() }),
            // the engine reports one that ended
            Pulse::Alive | Pulse::Broken(_) => Ok(()),
        }
    });
    try_join_all(alive).await.map(drop)
}

/// The names of those of these services that accept connections and do not answer.
pub(super) async fn silent(record: &InfraRecord, running: impl Fn(&str) -> bool, limit: Duration) -> Vec<&'static str> {
    let asked = record.hostings.all().into_iter().filter(|server| running(server.name()));
    let pulses = asked.map(async |server| {
        let pulse = server.liveness(record.engine)?.ask(limit).await;
        (pulse == Pulse::Silent).then(|| server.name())
    });
    join_all(pulses).await.into_iter().flatten().collect()
}

/// Ends when a server says nothing for [`SILENCE`]; returns the seconds. One that starts refuses connections or says that
/// it starts, however long recovery takes; silence is that of a frozen one, or of a firewall that drops what it says.
async fn stays_silent(server: &dyn Hosted, engine: Engine) -> u64 {
    let Some(liveness) = server.liveness(engine) else { return pending().await };
    loop {
        let began = Instant::now();
        while liveness.ask(SILENCE.saturating_sub(began.elapsed())).await == Pulse::Silent {
            if began.elapsed() >= SILENCE {
                return SILENCE.as_secs();
            }
        }
        sleep(SPELL).await;
    }
}

/// Repeats the probe until it succeeds or the time is over; then the last reason is returned.
async fn until_answer(server: &dyn Hosted, common: &Common<'_>, limit: Duration) -> Result<(), String> {
    let deadline = Deadline::after(server.title(), limit);
    let mut last = String::new();
    let answered = deadline.poll(PERIOD, async || {
        last = match deadline.shorter(ATTEMPT).run(server.probe(common)).await {
            Ok(Ok(())) => return Some(()),
            Ok(Err(reason)) => reason,
            Err(late) => format!("no answer within {} s", late.limit.as_secs()),
        };
        None
    });
    answered.await.map_err(|_| last)
}
