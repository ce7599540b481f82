//! Which shared servers there are, and the ports that each opens on the host. A further server is one variant of
//! [`Service`], and one row for each of its ports.
//!
//! Its keys in `harness.toml` are a type of their own (`raw/infra.rs`), because the JSON Schema that editors read is
//! made from that type. What a server is, and how it is run, is stated in `infra/servers`, which this layer does not
//! know.

/// One of the shared servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// PostgreSQL.
    Postgres,
    /// The S3 server.
    S3,
    /// The mail catcher.
    Mail,
    /// Chromium.
    Browser,
}

impl Service {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::S3, Self::Mail, Self::Browser];

    /// Its table in `harness.toml`, below `[infra]`.
    pub fn table(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::S3 => "s3",
            Self::Mail => "mail",
            Self::Browser => "browser",
        }
    }
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

/// What is fixed about one port.
struct Row {
    service: Service,
    key: &'static str,
    variable: &'static str,
    name: &'static str,
    default: u16,
}

impl InfraPort {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 6] = [Self::Postgres, Self::S3, Self::S3Console, Self::Browser, Self::Smtp, Self::MailWeb];

    #[rustfmt::skip] // a table
    const fn row(self) -> Row {
        let (service, key, variable, name, default) = match self {
            Self::Postgres  => (Service::Postgres, "port",         "AGENT_DB_PORT",            "postgres",   15432),
            Self::S3        => (Service::S3,       "port",         "AGENT_MINIO_PORT",         "s3",         19000),
            Self::S3Console => (Service::S3,       "console_port", "AGENT_MINIO_CONSOLE_PORT", "s3 console", 19001),
            Self::Browser   => (Service::Browser,  "port",         "AGENT_BROWSER_PORT",       "browser",    13001),
            Self::Smtp      => (Service::Mail,     "smtp_port",    "AGENT_MAILPIT_SMTP_PORT",  "smtp",       11025),
            Self::MailWeb   => (Service::Mail,     "web_port",     "AGENT_MAILPIT_WEB_PORT",   "mail web",   18025),
        };
        Row { service, key, variable, name, default }
    }

    /// The server that listens there.
    pub fn service(self) -> Service {
        self.row().service
    }

    /// Its key in `harness.toml`, in the table of its server.
    pub fn key(self) -> &'static str {
        self.row().key
    }

    /// The environment variable that changes it.
    pub fn variable(self) -> &'static str {
        self.row().variable
    }

    /// What a message calls it.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// Host ports of the infra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfraPorts([u16; InfraPort::ALL.len()]);

impl InfraPorts {
    /// The ports of a machine that asks for no others.
    pub const DEFAULT: Self = {
        let mut ports = [0; InfraPort::ALL.len()];
        let mut index = 0;
        while index < ports.len() {
            ports[index] = InfraPort::ALL[index].row().default;
            index += 1;
        }
        Self(ports)
    };

    /// The number of one port.
    pub fn get(&self, port: InfraPort) -> u16 {
        self.0[port as usize]
    }

    /// Changes one port.
    pub fn set(&mut self, port: InfraPort, number: u16) {
        self.0[port as usize] = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_in_the_order_of_the_variants() {
        assert!(Service::ALL.iter().enumerate().all(|(index, service)| *service as usize == index));
        assert!(InfraPort::ALL.iter().enumerate().all(|(index, port)| *port as usize == index));
    }
}
