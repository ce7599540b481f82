//! `[infra]`: the shared servers as this project wishes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use crate::report::{Durability, EngineChoice};

/// `[infra]`.
#[derive(Debug, Clone, PartialEq)]
pub struct InfraSettings {
    /// `engine`: what the user wishes.
    pub engine: EngineChoice,
    /// `compose_project`, default `agent-infra`.
    pub compose_project: String,
    /// `compose`: the absolute path of a compose file with further services.
    pub compose: Option<PathBuf>,
    /// `[infra.postgres]`.
    pub postgres: PostgresSettings,
    /// `[infra.s3]`.
    pub s3: ServiceSettings,
    /// `[infra.browser]`.
    pub browser: ServiceSettings,
    /// `[infra.mail]`.
    pub mail: ServiceSettings,
    /// Host ports after environment, `.env.agent-harness`, `harness.toml` and defaults.
    pub ports: InfraPorts,
    /// Where each host port comes from, in the order of [`InfraPort::ALL`].
    pub port_sources: [PortSource; 6],
}

/// Host ports of the infra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfraPorts {
    /// `AGENT_DB_PORT`, 15432.
    pub postgres: u16,
    /// `AGENT_MINIO_PORT`, 19000.
    pub s3: u16,
    /// `AGENT_MINIO_CONSOLE_PORT`, 19001.
    pub s3_console: u16,
    /// `AGENT_BROWSER_PORT`, 13001.
    pub browser: u16,
    /// `AGENT_MAILPIT_SMTP_PORT`, 11025.
    pub smtp: u16,
    /// `AGENT_MAILPIT_WEB_PORT`, 18025.
    pub mail_web: u16,
}

/// One shared service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSettings {
    /// `image` of the docker engine.
    pub image: Option<String>,
    /// `memory` limit of the docker engine, in bytes.
    pub memory: Option<u64>,
    /// `disabled = true`: not started, its variables are absent from the context.
    pub disabled: bool,
    /// `url` of an external server.
    pub url: Option<String>,
}

/// `[infra.postgres]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostgresSettings {
    /// What every service has.
    pub service: ServiceSettings,
    /// `bin_dir`: where the native engine finds `postgres` and `initdb`.
    pub bin_dir: Option<PathBuf>,
    /// `durability`.
    pub durability: Durability,
    /// `settings`: further server settings, by name.
    pub settings: BTreeMap<String, String>,
}

/// One host port of the infra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InfraPort {
    /// The database server.
    Postgres,
    /// The S3 API.
    S3,
    /// The S3 console.
    S3Console,
    /// The browser.
    Browser,
    /// Mail in.
    Smtp,
    /// The mail API and page.
    MailWeb,
}

impl InfraPort {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 6] = [Self::Postgres, Self::S3, Self::S3Console, Self::Browser, Self::Smtp, Self::MailWeb];

    /// The environment variable that changes it.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "AGENT_DB_PORT",
            Self::S3 => "AGENT_MINIO_PORT",
            Self::S3Console => "AGENT_MINIO_CONSOLE_PORT",
            Self::Browser => "AGENT_BROWSER_PORT",
            Self::Smtp => "AGENT_MAILPIT_SMTP_PORT",
            Self::MailWeb => "AGENT_MAILPIT_WEB_PORT",
        }
    }

    /// Its key in `harness.toml`, below `[infra]`.
    pub fn key(self) -> [&'static str; 2] {
        match self {
            Self::Postgres => ["postgres", "port"],
            Self::S3 => ["s3", "port"],
            Self::S3Console => ["s3", "console_port"],
            Self::Browser => ["browser", "port"],
            Self::Smtp => ["mail", "smtp_port"],
            Self::MailWeb => ["mail", "web_port"],
        }
    }

    /// What a message calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::S3 => "s3",
            Self::S3Console => "s3 console",
            Self::Browser => "browser",
            Self::Smtp => "smtp",
            Self::MailWeb => "mail web",
        }
    }
}

impl InfraPorts {
    /// The ports of a machine that asks for no others.
    pub const DEFAULT: Self =
        Self { postgres: 15432, s3: 19000, s3_console: 19001, browser: 13001, smtp: 11025, mail_web: 18025 };

    /// The number of one port.
    pub fn get(&self, port: InfraPort) -> u16 {
        match port {
            InfraPort::Postgres => self.postgres,
            InfraPort::S3 => self.s3,
            InfraPort::S3Console => self.s3_console,
            InfraPort::Browser => self.browser,
            InfraPort::Smtp => self.smtp,
            InfraPort::MailWeb => self.mail_web,
        }
    }

    /// Changes one port.
    pub fn set(&mut self, port: InfraPort, number: u16) {
        *match port {
            InfraPort::Postgres => &mut self.postgres,
            InfraPort::S3 => &mut self.s3,
            InfraPort::S3Console => &mut self.s3_console,
            InfraPort::Browser => &mut self.browser,
            InfraPort::Smtp => &mut self.smtp,
            InfraPort::MailWeb => &mut self.mail_web,
        } = number;
    }
}

/// Who decided a port.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PortSource {
    /// The variable of that name, in the environment.
    Environment(&'static str),
    /// The variable of that name, in a file `.env.agent-harness`.
    File(&'static str, PathBuf),
    /// `harness.toml` or its overlay.
    Configuration(PathBuf),
    /// harness itself.
    #[default]
    Default,
}
