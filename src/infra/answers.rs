//! Waits until every server answers, whatever runs it, and makes it ready for agents.

use std::time::Duration;

use super::access::Infra;
use super::error::Error;
use super::{ready, service};
use crate::bucket::Buckets;
use crate::postgres;
use crate::report::Events;

/// How long a server may take to answer after it was started. Recovery after a crash counts in.
pub(super) const LIMIT: Duration = Duration::from_mins(2);
/// Buckets that every home has.
const BUCKETS: [&str; 2] = ["default", "results"];

/// A server that does not serve.
pub(super) struct Unanswered {
    /// Which.
    pub(super) service: &'static str,
    /// Why.
    pub(super) problem: Problem,
}

/// Why a server does not serve.
pub(super) enum Problem {
    /// It ended: the engine's word.
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

/// Whether one server answers within this time.
pub(super) async fn one(infra: &Infra, service: &str, limit: Duration) -> bool {
    match service {
        service::DB => match infra.servers.postgres.as_ref() {
            Some(server) => ready::postgres(server, limit).await.is_ok(),
            None => true,
        },
        service::S3 => match infra.servers.s3.as_ref() {
            Some(endpoint) => ready::s3(endpoint, limit).await.is_ok(),
            None => true,
        },
        service::MAIL => match infra.servers.mail.as_ref() {
            Some(mail) => ready::mail(mail, limit).await.is_ok(),
            None => true,
        },
        service::BROWSER => match infra.servers.browser.as_ref() {
            Some(browser) => ready::browser(browser, limit).await.is_ok(),
            None => true,
        },
        // nobody but Docker knows how to ask a service that a user added
        _ => false,
    }
}

/// Asks every server at once until all have answered; returns the identity of the PostgreSQL cluster.
pub(super) async fn all(infra: &Infra, events: &Events) -> Result<Option<String>, Unanswered> {
    let silent = |service| move |last| Unanswered { service, problem: Problem::Silent(last) };
    let failed = |service, error| Unanswered { service, problem: Problem::Failed(Box::new(error)) };
    let database = async {
        let Some(server) = infra.servers.postgres.as_ref() else { return Ok(None) };
        let task = events.task("infra", "start PostgreSQL");
        let identifier = ready::postgres(server, LIMIT).await.map_err(silent(service::DB))?;
        postgres::prepare(server).await.map_err(|error| failed(service::DB, error.into()))?;
        task.finish();
        Ok(Some(identifier))
    };
    let storage = async {
        let Some(endpoint) = infra.servers.s3.as_ref() else { return Ok(()) };
        let task = events.task("infra", "start S3");
        let buckets = ready::s3(endpoint, LIMIT).await.map_err(silent(service::S3))?;
        if infra.record.hostings.s3.own().is_some() {
            make_buckets(&buckets).await.map_err(|error| failed(service::S3, error.into()))?;
        }
        task.finish();
        Ok(())
    };
    let mail = async {
        let Some(mail) = infra.servers.mail.as_ref() else { return Ok(()) };
        let task = events.task("infra", "start mail");
        ready::mail(mail, LIMIT).await.map_err(silent(service::MAIL))?;
        task.finish();
        Ok(())
    };
    let browser = async {
        let Some(browser) = infra.servers.browser.as_ref() else { return Ok(()) };
        let task = events.task("infra", "start the browser");
        ready::browser(browser, LIMIT).await.map_err(silent(service::BROWSER))?;
        task.finish();
        Ok(())
    };
    let (identifier, (), (), ()) = tokio::try_join!(database, storage, mail, browser)?;
    Ok(identifier)
}

async fn make_buckets(buckets: &Buckets) -> crate::bucket::Result<()> {
    for name in BUCKETS {
        buckets.ensure(name).await?;
    }
    Ok(())
}
