//! Where the keys of agents' buckets are made, by what serves S3.

use super::error::Result;
use super::hosting::Hosting;
use super::open::Infra;
use super::record::InfraRecord;
use super::servers::s3::{S3Record, credentials_file};
use super::servers::server::Server;
use crate::bucket::{Credentials, S3Endpoint};
use crate::report::{Engine, Events};
use crate::system::{Home, Secret};

/// Finds out whether an external S3 server makes keys for agents.
///
/// # Errors
/// Its URL cannot be used.
pub(super) async fn look_up(record: &mut InfraRecord, events: &Events) -> Result<()> {
    if let Hosting::External(url) = &record.hostings.s3 {
        let credentials = Credentials::of_external(&S3Record::external(url)?).await;
        record.s3_makes_keys = matches!(credentials, Credentials::Minio(_));
        if !record.s3_makes_keys {
            let text = "the external S3 server cannot create keys: every agent gets the keys of its URL, which give access to all buckets";
            events.warning("infra", text);
        }
    }
    Ok(())
}

impl Infra {
    /// How keys for one bucket are made on this home's S3 server.
    pub fn s3_credentials(&self, home: &Home, endpoint: &S3Endpoint) -> Credentials {
        match self.record.hostings.s3 {
            Hosting::Own(_) => match self.engine {
                Engine::Native => Credentials::EmbeddedFile(credentials_file(home)),
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
