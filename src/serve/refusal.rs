//! Every answer that is not the thing asked for: one shape, that of a failure in the command line's JSON.

use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::store::StoreError;
use crate::agent::{self, SessionError};
use crate::report::{Diagnostic, ErrorDocument, Failure, Kind, Refused};

/// A request that was understood and is not met.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    /// No token, or a wrong one.
    #[error("the request has no valid token")]
    Token,
    /// Wrong tokens, too often.
    #[error("too many requests with a wrong token")]
    TooOften(Duration),
    /// What a webhook sends is not signed with the secret.
    #[error("the request is not signed with the secret of the webhook")]
    Signature,
    /// A link that was used, or is too old.
    #[error("the link was used already, or is older than two minutes")]
    Link,
    /// A name that is not the server's.
    #[error("`{0}` is not a name of this server")]
    Host(String),
    /// A page of another site.
    #[error("requests of `{0}` are not allowed")]
    Origin(String),
    /// Nothing is there.
    #[error("there is no `{0}`")]
    Path(String),
    /// Another method is meant.
    #[error("`{0}` does not take this method")]
    Method(String),
    /// What was sent is not what is expected.
    #[error("the request is wrong: {0}")]
    Input(String),
    /// What was sent is too long.
    #[error("the request is longer than {0} bytes")]
    TooLong(usize),
    /// There is no such task.
    #[error("there is no task {0}")]
    Task(u64),
    /// There is no such job.
    #[error("there is no job {0}")]
    Job(u64),
    /// There is no such job in the queue.
    #[error("there is no job {0} in the queue")]
    QueueJob(u64),
    /// There is no such project.
    #[error("there is no project `{0}`")]
    Project(String),
    /// A project of that name exists.
    #[error("there is a project `{0}` already")]
    ProjectTaken(String),
    /// Tickets name the project.
    #[error("tickets name project `{0}`")]
    ProjectInUse(String),
    /// Another worker has the job, or none.
    #[error("the lease of job {0} is lost")]
    Lost(u64),
    /// A ticket or job is in a state that does not allow it.
    #[error("{0}")]
    State(String),
    /// There is no key of that worker.
    #[error("worker `{0}` has no key")]
    NoKey(String),
    /// Verify was never run.
    #[error("agent {0} was never verified")]
    NoVerify(u8),
    /// As many jobs as there may be are at work.
    #[error("{0} jobs are at work already")]
    Busy(usize),
    /// As many viewers as there may be look at sessions.
    #[error("{0} pages show sessions already")]
    Viewers(usize),
    /// As many as there may be follow logs.
    #[error("{0} pages follow logs already")]
    Followers(usize),
    /// As many as there may be listen to events.
    #[error("{0} connections follow the events already")]
    Listeners(usize),
}

impl Wrong {
    fn status(&self) -> StatusCode {
        match self {
            Self::Token | Self::Signature | Self::Link => StatusCode::UNAUTHORIZED,
            Self::TooOften(_) | Self::Busy(_) | Self::Viewers(_) | Self::Followers(_) | Self::Listeners(_) => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Host(_) | Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::Path(_)
            | Self::Task(_)
            | Self::Job(_)
            | Self::QueueJob(_)
            | Self::Project(_)
            | Self::NoKey(_)
            | Self::NoVerify(_) => StatusCode::NOT_FOUND,
            Self::ProjectTaken(_) | Self::ProjectInUse(_) | Self::Lost(_) | Self::State(_) => StatusCode::CONFLICT,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Input(_) => StatusCode::BAD_REQUEST,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

impl Diagnostic for Wrong {
    fn kind(&self) -> Kind {
        match self {
            Self::Input(_) | Self::TooLong(_) | Self::Method(_) => Kind::Usage,
            _ => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Token => "serve.token",
            Self::Signature => "serve.signature",
            Self::TooOften(_) => "serve.too_often",
            Self::Link => "serve.link",
            Self::Host(_) => "serve.host",
            Self::Origin(_) => "serve.origin",
            Self::Path(_) => "serve.no_path",
            Self::Method(_) => "serve.method",
            Self::Input(_) => "serve.input",
            Self::TooLong(_) => "serve.too_long",
            Self::Task(_) => "serve.no_task",
            Self::Job(_) => "serve.no_job",
            Self::QueueJob(_) => "queue.no_job",
            Self::Project(_) => "queue.no_project",
            Self::ProjectTaken(_) => "queue.project_taken",
            Self::ProjectInUse(_) => "queue.project_in_use",
            Self::Lost(_) => "queue.lost",
            Self::State(_) => "queue.state",
            Self::NoKey(_) => "queue.no_key",
            Self::NoVerify(_) => "serve.no_verify",
            Self::Busy(_) => "serve.busy",
            Self::Viewers(_) => "serve.viewers",
            Self::Followers(_) => "serve.followers",
            Self::Listeners(_) => "serve.listeners",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Token | Self::Link => {
                "run `harness open --dashboard`; docs/serve.md says how a program shows it".to_owned()
            }
            Self::Signature => {
                "give the webhook the secret of `[github] webhook_secret` in `serve/serve.toml`".to_owned()
            }
            Self::TooOften(_) => "wait as long as `Retry-After` says".to_owned(),
            Self::Host(name) => format!("add `{name}` to `allowed_hosts` in `serve/serve.toml` of the home"),
            Self::Origin(origin) => format!("add `{origin}` to `allowed_origins` in `serve/serve.toml` of the home"),
            Self::Path(_) | Self::Method(_) | Self::Input(_) => "`/api/openapi.json` lists what there is".to_owned(),
            Self::TooLong(_) => "send less".to_owned(),
            Self::Task(_) => "`/api/tasks` lists them".to_owned(),
            Self::Job(_) => "`/api/jobs` lists the last ones".to_owned(),
            Self::QueueJob(_) => "run `harness job list`".to_owned(),
            Self::Project(_) => "run `harness project list`; `harness project add` makes one".to_owned(),
            Self::ProjectTaken(_) => "choose another name".to_owned(),
            Self::ProjectInUse(_) => "delete them first".to_owned(),
            Self::Lost(_) => "leave the job to the worker that has it now".to_owned(),
            Self::State(_) => "look at it with `harness ticket show`".to_owned(),
            Self::NoKey(_) => "run `harness serve key list`".to_owned(),
            Self::NoVerify(agent) => format!("run `harness verify {agent}`"),
            Self::Busy(_) => "wait until one of them has ended".to_owned(),
            Self::Viewers(_) | Self::Followers(_) | Self::Listeners(_) => "close one of them".to_owned(),
        })
    }
}

/// A failure on its way to the client.
#[derive(Debug)]
pub(super) struct Refusal {
    schema: String,
    failure: Failure,
}

impl Refusal {
    /// The refusal of a request for the document `name`.
    pub(super) fn of(name: &str, failure: impl Into<Failure>) -> Self {
        Self { schema: format!("harness/{name}/1"), failure: failure.into() }
    }

    /// What is wrong.
    pub(super) fn error(&self) -> ErrorDocument {
        self.failure.document()
    }

    /// The failure inside.
    pub(super) fn into_failure(self) -> Failure {
        self.failure
    }

    /// The document of the refusal, as text.
    pub(super) fn document(&self) -> String {
        let document = Refused { schema: self.schema.clone(), error: self.failure.document() };
        serde_json::to_string(&document).unwrap_or_default()
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::of("serve", failure)
    }
}

impl From<Wrong> for Refusal {
    fn from(wrong: Wrong) -> Self {
        Self::of("serve", wrong)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::of("serve", error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let wrong = self.failure.downcast::<Wrong>();
        let status = wrong.map_or_else(|| status(&self.failure), Wrong::status);
        let wait = match wrong {
            Some(Wrong::TooOften(wait)) => Some(wait.as_secs() + 1),
            Some(Wrong::Busy(_)) => Some(5),
            _ => None,
        };
        let document = Refused { schema: self.schema, error: self.failure.document() };
        let mut response = (status, Json(&document)).into_response();
        if let Some(wait) = wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        // pages show it to people
        response.extensions_mut().insert(document);
        response
    }
}

/// The status of a verb's failure.
fn status(failure: &Failure) -> StatusCode {
    let missing = failure.downcast::<agent::Error>().is_some_and(agent::Error::is_absence)
        || matches!(failure.downcast::<SessionError>(), Some(SessionError::Unknown { .. }));
    match failure.kind() {
        _ if missing => StatusCode::NOT_FOUND,
        Kind::Usage => StatusCode::BAD_REQUEST,
        Kind::Conflict | Kind::CheckFailed => StatusCode::CONFLICT,
        Kind::Configuration => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Environment | Kind::Interrupted => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
