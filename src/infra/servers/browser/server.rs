//! What the browser is on each engine, and how it is reached.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::chromium;
use crate::infra::credentials::Credentials;
use crate::infra::error::Result;
use crate::infra::lost_cluster::LostCluster;
use crate::infra::servers::liveness::Liveness;
use crate::infra::servers::process::{LOOPBACK, address, process, readiness, run_as, text, variables};
use crate::infra::servers::server::{Common, Difference, Login, ResolveRequest, Server, ValuesRequest};
use crate::infra::servers::url::ServerUrl;
use crate::infra::servers::{directories, http};
use crate::project::{InfraPort, InfraPorts, InfraSettings, Service};
use crate::render::ServerValues;
use crate::report::{Engine, Events};
use crate::supervisor::{ProbeCheckSpec, ProcessSpec};
use crate::system::{Home, Secret};

/// What every browser says of itself.
const VERSION: &str = "/json/version";
/// The variable of the compose file.
const TOKEN: &str = "AGENT_BROWSER_TOKEN";

/// The home's browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserRecord {
    /// Host port of its debugging protocol.
    pub port: u16,
    /// Chromium; `None` when none was found, and then there is no browser.
    pub program: Option<PathBuf>,
    /// The image of the docker engine.
    pub image: Option<String>,
    /// The docker engine's asks for no token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
}

/// How the browser is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The debugging socket of the browser as it runs now; `None` while it does not. Chromium makes a new one at
    /// every start, so that what has to outlive a restart uses [`Browser::cdp_url`].
    pub ws_url: Option<String>,
    /// What `connectOverCDP` takes.
    pub cdp_url: String,
    /// The base of its HTTP API (`/json/version`).
    pub http_url: String,
    /// The name by which the browser reaches an application of this machine.
    pub app_host: String,
    /// What it asks for; part of [`Browser::ws_url`] and [`Browser::cdp_url`] already.
    pub token: Option<Secret>,
    /// A path that it answers whenever it works.
    pub alive: String,
}

impl Server for BrowserRecord {
    type Address = Browser;

    const NAME: &'static str = "headless-browser";
    const SERVICE: Service = Service::Browser;
    const TITLE: &'static str = "the browser";
    const VARIABLES: &'static str = "AGENT_BROWSER";
    const VALUES: &'static str = "browser";
    const ABSENT: &'static str = "no Chromium was found";

    /// The given URL decides: the other URLs are the same address under the other scheme.
    fn external(url: &Secret) -> Result<Browser> {
        let parsed = ServerUrl::parse(Self::SERVICE, url, &["http", "https", "ws", "wss"])?;
        parsed.host()?;
        let text = parsed.url.as_str().trim_end_matches('/').to_owned();
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let secure = matches!(parsed.url.scheme(), "https" | "wss");
        let (ws, http) = if secure { ("wss", "https") } else { ("ws", "http") };
        let port = parsed.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let token = parsed.parameter("token").map(Secret::new);
        Ok(Browser {
            ws_url: Some(format!("{ws}://{rest}")),
            cdp_url: format!("{http}://{rest}"),
            http_url: format!("{http}://{}{port}", parsed.host()?),
            app_host: LOOPBACK.into(),
            alive: token.as_ref().map_or_else(|| VERSION.to_owned(), |token| active(Some(token))),
            token,
        })
    }

    fn at(ports: &InfraPorts) -> Self {
        Self { port: ports.get(InfraPort::Browser), program: None, image: None, open: false }
    }

    async fn resolve(request: &ResolveRequest<'_>) -> Result<Self> {
        let open = request.settings.browser_token == Some(false);
        let mut own = Self { image: request.image::<Self>(), open, ..Self::at(&request.settings.ports) };
        if request.common.engine == Engine::Native && !own.complete(Engine::Native) {
            request.events.note("infra", "no Chromium on PATH: agents have no browser");
        }
        Ok(own)
    }

    fn complete(&mut self, engine: Engine) -> bool {
        if engine == Engine::Native && self.program.is_none() {
            self.program = chromium::find();
            return self.program.is_some();
        }
        false
    }

    fn drift(&self, settings: &InfraSettings) -> Vec<Difference> {
        let word = |asks: bool| if asks { "asked for" } else { "not asked for" }.to_owned();
        let wished = settings.browser_token.filter(|wished| *wished == self.open);
        let differs =
            |wished| Difference { what: "browser.token".into(), there: word(!self.open), wished: word(wished) };
        wished.map(differs).into_iter().collect()
    }

    fn ports(&self, _engine: Engine) -> Vec<(InfraPort, u16)> {
        vec![(InfraPort::Browser, self.port)]
    }

    fn runs(&self, engine: Engine) -> bool {
        engine == Engine::Docker || self.program.is_some()
    }

    fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    fn version(&self) -> Option<String> {
        self.program.as_ref().map(|program| program.display().to_string())
    }

    fn process(&self, home: &Home, common: &Common<'_>, _harness: &Path) -> Option<ProcessSpec> {
        let run = home.infra_dir().join(Self::NAME).join("run");
        let check =
            ProbeCheckSpec::HttpGet { host: Some(LOOPBACK.to_owned()), port: self.port, path: VERSION.to_owned() };
        let command = chromium::command(self.program.as_ref()?, self.port, &run.join("profile"));
        Some(ProcessSpec {
            environment: variables(&[("HOME", &text(&run))]),
            run_as: run_as(common.service_user),
            readiness_probe: Some(readiness(check)),
            liveness_probe: Some(self.liveness().probe()),
            ..process(command, run, vec![self.port])
        })
    }

    async fn prepare(&mut self, home: &Home, common: &Common<'_>, _events: &Events) -> Result<Option<LostCluster>> {
        let directory = directories::of_service(home, Self::NAME, common.service_user)?;
        directories::make_owned(&directory.join("run"), common.service_user)?;
        Ok(None)
    }

    fn compose_variables(&self, _common: &Common<'_>) -> Vec<(&'static str, String)> {
        // in place of the one that every home has
        if self.open { vec![(TOKEN, String::new())] } else { Vec::new() }
    }

    fn compose_credentials(credentials: &Credentials) -> Vec<(&'static str, Login)> {
        vec![(TOKEN, Login::Secret(credentials.browser_token.clone()))]
    }

    fn liveness(&self) -> Liveness {
        Liveness::http(self.port)
    }

    fn address(&self, common: &Common<'_>) -> Browser {
        let http_url = format!("http://{}", address(self.port));
        match common.engine {
            Engine::Native => Browser {
                ws_url: None,
                cdp_url: http_url.clone(),
                http_url,
                app_host: LOOPBACK.to_owned(),
                token: None,
                alive: VERSION.to_owned(),
            },
            // browserless opens a browser for each socket, and loopback in the container is not this machine's
            Engine::Docker => {
                let token = (!self.open).then(|| common.credentials.browser_token.clone());
                let query = token.as_ref().map(|token| format!("?token={}", token.expose())).unwrap_or_default();
                let ws_url = format!("ws://{}{query}", address(self.port));
                Browser {
                    ws_url: Some(ws_url.clone()),
                    cdp_url: ws_url,
                    http_url,
                    app_host: common.docker.gateway.clone().unwrap_or_else(|| "host.docker.internal".to_owned()),
                    alive: active(token.as_ref()),
                    token,
                }
            }
        }
    }

    /// `host`, `port`, `cdp_url` for the protocol of the developer tools, `http_url` for its HTTP API, `app_host`, the
    /// name by which it reaches the agent's application; for an agent `ws_url`, for Playwright and Puppeteer over
    /// WebSocket. Chromium has another `ws_url` after each start: a template must not be built with it.
    fn template_values(browser: &Browser, request: &ValuesRequest) -> Option<ServerValues> {
        let (host, port) = host_and_port(&browser.http_url);
        let mut values = ServerValues::from([
            ("host", host.into()),
            ("port", port.into()),
            ("cdp_url", browser.cdp_url.clone().into()),
            ("http_url", browser.http_url.clone().into()),
            ("app_host", browser.app_host.clone().into()),
        ]);
        if request.agent.is_some() {
            let ws_url = browser.ws_url.clone().unwrap_or_else(|| browser.cdp_url.clone());
            values.insert("ws_url", ws_url.into());
        }
        Some(values)
    }

    /// A Chromium alone knows its debugging socket. The socket of another browser is part of its URL.
    async fn look_up(browser: &mut Browser) {
        if browser.ws_url.is_none() {
            browser.ws_url = chromium::ws_url(&browser.http_url).await;
        }
    }

    /// Plain HTTP; of a browser behind TLS only whether it listens.
    async fn probe(address: &Browser) -> Result<(), String> {
        if let Some(authority) = address.http_url.strip_prefix("https://") {
            let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:443") };
            return TcpStream::connect(authority).await.map(drop).map_err(|error| error.to_string());
        }
        http::get(&address.http_url, &address.alive).await.map(drop)
    }
}

/// Browserless answers this at once, where [`VERSION`] starts a browser.
fn active(token: Option<&Secret>) -> String {
    token.map_or_else(|| "/active".to_owned(), |token| format!("/active?token={}", token.expose()))
}

/// Of `http://127.0.0.1:13001/`.
fn host_and_port(url: &str) -> (String, u16) {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "80"));
    (host.to_owned(), port.parse().unwrap_or(80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_url_is_given_under_both_schemes() {
        let external = |url: &str| BrowserRecord::external(&Secret::new(url)).unwrap();
        let found = external("ws://127.0.0.1:3000/chromium?token=t");
        assert_eq!(found.ws_url.as_deref(), Some("ws://127.0.0.1:3000/chromium?token=t"));
        assert_eq!(found.cdp_url, "http://127.0.0.1:3000/chromium?token=t");
        assert_eq!((found.http_url.as_str(), found.token.unwrap().expose()), ("http://127.0.0.1:3000", "t"));
        assert_eq!(external("wss://b.example").http_url, "https://b.example");
    }

    #[test]
    fn an_error_names_the_table_and_never_the_password() {
        let message = BrowserRecord::external(&Secret::new("hunter2")).unwrap_err().to_string();
        assert!(message.contains("[infra.browser]") && !message.contains("hunter2"), "{message}");
    }
}
