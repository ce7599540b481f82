//! The administrators of the home's own servers.

use serde::{Deserialize, Serialize};

use crate::system::Secret;

/// Names and passwords, generated once: kept data knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// PostgreSQL's first role.
    pub postgres_user: String,
    /// Its password.
    pub postgres_password: Secret,
    /// The root key of S3.
    pub s3_access_key: String,
    /// Its secret.
    pub s3_secret_key: Secret,
    /// The token of a browser in a container.
    pub browser_token: Secret,
}

impl Credentials {
    /// New ones.
    pub(super) fn generate() -> Self {
        Self {
            postgres_user: "postgres".to_owned(),
            postgres_password: Secret::generate(),
            s3_access_key: "harness-root".to_owned(),
            s3_secret_key: Secret::generate(),
            browser_token: Secret::generate(),
        }
    }
}
