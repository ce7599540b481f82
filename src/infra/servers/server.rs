//! What a shared server states of itself.
//!
//! The implementor is the record of a server that the engine runs. What also holds for an external server takes an
//! address, or nothing at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::liveness::Liveness;
use crate::infra::credentials::Credentials;
use crate::infra::docker_record::DockerRecord;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::infra::lost_cluster::LostCluster;
use crate::postgres::DatabaseCredentials;
use crate::project::{AgentId, InfraPort, InfraPorts, InfraSettings, Service};
use crate::render::ServerValues;
use crate::report::{Engine, Events};
use crate::supervisor::ProcessSpec;
use crate::system::{Home, Secret, ServiceUser};

/// One of the shared servers.
pub(in crate::infra) trait Server: Clone + Send + Sync + Sized {
    /// How it is reached.
    type Address: Clone + Send + Sync;

    /// Its service in the compose file, its process, and its directory in `infra/`: `db`.
    const NAME: &'static str;
    /// What the configuration knows it by.
    const SERVICE: Service;
    /// How progress names it: `PostgreSQL`.
    const TITLE: &'static str;
    /// What its variables in the compose file begin with: `AGENT_DB`.
    const VARIABLES: &'static str;
    /// What templates call it: `database`.
    const VALUES: &'static str;
    /// Why there may be none although one is asked for.
    const ABSENT: &'static str = "nothing to run was found";

    /// The address of an external server.
    ///
    /// # Errors
    /// The URL cannot be used.
    fn external(url: &Secret) -> Result<Self::Address>;

    /// Its record with these ports, before anything is chosen.
    fn at(ports: &InfraPorts) -> Self;

    /// Decides what this home runs.
    fn resolve(request: &ResolveRequest<'_>) -> impl Future<Output = Result<Self>> + Send;

    /// Fills in a program that was installed since, and says whether it did.
    fn complete(&mut self, _engine: Engine) -> bool {
        false
    }

    /// What a project configures otherwise, besides ports and hosting.
    fn drift(&self, _settings: &InfraSettings) -> Vec<Difference> {
        Vec::new()
    }

    /// Ports on the host.
    fn ports(&self, engine: Engine) -> Vec<(InfraPort, u16)>;

    /// Whether there is anything to run.
    fn runs(&self, _engine: Engine) -> bool {
        true
    }

    /// The image of its container.
    fn image(&self) -> Option<&str>;

    /// What serves on the native engine: `PostgreSQL 15.18`.
    fn version(&self) -> Option<String>;

    /// Why this program, where there was a choice: one line.
    fn choice(&self) -> Option<String> {
        None
    }

    /// Directory of its client programs.
    fn programs(&self) -> Option<PathBuf> {
        None
    }

    /// Its process on the native engine. `harness` is this program.
    fn process(&self, home: &Home, common: &Common<'_>, harness: &Path) -> Option<ProcessSpec>;

    /// Makes the directories and data of its process.
    fn prepare(
        &mut self,
        home: &Home,
        common: &Common<'_>,
        events: &Events,
    ) -> impl Future<Output = Result<Option<LostCluster>>> + Send;

    /// Writes to the disk what the process did not wait for.
    fn flush(&self, _home: &Home) {}

    /// Variables of the compose file that the record decides, besides image, memory and ports.
    fn compose_variables(&self, _common: &Common<'_>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Added to the container's command.
    fn compose_arguments(&self) -> Vec<String> {
        Vec::new()
    }

    /// Variables with its logins; the compose file asks for them even where the server is disabled.
    fn compose_credentials(_credentials: &Credentials) -> Vec<(&'static str, Login)> {
        Vec::new()
    }

    /// How to find out whether it works at all.
    fn liveness(&self) -> Liveness;

    /// How the engine's server is reached.
    fn address(&self, common: &Common<'_>) -> Self::Address;

    /// What templates see of it; `None` where it has nothing for whom it is asked.
    fn template_values(address: &Self::Address, request: &ValuesRequest) -> Option<ServerValues>;

    /// Asks the running server for what only it knows of its address.
    fn look_up(_address: &mut Self::Address) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Asks once whether it answers, as its users will ask; the error is one line.
    fn probe(address: &Self::Address) -> impl Future<Output = Result<(), String>> + Send;

    /// Makes a server that answers ready for agents, and keeps what it says of itself.
    fn welcome(_hosting: &mut Hosting<Self>, _address: &Self::Address) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(Ok(()))
    }

    /// Whether [`Server::welcome`] has succeeded once.
    fn is_welcomed(&self) -> bool {
        true
    }
}

/// A variable's value, and whether it is a secret.
pub(in crate::infra) enum Login {
    Name(String),
    Secret(Secret),
}

/// What the record of a home says to all servers.
#[derive(Clone, Copy)]
pub(in crate::infra) struct Common<'a> {
    pub(in crate::infra) engine: Engine,
    pub(in crate::infra) credentials: &'a Credentials,
    pub(in crate::infra) service_user: Option<&'a ServiceUser>,
    pub(in crate::infra) docker: &'a DockerRecord,
}

/// For whom templates are evaluated.
#[derive(Debug, Clone)]
pub struct ValuesRequest {
    /// The agent; `None` where something is made for all of them.
    pub agent: Option<AgentId>,
    /// A login to the agent's database, or to the one that is being built.
    pub database: Option<DatabaseCredentials>,
    /// The directory of PostgreSQL's Unix socket.
    pub sockets: Option<PathBuf>,
    /// Access key and secret of the agent's bucket.
    pub bucket_keys: Option<(String, Secret)>,
}

/// What a server's record is decided from.
pub(in crate::infra) struct ResolveRequest<'a> {
    pub(in crate::infra) home: &'a Home,
    pub(in crate::infra) settings: &'a InfraSettings,
    /// Extensions of PostgreSQL that the project names.
    pub(in crate::infra) extensions: &'a [String],
    pub(in crate::infra) common: Common<'a>,
    /// Images of the embedded compose file, by service.
    pub(in crate::infra) default_images: &'a BTreeMap<String, String>,
    pub(in crate::infra) events: &'a Events,
}

impl ResolveRequest<'_> {
    /// The image of a container. The default is recorded too, so that a newer harness does not bring another major
    /// version of PostgreSQL over kept data.
    pub(in crate::infra) fn image<T: Server>(&self) -> Option<String> {
        match self.common.engine {
            Engine::Native => None,
            Engine::Docker => {
                self.settings.service(T::SERVICE).image.clone().or_else(|| self.default_images.get(T::NAME).cloned())
            }
        }
    }
}

/// A configured value that differs from what was decided.
pub(in crate::infra) struct Difference {
    pub(in crate::infra) what: String,
    pub(in crate::infra) there: String,
    pub(in crate::infra) wished: String,
}
