//! Where an S3 server is, and with which keys it is spoken to.

use serde::{Deserialize, Serialize};

use crate::system::Secret;

/// A server and its administrator's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Endpoint {
    /// `http://127.0.0.1:19000`.
    pub url: String,
    /// `us-east-1` unless the server is somebody else's.
    pub region: String,
    /// The administrator's access key.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
}

impl S3Endpoint {
    /// The region of servers that know none.
    pub const REGION: &str = "us-east-1";
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
