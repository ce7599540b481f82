//! `[infra]`. Each server has a type of its own, though most keys are the same: a key that a server does not have is an
//! error (`deny_unknown_fields` excludes `flatten`), and editors show what each key means for that server.
//! [`Infra::section`] is the only other place here that names them.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::model::{InfraPort, Service};
use super::{MemoryValue, Ordered, Scalar};

/// The servers that all agents of this machine share. They belong to the machine: the first `harness setup` fixes
/// engine, images and ports, whatever another project wishes later.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Infra {
    /// What runs them.
    pub(crate) engine: Option<Engine>,
    /// The name that `docker compose -p` knows them by; default `agent-infra`.
    pub(crate) compose_project: Option<String>,
    /// A compose file whose services run beside these on the docker engine.
    pub(crate) compose: Option<PathBuf>,
    /// PostgreSQL.
    #[serde(default)]
    pub(crate) postgres: Postgres,
    /// The S3 server.
    #[serde(default)]
    pub(crate) s3: S3,
    /// The headless browser.
    #[serde(default)]
    pub(crate) browser: Browser,
    /// The mail catcher.
    #[serde(default)]
    pub(crate) mail: Mail,
}

/// What the table of any server says.
pub(crate) struct Section<'a> {
    pub(crate) image: Option<&'a String>,
    pub(crate) memory: Option<&'a MemoryValue>,
    pub(crate) disabled: bool,
    pub(crate) url: Option<&'a String>,
    pub(crate) ports: Vec<(InfraPort, Option<u16>)>,
}

macro_rules! section {
    ($table:expr, $($port:ident = $key:ident),+) => {
        Section {
            image: $table.image.as_ref(),
            memory: $table.memory.as_ref(),
            disabled: $table.disabled,
            url: $table.url.as_ref(),
            ports: vec![$((InfraPort::$port, $table.$key)),+],
        }
    };
}

impl Infra {
    /// The table of one server.
    pub(crate) fn section(&self, service: Service) -> Section<'_> {
        match service {
            Service::Postgres => section!(self.postgres, Postgres = port),
            Service::S3 => section!(self.s3, S3 = port, S3Console = console_port),
            Service::Mail => section!(self.mail, Smtp = smtp_port, MailWeb = web_port),
            Service::Browser => section!(self.browser, Browser = port),
        }
    }
}

/// What runs the shared servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Engine {
    /// Docker if a daemon answers and every image is present or can be pulled, else native.
    Auto,
    /// Containers.
    Docker,
    /// Processes of this machine.
    Native,
}

/// PostgreSQL.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Postgres {
    /// Image of the docker engine.
    pub(crate) image: Option<String>,
    /// Port on the host; default 15432.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// Memory limit of the docker engine.
    pub(crate) memory: Option<MemoryValue>,
    /// True when this project needs no such server.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// A server that runs already: `postgres://admin:password@host:5432`. The admin needs CREATEDB and CREATEROLE.
    pub(crate) url: Option<String>,
    /// Where the native engine finds `postgres` and `initdb`.
    pub(crate) bin_dir: Option<PathBuf>,
    /// How much a crash of the machine may cost.
    pub(crate) durability: Option<Durability>,
    /// Further server settings: `{ shared_buffers = "512MB" }`.
    #[serde(default)]
    pub(crate) settings: Ordered<Scalar>,
}

/// How much a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Durability {
    /// Everything: databases are rebuilt. The default, and several times faster.
    Fast,
    /// Nothing that was committed.
    Safe,
}

/// The S3 server.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct S3 {
    /// Image of the docker engine.
    pub(crate) image: Option<String>,
    /// Port of the API on the host; default 19000.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// Port of the console on the host; default 19001.
    #[schemars(range(min = 1))]
    pub(crate) console_port: Option<u16>,
    /// Memory limit of the docker engine.
    pub(crate) memory: Option<MemoryValue>,
    /// True when this project needs no such server.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// A server that runs already, with its admin: `http://access:secret@host:9000`.
    pub(crate) url: Option<String>,
}

/// The headless browser.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Browser {
    /// Image of the docker engine.
    pub(crate) image: Option<String>,
    /// Port on the host; default 13001.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// Memory limit of the docker engine.
    pub(crate) memory: Option<MemoryValue>,
    /// True when this project needs no browser.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// False: the browser of the docker engine asks for no token and is reached as `ws://HOST:PORT`, which some programs
    /// build themselves. Every program of this machine can then drive it and read what is open in it. A Chromium of the
    /// native engine never asks for one.
    pub(crate) token: Option<bool>,
    /// A browser that runs already: `ws://host:3000?token=…`.
    pub(crate) url: Option<String>,
}

/// The mail catcher.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Mail {
    /// Image of the docker engine.
    pub(crate) image: Option<String>,
    /// Port for SMTP on the host; default 11025.
    #[schemars(range(min = 1))]
    pub(crate) smtp_port: Option<u16>,
    /// Port of the page and API on the host; default 18025.
    #[schemars(range(min = 1))]
    pub(crate) web_port: Option<u16>,
    /// Memory limit of the docker engine.
    pub(crate) memory: Option<MemoryValue>,
    /// True when this project sends no mail.
    #[serde(default)]
    pub(crate) disabled: bool,
    /// A mailpit that runs already: `http://host:8025`.
    pub(crate) url: Option<String>,
}
