//! How the shared servers are reached. Made from the record alone, so that a command that starts nothing
//! (`teardown`, `psql`) knows the same as `launch`.

use std::path::PathBuf;

use super::ensure::is_own;
use super::error::Result;
use super::record::{BrowserRecord, Engine, Hosting, InfraRecord};
use super::{external, native, service};
use crate::bucket::S3Endpoint;
use crate::postgres::Server;
use crate::project::InfraSettings;
use crate::system::{Home, Secret};

/// Where every server of this home listens.
const HOST: &str = "127.0.0.1";
/// The region of the home's own S3 server.
const REGION: &str = "us-east-1";

/// How the servers of a home are reached; `None` for one that is disabled or, in the browser's case, was not found.
#[derive(Debug, Clone)]
pub struct Servers {
    /// PostgreSQL, as its administrator.
    pub postgres: Option<Server>,
    /// S3, as its administrator.
    pub s3: Option<S3Endpoint>,
    /// The mail catcher.
    pub mail: Option<Mail>,
    /// The browser.
    pub browser: Option<Browser>,
}

/// The shared servers of a home.
#[derive(Debug, Clone)]
pub struct Infra {
    /// How each is reached.
    pub servers: Servers,
    /// What runs them.
    pub engine: Engine,
    /// What was decided for this home.
    pub record: InfraRecord,
    /// Wishes of the project that differ from what was decided, one line each.
    pub drift: Vec<String>,
}

/// The mail catcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Host of SMTP.
    pub smtp_host: String,
    /// Port of SMTP.
    pub smtp_port: u16,
    /// Page and API, without a slash at the end.
    pub web_url: String,
}

/// The browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The debugging socket of the browser as it runs now; `None` while it does not. Chromium makes a new one at
    /// every start, so that what is to outlive a restart uses [`Browser::cdp_url`].
    pub ws_url: Option<String>,
    /// What `connectOverCDP` takes.
    pub cdp_url: String,
    /// The base of its HTTP API (`/json/version`).
    pub http_url: String,
    /// The name by which the browser reaches an application of this machine.
    pub app_host: String,
    /// What it asks for; part of [`Browser::ws_url`] and [`Browser::cdp_url`] already.
    pub token: Option<Secret>,
}

impl Browser {
    /// A Chromium of this machine.
    fn native(port: u16) -> Self {
        let http_url = format!("http://{HOST}:{port}");
        Self { ws_url: None, cdp_url: http_url.clone(), http_url, app_host: HOST.to_owned(), token: None }
    }

    /// A browserless in a container: its sockets open a browser each, and loopback is its own.
    fn browserless(port: u16, record: &InfraRecord) -> Self {
        let token = record.credentials.browser_token.clone();
        let ws_url = format!("ws://{HOST}:{port}?token={}", token.expose());
        Self {
            ws_url: Some(ws_url.clone()),
            cdp_url: ws_url,
            http_url: format!("http://{HOST}:{port}"),
            app_host: record.docker.gateway.clone().unwrap_or_else(|| "host.docker.internal".to_owned()),
            token: Some(token),
        }
    }
}

/// What is recorded of a home, whether it runs or not; `None` before the first `setup`.
pub async fn open(home: &Home) -> Result<Option<Infra>> {
    match InfraRecord::read(home)? {
        Some(record) => Ok(Some(Infra::of(record)?.with_browser_socket().await)),
        None => Ok(None),
    }
}

impl Infra {
    /// The servers that a record describes.
    pub(super) fn of(record: InfraRecord) -> Result<Self> {
        let credentials = &record.credentials;
        let postgres = match &record.hostings.postgres {
            Hosting::Disabled => None,
            Hosting::External(url) => Some(external::postgres(url)?),
            Hosting::Own(own) => {
                let password = credentials.postgres_password.clone();
                Some(Server::local(own.port, &credentials.postgres_user, password))
            }
        };
        let s3 = match &record.hostings.s3 {
            Hosting::Disabled => None,
            Hosting::External(url) => Some(external::s3(url)?),
            Hosting::Own(own) => Some(S3Endpoint {
                url: format!("http://{HOST}:{}", own.port),
                region: REGION.to_owned(),
                access_key: credentials.s3_access_key.clone(),
                secret_key: credentials.s3_secret_key.clone(),
                own: true,
            }),
        };
        let mail = match &record.hostings.mail {
            Hosting::Disabled => None,
            Hosting::External(url) => Some(external::mail(url)?),
            Hosting::Own(own) => Some(Mail {
                smtp_host: HOST.to_owned(),
                smtp_port: own.smtp_port,
                web_url: format!("http://{HOST}:{}", own.web_port),
            }),
        };
        let browser = match &record.hostings.browser {
            Hosting::External(url) => Some(external::browser(url)?),
            Hosting::Own(own) if own.runs(record.engine) => Some(match record.engine {
                Engine::Native => Browser::native(own.port),
                Engine::Docker => Browser::browserless(own.port, &record),
            }),
            Hosting::Disabled | Hosting::Own(_) => None,
        };
        let servers = Servers { postgres, s3, mail, browser };
        Ok(Self { servers, engine: record.engine, drift: Vec::new(), record })
    }

    /// The same with the socket of the browser as it runs now, which only the browser knows.
    pub(super) async fn with_browser_socket(mut self) -> Self {
        let is_chromium = |own: &&BrowserRecord| self.engine == Engine::Native && own.runs(self.engine);
        let own = self.record.hostings.browser.own().filter(is_chromium);
        if let (Some(browser), Some(own)) = (&mut self.servers.browser, own) {
            browser.ws_url = native::browser_ws_url(own.port).await;
        }
        self
    }

    /// The services that harness itself runs here, by name.
    pub fn service_names(&self) -> Vec<String> {
        Self::service_names_of(&self.record)
    }

    /// The same of a record.
    pub fn service_names_of(record: &InfraRecord) -> Vec<String> {
        let own = service::ALL.into_iter().filter(|name| is_own(record, name));
        let added = record.added_services().iter().map(|added| added.name.as_str());
        own.chain(added).map(str::to_owned).collect()
    }

    /// The directory of a service's own programs (`psql` beside `postgres`): `None` where there is no such
    /// service, `Some(None)` where it has no programs of its own.
    pub fn programs_of(&self, service: &str) -> Option<Option<PathBuf>> {
        if !self.service_names().iter().any(|name| name == service) {
            return None;
        }
        let binaries = self.record.hostings.postgres.own().and_then(|own| own.binaries.as_ref());
        Some(binaries.filter(|_| service == service::DB).map(|binaries| binaries.bin_dir.clone()))
    }

    /// The same as one project sees it: without what it has disabled.
    pub(super) fn seen_by(mut self, settings: &InfraSettings) -> Self {
        if settings.postgres.service.disabled {
            self.servers.postgres = None;
        }
        if settings.s3.disabled {
            self.servers.s3 = None;
        }
        if settings.mail.disabled {
            self.servers.mail = None;
        }
        if settings.browser.disabled {
            self.servers.browser = None;
        }
        self
    }
}
