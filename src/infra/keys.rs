//! Where the keys of agents' buckets are issued, by what serves S3.

use super::Infra;
use super::native;
use super::record::{Engine, Hosting};
use crate::bucket::{Credentials, S3Endpoint};
use crate::system::{Home, Secret};

impl Infra {
    /// How keys for one bucket come into being on this home's S3 server.
    pub fn s3_credentials(&self, home: &Home, endpoint: &S3Endpoint) -> Credentials {
        match self.record.hostings.s3 {
            Hosting::Own(_) => match self.engine {
                Engine::Native => Credentials::EmbeddedFile(native::s3_credentials_file(home)),
                Engine::Docker => Credentials::Minio(endpoint.clone()),
            },
            Hosting::External(_) if self.record.s3_makes_keys => Credentials::Minio(endpoint.clone()),
            Hosting::External(_) | Hosting::Disabled => Credentials::Shared(endpoint.clone()),
        }
    }

    /// Access key and secret that the agent of `bucket` uses: its own, whose secret this is, or the administrator's
    /// where the server makes none.
    pub fn agent_s3_keys(&self, endpoint: &S3Endpoint, bucket: &str, secret: &Secret) -> (String, Secret) {
        match self.record.hostings.s3 {
            Hosting::External(_) if !self.record.s3_makes_keys => {
                (endpoint.access_key.clone(), endpoint.secret_key.clone())
            }
            _ => (bucket.to_owned(), secret.clone()),
        }
    }
}
