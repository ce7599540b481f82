//! A server of any kind, however it is provided: what loops over all servers work with.

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;

use super::liveness::Liveness;
use super::server::{Common, Difference, Login, ResolveRequest, Server};
use crate::infra::credentials::Credentials;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::infra::lost_cluster::LostCluster;
use crate::project::{InfraPort, InfraSettings, ServiceSettings};
use crate::report::{Engine, Events};
use crate::supervisor::ProcessSpec;
use crate::system::{Home, Secret};

/// How a server is provided, without its record.
#[derive(Clone, Copy)]
pub(in crate::infra) enum HostingKind<'a> {
    Disabled,
    External(&'a Secret),
    Own,
}

/// [`Server`] for an object of any kind. What only a server of the engine has is `None`, or empty, for others.
pub(in crate::infra) trait Hosted: Send + Sync {
    fn name(&self) -> &'static str;
    fn table(&self) -> &'static str;
    fn title(&self) -> &'static str;
    /// What its variables in the compose file begin with.
    fn variables(&self) -> &'static str;
    fn absent(&self) -> &'static str;
    fn kind(&self) -> HostingKind<'_>;
    fn settings<'a>(&self, settings: &'a InfraSettings) -> &'a ServiceSettings;
    /// Whether a project asks for what this home does not have yet.
    fn is_missing(&self, settings: &InfraSettings) -> bool;
    /// Decides what is missing.
    fn resolve<'a>(&'a mut self, request: &'a ResolveRequest<'_>) -> BoxFuture<'a, Result<()>>;
    /// Fills in a program that was installed since, and says whether it did.
    fn complete(&mut self, engine: Engine) -> bool;
    /// Whether [`Hosted::complete`] would change anything.
    fn can_complete(&self, engine: Engine) -> bool;
    fn drift(&self, settings: &InfraSettings) -> Vec<Difference>;
    fn ports(&self, engine: Engine) -> Vec<(InfraPort, u16)>;
    /// Whether the engine runs it.
    fn runs(&self, engine: Engine) -> bool;
    fn image(&self) -> Option<&str>;
    fn version(&self) -> Option<String>;
    fn choice(&self) -> Option<String>;
    fn programs(&self) -> Option<PathBuf>;
    fn process(&self, home: &Home, common: &Common<'_>, harness: &Path) -> Option<ProcessSpec>;
    fn prepare<'a>(
        &'a mut self,
        home: &'a Home,
        common: &'a Common<'_>,
        events: &'a Events,
    ) -> BoxFuture<'a, Result<Option<LostCluster>>>;
    fn flush(&self, home: &Home);
    fn compose_variables(&self, common: &Common<'_>) -> Vec<(&'static str, String)>;
    fn compose_arguments(&self) -> Vec<String>;
    fn compose_credentials(&self, credentials: &Credentials) -> Vec<(&'static str, Login)>;
    /// How to find out whether the engine's server works at all.
    fn liveness(&self, engine: Engine) -> Option<Liveness>;
    /// Whether there is a server to ask, the engine's or an external one.
    fn is_reachable(&self, engine: Engine) -> bool;
    /// Asks once whether it answers.
    fn probe<'a>(&'a self, common: &'a Common<'_>) -> BoxFuture<'a, Result<(), String>>;
    /// Makes a server that answers ready for agents.
    fn welcome<'a>(&'a mut self, common: &'a Common<'_>) -> BoxFuture<'a, Result<()>>;
    fn is_welcomed(&self) -> bool;
}

/// The address of a server; `None` where there is none.
///
/// # Errors
/// The URL of an external server cannot be used.
pub(in crate::infra) fn address<T: Server>(hosting: &Hosting<T>, common: &Common<'_>) -> Result<Option<T::Address>> {
    match hosting {
        Hosting::External(url) => T::external(url).map(Some),
        Hosting::Own(own) if own.runs(common.engine) => Ok(Some(own.address(common))),
        Hosting::Disabled | Hosting::Own(_) => Ok(None),
    }
}

impl<T: Server> Hosted for Hosting<T> {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn table(&self) -> &'static str {
        T::SERVICE.table()
    }

    fn title(&self) -> &'static str {
        T::TITLE
    }

    fn variables(&self) -> &'static str {
        T::VARIABLES
    }

    fn absent(&self) -> &'static str {
        T::ABSENT
    }

    fn kind(&self) -> HostingKind<'_> {
        match self {
            Self::Disabled => HostingKind::Disabled,
            Self::External(url) => HostingKind::External(url),
            Self::Own(_) => HostingKind::Own,
        }
    }

    fn settings<'a>(&self, settings: &'a InfraSettings) -> &'a ServiceSettings {
        settings.service(T::SERVICE)
    }

    fn is_missing(&self, settings: &InfraSettings) -> bool {
        matches!(self, Self::Disabled) && !settings.service(T::SERVICE).disabled
    }

    fn resolve<'a>(&'a mut self, request: &'a ResolveRequest<'_>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if Hosted::is_missing(self, request.settings) {
                *self = match &request.settings.service(T::SERVICE).url {
                    Some(url) => {
                        let url = Secret::new(url);
                        T::external(&url)?;
                        Self::External(url)
                    }
                    None => Self::Own(T::resolve(request).await?),
                };
            }
            Ok(())
        })
    }

    fn complete(&mut self, engine: Engine) -> bool {
        self.own_mut().is_some_and(|own| own.complete(engine))
    }

    fn can_complete(&self, engine: Engine) -> bool {
        self.own().is_some_and(|own| own.clone().complete(engine))
    }

    fn drift(&self, settings: &InfraSettings) -> Vec<Difference> {
        self.own().map_or_else(Vec::new, |own| own.drift(settings))
    }

    fn ports(&self, engine: Engine) -> Vec<(InfraPort, u16)> {
        self.own().filter(|own| own.runs(engine)).map_or_else(Vec::new, |own| own.ports(engine))
    }

    fn runs(&self, engine: Engine) -> bool {
        self.own().is_some_and(|own| own.runs(engine))
    }

    fn image(&self) -> Option<&str> {
        self.own()?.image()
    }

    fn version(&self) -> Option<String> {
        self.own()?.version()
    }

    fn choice(&self) -> Option<String> {
        self.own()?.choice()
    }

    fn programs(&self) -> Option<PathBuf> {
        self.own()?.programs()
    }

    fn process(&self, home: &Home, common: &Common<'_>, harness: &Path) -> Option<ProcessSpec> {
        self.own()?.process(home, common, harness)
    }

    fn prepare<'a>(
        &'a mut self,
        home: &'a Home,
        common: &'a Common<'_>,
        events: &'a Events,
    ) -> BoxFuture<'a, Result<Option<LostCluster>>> {
        Box::pin(async move {
            match self {
                Self::Own(own) => own.prepare(home, common, events).await,
                Self::Disabled | Self::External(_) => Ok(None),
            }
        })
    }

    fn flush(&self, home: &Home) {
        if let Self::Own(own) = self {
            own.flush(home);
        }
    }

    fn compose_variables(&self, common: &Common<'_>) -> Vec<(&'static str, String)> {
        self.own().map_or_else(Vec::new, |own| own.compose_variables(common))
    }

    fn compose_arguments(&self) -> Vec<String> {
        self.own().map_or_else(Vec::new, Server::compose_arguments)
    }

    fn compose_credentials(&self, credentials: &Credentials) -> Vec<(&'static str, Login)> {
        T::compose_credentials(credentials)
    }

    fn liveness(&self, engine: Engine) -> Option<Liveness> {
        self.own().filter(|own| own.runs(engine)).map(Server::liveness)
    }

    fn is_reachable(&self, engine: Engine) -> bool {
        match self {
            Self::Disabled => false,
            Self::External(_) => true,
            Self::Own(own) => own.runs(engine),
        }
    }

    fn probe<'a>(&'a self, common: &'a Common<'_>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            match address(self, common).map_err(|error| error.to_string())? {
                Some(address) => T::probe(&address).await,
                None => Ok(()),
            }
        })
    }

    fn welcome<'a>(&'a mut self, common: &'a Common<'_>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match address(self, common)? {
                Some(address) => T::welcome(self, &address).await,
                None => Ok(()),
            }
        })
    }

    fn is_welcomed(&self) -> bool {
        self.own().is_none_or(Server::is_welcomed)
    }
}
