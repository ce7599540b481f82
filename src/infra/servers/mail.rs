//! The mail catcher: `mailpit` where it is installed, else harness's own; mailpit in a container.
//!
//! All agents share one mailbox. A message carries the name of the SMTP user that sent it as its tag: `agent-3`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::liveness::Liveness;
use super::process::{LOOPBACK, address, option, process, readiness, run_as, text, variables};
use super::server::{Common, ResolveRequest, Server, ValuesRequest};
use super::url::ServerUrl;
use super::{directories, http};
use crate::infra::error::{Error, Result};
use crate::infra::lost_cluster::LostCluster;
use crate::project::{InfraPort, InfraPorts, Service};
use crate::render::ServerValues;
use crate::report::{Engine, Events};
use crate::supervisor::{ProbeCheckSpec, ProcessSpec};
use crate::system::{Deadline, Home, Secret};

/// Messages that the mail catcher keeps, on every engine.
const MAX_MESSAGES: u32 = 5000;

/// How long an answer may take, together with a restart of the server; a command that only reads asks one question.
const LOOKING: Duration = Duration::from_millis(2500);
/// The same of a deletion.
const DELETING: Duration = Duration::from_secs(10);

/// The home's mail catcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailRecord {
    /// Host port of SMTP.
    pub smtp_port: u16,
    /// Host port of page and API.
    pub web_port: u16,
    /// The `mailpit` program; `None` is the embedded server.
    pub program: Option<PathBuf>,
    /// The image of the docker engine.
    pub image: Option<String>,
}

/// How the mail catcher is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Host of SMTP.
    pub smtp_host: String,
    /// Port of SMTP.
    pub smtp_port: u16,
    /// Page and API, without a slash at the end.
    pub web_url: String,
}

impl Mail {
    /// How many messages carry exactly this tag.
    ///
    /// # Errors
    /// The server does not answer, or not as mailpit does.
    pub async fn count_tag(&self, tag: &str) -> Result<u64> {
        let found = self.ask(Method::GET, &format!("/api/v1/search?query=tag:{tag}&limit=1")).await?;
        let document: Option<serde_json::Value> = serde_json::from_str(&found).ok();
        document.and_then(|document| document["messages_count"].as_u64()).ok_or_else(|| Error::Refused {
            service: MailRecord::NAME,
            reason: "its search result has no `messages_count`".to_owned(),
        })
    }

    /// Deletes all mail with exactly this tag; returns how many messages there were.
    ///
    /// # Errors
    /// The server does not answer, or not as mailpit does.
    pub async fn delete_tag(&self, tag: &str) -> Result<u64> {
        let count = self.count_tag(tag).await?;
        if count > 0 {
            self.ask(Method::DELETE, &format!("/api/v1/search?query=tag:{tag}")).await?;
        }
        Ok(count)
    }

    /// Asks again for a moment where the connection is refused or breaks: a server that died is back within a second.
    async fn ask(&self, method: Method, path: &str) -> Result<String> {
        let limit = if method == Method::GET { LOOKING } else { DELETING };
        let deadline = Deadline::after("the mail server", limit);
        loop {
            let answer = deadline.run(http::request(method.clone(), &self.web_url, path)).await;
            match answer.unwrap_or_else(|late| Err(late.to_string())) {
                Ok(body) => return Ok(body),
                Err(_) if !deadline.passed() => deadline.pause(Duration::from_millis(50)).await,
                Err(reason) => return Err(Error::Refused { service: MailRecord::NAME, reason }),
            }
        }
    }
}

impl Server for MailRecord {
    type Address = Mail;

    const NAME: &'static str = "mailpit";
    const SERVICE: Service = Service::Mail;
    const TITLE: &'static str = "mail";
    const VARIABLES: &'static str = "AGENT_MAILPIT";
    const VALUES: &'static str = "mail";

    fn external(url: &Secret) -> Result<Mail> {
        let url = ServerUrl::parse(Self::SERVICE, url, &["smtp"])?;
        let smtp_host = url.host()?;
        let web_url = url.parameter("web").unwrap_or_else(|| format!("http://{smtp_host}:8025"));
        if !web_url.starts_with("http://") {
            return Err(url.wrong("`web` does not begin with `http://`"));
        }
        let web_url = web_url.trim_end_matches('/').to_owned();
        Ok(Mail { smtp_port: url.url.port().unwrap_or(1025), smtp_host, web_url })
    }

    fn at(ports: &InfraPorts) -> Self {
        let (smtp_port, web_port) = (ports.get(InfraPort::Smtp), ports.get(InfraPort::MailWeb));
        Self { smtp_port, web_port, program: None, image: None }
    }

    async fn resolve(request: &ResolveRequest<'_>) -> Result<Self> {
        let at = Self::at(&request.settings.ports);
        Ok(Self { program: find_mailpit(), image: request.image::<Self>(), ..at })
    }

    fn ports(&self, _engine: Engine) -> Vec<(InfraPort, u16)> {
        vec![(InfraPort::Smtp, self.smtp_port), (InfraPort::MailWeb, self.web_port)]
    }

    fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    fn version(&self) -> Option<String> {
        Some(self.program.as_ref().map_or_else(|| "embedded".to_owned(), |program| program.display().to_string()))
    }

    fn process(&self, home: &Home, common: &Common<'_>, harness: &Path) -> Option<ProcessSpec> {
        let directory = home.infra_dir().join(Self::NAME);
        let check = ProbeCheckSpec::HttpGet {
            host: Some(LOOPBACK.to_owned()),
            port: self.web_port,
            path: "/readyz".to_owned(),
        };
        let ports = vec![self.smtp_port, self.web_port];
        let (smtp, web) = (address(self.smtp_port), address(self.web_port));
        let spec = if let Some(program) = &self.program {
            ProcessSpec {
                environment: variables(&[
                    ("MP_SMTP_BIND_ADDR", &smtp),
                    ("MP_UI_BIND_ADDR", &web),
                    ("MP_DATABASE", &text(&directory.join("run/mailpit.db"))),
                    ("MP_MAX_MESSAGES", &MAX_MESSAGES.to_string()),
                    ("MP_SMTP_AUTH_ACCEPT_ANY", "true"),
                    ("MP_SMTP_AUTH_ALLOW_INSECURE", "true"),
                    ("MP_TAGS_USERNAME", "true"),
                    ("MP_DISABLE_VERSION_CHECK", "true"),
                ]),
                run_as: run_as(common.service_user),
                ..process(vec![text(program)], directory, ports)
            }
        } else {
            let mut command = vec![text(harness), "__mail".to_owned()];
            command.extend(option("--smtp", &smtp));
            command.extend(option("--http", &web));
            command.extend(option("--data", &text(&directory.join("data"))));
            command.extend(option("--max-messages", &MAX_MESSAGES.to_string()));
            process(command, directory, ports)
        };
        Some(ProcessSpec {
            readiness_probe: Some(readiness(check)),
            liveness_probe: Some(self.liveness().probe()),
            ..spec
        })
    }

    async fn prepare(&mut self, home: &Home, common: &Common<'_>, _events: &Events) -> Result<Option<LostCluster>> {
        let directory = directories::of_service(home, Self::NAME, common.service_user)?;
        match self.program {
            Some(_) => directories::make_owned(&directory.join("run"), common.service_user)?,
            None => directories::make(&directory.join("data"), false)?,
        }
        Ok(None)
    }

    fn liveness(&self) -> Liveness {
        Liveness::smtp(self.smtp_port)
    }

    fn address(&self, _common: &Common<'_>) -> Mail {
        Mail {
            smtp_host: LOOPBACK.to_owned(),
            smtp_port: self.smtp_port,
            web_url: format!("http://{}", address(self.web_port)),
        }
    }

    /// `smtp_host`, `smtp_port`, `web_url`; for an agent `user`, which becomes the tag of its mail, `password` (any
    /// will do), and `search_url`, the API's search for its mail.
    fn template_values(mail: &Mail, request: &ValuesRequest) -> Option<ServerValues> {
        let mut values = ServerValues::from([
            ("smtp_host", mail.smtp_host.clone().into()),
            ("smtp_port", mail.smtp_port.into()),
            ("web_url", mail.web_url.clone().into()),
        ]);
        if let Some(agent) = request.agent {
            let user = agent.bucket();
            let search_url = format!("{}/api/v1/search?query=tag:{user}", mail.web_url);
            values.extend([("user", user.into()), ("password", "any".into()), ("search_url", search_url.into())]);
        }
        Some(values)
    }

    async fn probe(address: &Mail) -> Result<(), String> {
        let greeting = greeting(&address.smtp_host, address.smtp_port).await.map_err(|error| error.to_string())?;
        if !greeting.starts_with("220") {
            return Err(format!("SMTP greets with `{}`", greeting.trim()));
        }
        http::get(&address.web_url, "/readyz").await.map(drop)
    }
}

/// `mailpit`, where it is installed; `HARNESS_MAILPIT` names one elsewhere, or is `none`.
fn find_mailpit() -> Option<PathBuf> {
    match std::env::var("HARNESS_MAILPIT").ok().filter(|value| !value.is_empty()) {
        Some(value) if value == "none" => None,
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => which::which("mailpit").ok(),
    }
}

async fn greeting(host: &str, port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((host, port)).await?;
    let mut buffer = [0; 256];
    let length = stream.read(&mut buffer).await?;
    // without a QUIT some servers log an error
    let _ = stream.write_all(b"QUIT\r\n").await;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_url_names_smtp_and_page() {
        let found = MailRecord::external(&Secret::new("smtp://mail.example")).unwrap();
        assert_eq!((found.smtp_port, found.web_url.as_str()), (1025, "http://mail.example:8025"));
    }

    #[test]
    fn an_error_names_the_table_and_never_the_password() {
        for url in ["smtp:hunter2", "smtp://hunter2:1025?web=https://hunter2"] {
            let message = MailRecord::external(&Secret::new(url)).unwrap_err().to_string();
            assert!(message.contains("[infra.mail]") && !message.contains("hunter2"), "{message}");
        }
    }
}
