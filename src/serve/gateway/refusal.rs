//! Why there is no answer of an application.

use hyper::StatusCode;

use super::down::Down;
use super::pool::Fault;
use crate::report::{Diagnostic, Kind};

/// Why a request is not passed on, or came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It is not one that a server may answer.
    #[error("the request is wrong: {0}")]
    Request(&'static str),
    /// Its name is another's.
    #[error("`{0}` is not a name of this gateway")]
    Host(String),
    /// Its name is the gateway's, and leads nowhere.
    #[error("no agent has the name `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// It has been here before.
    #[error("the request came back to the gateway that had passed it on")]
    Loop,
    /// An application does not answer.
    #[error("{}", .0.what)]
    Down(Down),
    /// A server that is no agent's does not answer.
    #[error("the server at `{to}` does not answer")]
    Route {
        /// Where it should be.
        to: String,
        /// What came of it.
        #[source]
        fault: Fault,
    },
}

impl Refused {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Host(_) => StatusCode::FORBIDDEN,
            Self::Unknown { .. } => StatusCode::NOT_FOUND,
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::Down(_) | Self::Route { .. } => StatusCode::BAD_GATEWAY,
        }
    }

    /// Whether it may be otherwise in a moment.
    pub(super) fn passes(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Down(_) | Self::Route { .. })
    }
}

impl Diagnostic for Refused {
    fn kind(&self) -> Kind {
        match self {
            Self::Request(_) => Kind::Usage,
            Self::Host(_) | Self::Unknown { .. } => Kind::Conflict,
            Self::Loop => Kind::Configuration,
            Self::Down(_) | Self::Route { .. } => Kind::CheckFailed,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "gateway.request",
            Self::Host(_) => "gateway.host",
            Self::Unknown { .. } => "gateway.unknown",
            Self::Loop => "gateway.loop",
            Self::Down(_) => "gateway.down",
            Self::Route { .. } => "gateway.route",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Request(_) => None,
            Self::Host(_) => {
                Some("names end in `.localhost`; `gateway.domain` in `serve/serve.toml` of the home adds one".into())
            }
            Self::Unknown { .. } => Some("names are like `web.3.board`: port, agent, project".into()),
            Self::Loop => {
                Some("a port, or `to` of a route in `serve/serve.toml` of the home, is the gateway's own".into())
            }
            Self::Down(down) => Some(down.hint.clone()),
            Self::Route { .. } => Some("`to` of that route in `serve/serve.toml` of the home says where it is".into()),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Unknown { known, .. } => known.clone(),
            Self::Down(down) => down.why.iter().chain(&down.lines).cloned().collect(),
            _ => Vec::new(),
        }
    }
}
