//! What PostgreSQL is on each engine, and how it is asked and reached.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::choice::{self, BinariesWish};
use super::cluster::Cluster;
use super::record::{PostgresRecord, word};
use super::{binaries, server_config};
use crate::infra::credentials::Credentials;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::infra::lost_cluster::LostCluster;
use crate::infra::servers::liveness::Liveness;
use crate::infra::servers::process::{LOOPBACK, process, readiness, run_as, text};
use crate::infra::servers::server::{Common, Difference, Login, ResolveRequest, Server, ValuesRequest};
use crate::infra::servers::url::ServerUrl;
use crate::postgres::{self, Access, Admin, Patience};
use crate::project::{Durability, InfraPort, InfraPorts, InfraSettings, Service};
use crate::render::ServerValues;
use crate::report::{Engine, Events};
use crate::supervisor::{ProbeCheckSpec, ProcessSpec, StopSpec};
use crate::system::{Home, Secret, with_causes};

impl Server for PostgresRecord {
    type Address = postgres::Server;

    const NAME: &'static str = "db";
    const SERVICE: Service = Service::Postgres;
    const TITLE: &'static str = "PostgreSQL";
    const VARIABLES: &'static str = "AGENT_DB";
    const VALUES: &'static str = "database";

    fn external(url: &Secret) -> Result<postgres::Server> {
        let url = ServerUrl::parse(Self::SERVICE, url, &["postgres", "postgresql"])?;
        for (name, value) in url.url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "disable" | "allow" | "prefer") => {}
                ("sslmode", _) => {
                    return Err(url.wrong(
                        "`sslmode` requires TLS, which harness does not speak to an external server of agents: reach it \
                         over a private network or a tunnel, such as stunnel or `ssh -L`, with `sslmode=disable`",
                    ));
                }
                (name, _) => return Err(url.wrong(&format!("its parameter `{name}` is not supported"))),
            }
        }
        let password = Secret::new(url.decoded(url.url.password().unwrap_or_default())?);
        let user = url.decoded(url.url.username())?;
        if user.is_empty() {
            return Err(url.wrong("it has no user"));
        }
        let database = url.decoded(url.url.path().trim_start_matches('/'))?;
        let database = if database.is_empty() { "postgres".to_owned() } else { database };
        // `[::1]` is how a URL writes the address `::1`
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        Ok(postgres::Server {
            host,
            port: url.url.port().unwrap_or(5432),
            user,
            password,
            database,
            access: Access::EXTERNAL,
        })
    }

    fn at(ports: &InfraPorts) -> Self {
        Self {
            port: ports.get(InfraPort::Postgres),
            durability: Durability::default(),
            settings: BTreeMap::new(),
            system_identifier: None,
            binaries: None,
            image: None,
        }
    }

    async fn resolve(request: &ResolveRequest<'_>) -> Result<Self> {
        let ResolveRequest { home, settings, extensions, common, events, .. } = request;
        server_config::check(&settings.postgres.settings)?;
        let binaries = match common.engine {
            Engine::Native => {
                let wish = BinariesWish::of(&settings.postgres)?;
                Some(choice::choose(home, &wish, extensions, common.service_user, events).await?)
            }
            Engine::Docker => None,
        };
        Ok(Self {
            durability: settings.postgres.durability,
            settings: settings.postgres.settings.clone(),
            binaries,
            image: request.image::<Self>(),
            ..Self::at(&settings.ports)
        })
    }

    fn drift(&self, settings: &InfraSettings) -> Vec<Difference> {
        let wish = &settings.postgres;
        let mut drift = Vec::new();
        let mut differs = |what: String, there: String, wished: String| drift.push(Difference { what, there, wished });
        if self.durability != wish.durability {
            differs("durability".into(), word(self.durability).into(), word(wish.durability).into());
        }
        for (name, value) in wish.settings.iter().filter(|(name, value)| self.settings.get(*name) != Some(value)) {
            let there = self.settings.get(name).map(String::as_str).or_else(|| server_config::default_of(name));
            if there == Some(value.as_str()) {
                // harness sets this value by default
                continue;
            }
            let there = there.unwrap_or("not set");
            differs(format!("postgres.settings.{name}"), there.to_owned(), value.clone());
        }
        if let (Some(binaries), Ok(BinariesWish::Directory(wished))) = (&self.binaries, BinariesWish::of(wish))
            && binaries.bin_dir != wished
        {
            differs("postgres.bin_dir".into(), text(&binaries.bin_dir), text(&wished));
        }
        drift
    }

    fn ports(&self, _engine: Engine) -> Vec<(InfraPort, u16)> {
        vec![(InfraPort::Postgres, self.port)]
    }

    fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    fn version(&self) -> Option<String> {
        Some(format!("PostgreSQL {}", self.binaries.as_ref()?.version))
    }

    fn choice(&self) -> Option<String> {
        let binaries = self.binaries.as_ref()?;
        Some(format!("PostgreSQL {} in {}: {}", binaries.version, binaries.bin_dir.display(), binaries.reason))
    }

    fn programs(&self) -> Option<PathBuf> {
        Some(self.binaries.as_ref()?.bin_dir.clone())
    }

    fn process(&self, home: &Home, common: &Common<'_>, _harness: &Path) -> Option<ProcessSpec> {
        let program = self.binaries.as_ref()?.bin_dir.join("postgres");
        let command = vec![text(&program), "-D".to_owned(), text(&Self::data_dir(home))];
        let check = ProbeCheckSpec::TcpConnect { host: Some(LOOPBACK.to_owned()), port: self.port };
        Some(ProcessSpec {
            // SIGTERM would wait for the sessions to end by themselves
            shutdown: StopSpec { signal: "SIGINT".to_owned(), timeout_seconds: 60.0 },
            run_as: run_as(common.service_user),
            readiness_probe: Some(readiness(check)),
            liveness_probe: Some(self.liveness().probe()),
            ..process(command, home.infra_dir().join(Self::NAME), vec![self.port])
        })
    }

    async fn prepare(&mut self, home: &Home, common: &Common<'_>, events: &Events) -> Result<Option<LostCluster>> {
        let user = common.service_user;
        let Some(recorded) = self.binaries.clone() else { return Ok(None) };
        let binaries = match binaries::inspect(&recorded.bin_dir, user).await {
            Ok(found) if found.major == recorded.major => recorded,
            // removed or replaced since: another one of the same major version will do
            _ => choice::choose(home, &BinariesWish::Auto, &[], user, events).await?,
        };
        self.binaries = Some(binaries.clone());
        let credentials = common.credentials;
        let cluster = Cluster { home, record: self, credentials, binaries: &binaries, user, events };
        let lost = cluster.prepare().await?;
        if lost.is_some() {
            self.system_identifier = None;
        }
        Ok(lost)
    }

    /// Under `fast` PostgreSQL does not wait for the disk: a machine that is switched off next must find it all.
    fn flush(&self, home: &Home) {
        if self.durability == Durability::Fast
            && let Ok(data) = std::fs::File::open(Self::data_dir(home))
        {
            let _ = rustix::fs::syncfs(&data);
        }
    }

    fn compose_variables(&self, common: &Common<'_>) -> Vec<(&'static str, String)> {
        let fsync = if self.durability == Durability::Safe { "on" } else { "off" };
        let mut variables = vec![("AGENT_DB_FSYNC", fsync.to_owned())];
        if let Some(major) = common.docker.postgres_major.filter(|major| *major < 18) {
            // the builtin provider came with 17, the data directory moved up with 18
            let provider = if major == 17 { "--locale-provider=builtin " } else { "" };
            variables.push(("AGENT_DB_INITDB_ARGS", format!("--encoding=UTF8 {provider}--locale=C.UTF-8")));
            variables.push(("AGENT_DB_DATA", "/var/lib/postgresql/data".to_owned()));
        }
        variables
    }

    fn compose_arguments(&self) -> Vec<String> {
        let settings = server_config::with_replication(&self.settings);
        settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]).collect()
    }

    fn compose_credentials(credentials: &Credentials) -> Vec<(&'static str, Login)> {
        vec![
            ("AGENT_DB_USER", Login::Name(credentials.postgres_user.clone())),
            ("AGENT_DB_PASSWORD", Login::Secret(credentials.postgres_password.clone())),
        ]
    }

    fn liveness(&self) -> Liveness {
        Liveness::postgres(self.port)
    }

    fn address(&self, common: &Common<'_>) -> postgres::Server {
        let Credentials { postgres_user, postgres_password, .. } = common.credentials;
        postgres::Server::local(self.port, postgres_user, postgres_password.clone())
    }

    /// `host`, `port`, `name`, `user`, `password` and `url` of one database: the agent's own, or the template that is
    /// being built.
    fn template_values(_server: &postgres::Server, request: &ValuesRequest) -> Option<ServerValues> {
        let login = request.database.as_ref()?;
        let mut values = ServerValues::from([
            ("host", login.host.clone().into()),
            ("port", login.port.into()),
            ("name", login.database.clone().into()),
            ("user", login.user.clone().into()),
            ("password", login.password.clone().into()),
            ("url", Secret::new(login.url()).into()),
        ]);
        if let Some(sockets) = &request.sockets {
            values.insert("socket_dir", text(sockets).into());
            values.insert("socket_url", Secret::new(login.socket_url(sockets)).into());
        }
        Some(values)
    }

    async fn probe(address: &postgres::Server) -> Result<(), String> {
        match Admin::connect(&address.clone().with_patience(Patience::LOOKING)).await {
            Ok(admin) => admin.system_identifier().await.map(drop).map_err(|error| with_causes(&error)),
            // a wrong password does not become right by waiting: it answers, and `welcome` reports the refusal
            Err(error) if error.is_final() => Ok(()),
            Err(error) => Err(with_causes(&error)),
        }
    }

    async fn welcome(hosting: &mut Hosting<Self>, address: &postgres::Server) -> Result<()> {
        postgres::prepare(address).await?;
        if let Some(own) = hosting.own_mut() {
            own.system_identifier = Some(Admin::connect(address).await?.system_identifier().await?);
        }
        Ok(())
    }

    fn is_welcomed(&self) -> bool {
        self.system_identifier.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external(url: &str) -> Result<postgres::Server> {
        PostgresRecord::external(&Secret::new(url))
    }

    #[test]
    fn an_external_url_is_an_admin_login() {
        let server = external("postgres://ad%40min:p%2Fw@db.example:6432/maintenance").unwrap();
        assert_eq!((server.host.as_str(), server.port, server.user.as_str()), ("db.example", 6432, "ad@min"));
        assert_eq!((server.password.expose(), server.database.as_str()), ("p/w", "maintenance"));
        assert_eq!(external("postgres://a:b@[::1]").unwrap().host, "::1");
    }

    #[test]
    fn an_error_names_the_table_and_never_the_password() {
        for url in [
            "mysql://root:hunter2@host",
            "postgres://root:hunter2@host?sslmode=require",
            "postgres://root:hunter2@host?options=-c",
        ] {
            let message = external(url).unwrap_err().to_string();
            assert!(message.contains("[infra.postgres]") && !message.contains("hunter2"), "{message}");
        }
    }
}
