//! Where an S3 server is, and with which keys it is spoken to.

use serde::{Deserialize, Serialize};

use crate::system::Secret;

/// A server and its administrator's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Endpoint {
    /// `http://127.0.0.1:19000`.
    pub url: String,
    /// `us-east-1` unless the server is external.
    pub region: String,
    /// The administrator's access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
    /// Whether it is the home's own server, which stays the same when it moves to another port.
    #[serde(default)]
    pub own: bool,
}

impl S3Endpoint {
    /// The region of servers that know none.
    pub const REGION: &str = "us-east-1";

    /// What the home's registry calls this server.
    pub(super) fn server(&self) -> &str {
        if self.own { "own" } else { &self.url }
    }
}

/// What one agent is given: its bucket, and keys that open nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentEndpoint {
    /// `agent-3`.
    pub bucket: String,
    /// The access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_homes_own_server_is_the_same_on_another_port() {
        let at = |url: &str, own: bool| S3Endpoint {
            url: url.to_owned(),
            region: S3Endpoint::REGION.to_owned(),
            access_key: String::new(),
            secret_key: Secret::new(""),
            own,
        };
        assert_eq!(at("http://127.0.0.1:1", true).server(), at("http://127.0.0.1:2", true).server());
        assert_ne!(at("http://127.0.0.1:1", false).server(), at("http://127.0.0.1:2", false).server());
    }
}
