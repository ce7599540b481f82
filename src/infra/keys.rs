//! Where the keys of agents' buckets are issued, by what serves S3.

use super::Infra;
use super::native;
use super::record::{Engine, Place};
use crate::bucket::{Credentials, S3Endpoint};
use crate::system::Home;

impl Infra {
    /// How keys for one bucket come into being on this home's S3 server.
    pub fn s3_credentials(&self, home: &Home, endpoint: &S3Endpoint) -> Credentials {
        match self.record.s3 {
            Place::Own(_) => match self.engine {
                Engine::Native => Credentials::EmbeddedFile(native::s3_credentials_file(home)),
                Engine::Docker => Credentials::Minio(endpoint.clone()),
            },
            Place::External(_) | Place::Disabled => Credentials::Shared(endpoint.clone()),
        }
    }
}
