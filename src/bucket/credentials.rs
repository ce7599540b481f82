//! Where an agent's keys are issued, by kind of server.

use std::path::PathBuf;

use super::{AgentEndpoint, Result, S3Endpoint, embedded_credentials, minio};
use crate::system::Secret;

/// How keys for one bucket come into being on a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A line in the file that the embedded server reads.
    EmbeddedFile(PathBuf),
    /// An account of a MinIO server, limited to the bucket; these are its administrator's keys.
    Minio(S3Endpoint),
    /// The server has no way to make keys: the agent is given the administrator's. Isolation is then by
    /// agreement only, which `setup` and the README say.
    Shared(S3Endpoint),
}

impl Credentials {
    /// How keys come into being on a server that is not harness's: it is asked whether it is a MinIO that the given
    /// keys administer.
    pub async fn of_external(endpoint: &S3Endpoint) -> Self {
        if minio::is_administered(endpoint).await {
            Self::Minio(endpoint.clone())
        } else {
            Self::Shared(endpoint.clone())
        }
    }

    /// Keys that open `bucket` and nothing else, in place of any that the agent had. `secret` is the one to
    /// use, so that a repeated launch can keep it.
    pub async fn issue(&self, bucket: &str, secret: &Secret) -> Result<AgentEndpoint> {
        let bucket = bucket.to_owned();
        match self {
            Self::EmbeddedFile(path) => {
                let access_key = bucket.clone();
                embedded_credentials::grant(path, &access_key, secret, &bucket)?;
                Ok(AgentEndpoint { bucket, access_key, secret_key: secret.clone() })
            }
            Self::Minio(endpoint) => {
                let access_key = bucket.clone();
                minio::grant(endpoint, &access_key, secret, &bucket).await?;
                Ok(AgentEndpoint { bucket, access_key, secret_key: secret.clone() })
            }
            Self::Shared(endpoint) => {
                let (access_key, secret_key) = (endpoint.access_key.clone(), endpoint.secret_key.clone());
                Ok(AgentEndpoint { bucket, access_key, secret_key })
            }
        }
    }

    /// Ends the keys of `bucket`. That there are none is no error.
    pub async fn revoke(&self, bucket: &str) -> Result<()> {
        match self {
            Self::EmbeddedFile(path) => Ok(embedded_credentials::revoke(path, bucket)?),
            Self::Minio(endpoint) => minio::revoke(endpoint, bucket).await,
            Self::Shared(_) => Ok(()),
        }
    }
}
