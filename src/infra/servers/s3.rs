//! The S3 server: harness's own on the native engine, MinIO in a container.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directories;
use super::liveness::Liveness;
use super::process::{LOOPBACK, address, option, process, readiness, text, variables};
use super::server::{Common, Login, ResolveRequest, Server, ValuesRequest};
use super::url::ServerUrl;
use crate::bucket::{Buckets, S3Endpoint};
use crate::infra::credentials::Credentials;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::infra::lost_cluster::LostCluster;
use crate::project::{InfraPort, InfraPorts, Service};
use crate::render::ServerValues;
use crate::report::{Engine, Events};
use crate::supervisor::{ProbeCheckSpec, ProcessSpec};
use crate::system::{Home, Secret};

/// Buckets that every home has.
const BUCKETS: [&str; 2] = ["default", "results"];

/// The home's S3 server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Record {
    /// Host port of the API.
    pub port: u16,
    /// Host port of the console; only a container has one.
    pub console_port: u16,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// The agents' keys, written by launches and read by the embedded server.
pub(in crate::infra) fn credentials_file(home: &Home) -> PathBuf {
    home.infra_dir().join(S3Record::NAME).join("credentials.json")
}

impl Server for S3Record {
    type Address = S3Endpoint;

    const NAME: &'static str = "minio";
    const SERVICE: Service = Service::S3;
    const TITLE: &'static str = "S3";
    const VARIABLES: &'static str = "AGENT_MINIO";
    const VALUES: &'static str = "s3";

    fn external(url: &Secret) -> Result<S3Endpoint> {
        let url = ServerUrl::parse(Self::SERVICE, url, &["http", "https"])?;
        let access_key = url.decoded(url.url.username())?;
        let secret_key = Secret::new(url.decoded(url.url.password().unwrap_or_default())?);
        if access_key.is_empty() || secret_key.expose().is_empty() {
            return Err(url.wrong("it has no `key:secret@` before the host"));
        }
        let region = url.parameter("region").unwrap_or_else(|| S3Endpoint::REGION.to_owned());
        Ok(S3Endpoint { url: url.origin()?, region, access_key, secret_key, own: false })
    }

    fn at(ports: &InfraPorts) -> Self {
        Self { port: ports.get(InfraPort::S3), console_port: ports.get(InfraPort::S3Console), image: None }
    }

    async fn resolve(request: &ResolveRequest<'_>) -> Result<Self> {
        Ok(Self { image: request.image::<Self>(), ..Self::at(&request.settings.ports) })
    }

    fn ports(&self, engine: Engine) -> Vec<(InfraPort, u16)> {
        let mut ports = vec![(InfraPort::S3, self.port)];
        if engine == Engine::Docker {
            ports.push((InfraPort::S3Console, self.console_port));
        }
        ports
    }

    fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    fn version(&self) -> Option<String> {
        Some("embedded".to_owned())
    }

    fn process(&self, home: &Home, common: &Common<'_>, harness: &Path) -> Option<ProcessSpec> {
        let directory = home.infra_dir().join(Self::NAME);
        let mut command = vec![text(harness), "__s3".to_owned()];
        command.extend(option("--listen", &address(self.port)));
        command.extend(option("--data", &text(&directory.join("data"))));
        command.extend(option("--credentials", &text(&credentials_file(home))));
        let check = ProbeCheckSpec::TcpConnect { host: Some(LOOPBACK.to_owned()), port: self.port };
        Some(ProcessSpec {
            environment: variables(&[
                ("HARNESS_S3_ACCESS_KEY", &common.credentials.s3_access_key),
                ("HARNESS_S3_SECRET_KEY", common.credentials.s3_secret_key.expose()),
            ]),
            readiness_probe: Some(readiness(check)),
            liveness_probe: Some(self.liveness().probe()),
            ..process(command, directory, vec![self.port])
        })
    }

    async fn prepare(&mut self, home: &Home, common: &Common<'_>, _events: &Events) -> Result<Option<LostCluster>> {
        let directory = directories::of_service(home, Self::NAME, common.service_user)?;
        directories::make(&directory.join("data"), false)?;
        Ok(None)
    }

    fn compose_credentials(credentials: &Credentials) -> Vec<(&'static str, Login)> {
        vec![
            ("AGENT_MINIO_ROOT_USER", Login::Name(credentials.s3_access_key.clone())),
            ("AGENT_MINIO_ROOT_PASSWORD", Login::Secret(credentials.s3_secret_key.clone())),
        ]
    }

    fn liveness(&self) -> Liveness {
        Liveness::http(self.port)
    }

    fn address(&self, common: &Common<'_>) -> S3Endpoint {
        S3Endpoint {
            url: format!("http://{}", address(self.port)),
            region: S3Endpoint::REGION.to_owned(),
            access_key: common.credentials.s3_access_key.clone(),
            secret_key: common.credentials.s3_secret_key.clone(),
            own: true,
        }
    }

    /// `endpoint`, `region`; for an agent its `bucket`, and `access_key` and `secret_key`, which open that bucket only.
    fn template_values(s3: &S3Endpoint, request: &ValuesRequest) -> Option<ServerValues> {
        let mut values =
            ServerValues::from([("endpoint", s3.url.clone().into()), ("region", s3.region.clone().into())]);
        if let Some(agent) = request.agent {
            let (access_key, secret_key) = request.bucket_keys.clone()?;
            values.extend([("bucket", agent.bucket().into()), ("access_key", access_key.into())]);
            values.insert("secret_key", secret_key.into());
        }
        Some(values)
    }

    async fn probe(address: &S3Endpoint) -> Result<(), String> {
        if Buckets::new(address).is_ready().await { Ok(()) } else { Err("no answer to a list of buckets".to_owned()) }
    }

    async fn welcome(hosting: &mut Hosting<Self>, address: &S3Endpoint) -> Result<()> {
        if hosting.own().is_some() {
            let buckets = Buckets::new(address);
            for name in BUCKETS {
                buckets.ensure(name).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_url_gives_keys_and_a_plain_endpoint() {
        let url = Secret::new("https://key:se%3Acret@s3.example:9000/?region=eu-west-1");
        let endpoint = S3Record::external(&url).unwrap();
        assert_eq!((endpoint.url.as_str(), endpoint.region.as_str()), ("https://s3.example:9000", "eu-west-1"));
        assert_eq!((endpoint.access_key.as_str(), endpoint.secret_key.expose()), ("key", "se:cret"));
    }

    #[test]
    fn an_error_names_the_table_and_never_the_password() {
        let message = S3Record::external(&Secret::new("https://hunter2@host")).unwrap_err().to_string();
        assert!(message.contains("[infra.s3]") && !message.contains("hunter2"), "{message}");
    }
}
