//! What can go wrong with buckets.

use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::report::{Diagnostic, Kind};
use crate::system::{self, text::count, with_causes};

/// Result of this module.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A bucket operation failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing answers at the endpoint.
    #[error("cannot reach the S3 server at `{url}`")]
    Unreachable {
        /// The endpoint.
        url: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The server answered with an error.
    #[error("the S3 server at `{url}` refused to {action}")]
    Refused {
        /// The endpoint.
        url: String,
        /// What was asked, as a verb with its object.
        action: String,
        /// S3's code of the error: `AccessDenied`.
        code: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Some objects of a bucket would not go.
    #[error("cannot delete {} of bucket `{bucket}`", count(*left, "object"))]
    NotEmptied {
        /// The bucket.
        bucket: String,
        /// How many.
        left: usize,
        /// What the server says of the first of them.
        #[source]
        source: Cause,
    },
    /// A bucket of exactly our name that this home did not make.
    #[error("bucket `{bucket}` exists and was not created by this home")]
    Foreign {
        /// The bucket.
        bucket: String,
    },
    /// A bucket of this home that another agent or project holds.
    #[error("bucket `{bucket}` belongs to agent {agent} of project `{project}`")]
    Taken {
        /// The bucket.
        bucket: String,
        /// Its agent.
        agent: u8,
        /// Its project.
        project: String,
    },
    /// What a bucket is to be filled with cannot be read.
    #[error("cannot read what `[bucket] seed` names")]
    Seed(#[source] system::Error),
    /// The registry or the credentials file cannot be read or written.
    #[error("cannot keep the record of buckets")]
    Record(#[from] system::Error),
}

/// A client's or server's own words, without keys.
#[derive(Debug)]
pub struct Cause(String);

impl Cause {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

impl Error {
    /// Sorts an error of the S3 client: no answer, or an answer that says no.
    pub(super) fn of<E, R>(url: &str, action: impl Into<String>) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        let (url, action) = (url.to_owned(), action.into());
        move |error| match &error {
            SdkError::ServiceError(context) => {
                let answer = context.err();
                let code = answer.code().unwrap_or("unknown").to_owned();
                let source = Cause::new(match answer.message() {
                    Some(message) => format!("{code}: {message}"),
                    None => code.clone(),
                });
                Self::Refused { url, action, code, source }
            }
            _ => Self::Unreachable { url, source: Cause::new(with_causes(&error)) },
        }
    }

    /// S3's code of a refusal.
    pub(super) fn s3_code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Foreign { .. } | Self::Taken { .. } => Kind::Conflict,
            Self::Seed(_) => Kind::Configuration,
            Self::Record(error) => error.kind(),
            _ => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "bucket.unreachable",
            Self::Refused { .. } => "bucket.refused",
            Self::NotEmptied { .. } => "bucket.not_emptied",
            Self::Foreign { .. } => "bucket.foreign",
            Self::Taken { .. } => "bucket.taken",
            Self::Seed(_) => "bucket.seed",
            Self::Record(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some("run `harness setup`; `harness status` shows which servers run".into()),
            Self::Foreign { bucket } => Some(format!("rename or delete `{bucket}` by hand, or use another agent id")),
            Self::Taken { agent, .. } => Some(format!("run `harness teardown {agent}` in that project first")),
            Self::Record(error) => error.hint(),
            _ => None,
        }
    }
}
