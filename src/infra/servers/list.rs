//! Which shared servers there are. A further one has its entries in this file: the enum, its name, and a field
//! of [`Hostings`] and of [`Servers`].

use serde::{Deserialize, Serialize};

use super::browser::{Browser, BrowserRecord};
use super::hosted::{Hosted, address};
use super::mail::{Mail, MailRecord};
use super::postgres::PostgresRecord;
use super::s3::S3Record;
use super::server::{Common, Server};
use crate::bucket::S3Endpoint;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::postgres;
use crate::project::InfraSettings;

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

/// How each server of a home is provided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hostings {
    /// PostgreSQL.
    pub postgres: Hosting<PostgresRecord>,
    /// The S3 server.
    pub s3: Hosting<S3Record>,
    /// The mail catcher.
    pub mail: Hosting<MailRecord>,
    /// The browser.
    pub browser: Hosting<BrowserRecord>,
}

/// How each server of a home is reached; `None` for one that is disabled or was not found.
#[derive(Debug, Clone)]
pub struct Servers {
    /// PostgreSQL, as its administrator.
    pub postgres: Option<postgres::Server>,
    /// S3, as its administrator.
    pub s3: Option<S3Endpoint>,
    /// The mail catcher.
    pub mail: Option<Mail>,
    /// The browser.
    pub browser: Option<Browser>,
}

impl Service {
    /// All of them, in the order in which they are listed everywhere.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::S3, Self::Mail, Self::Browser];

    /// The name of its service in the compose file, its process, and its directory in `infra/`: `db`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => PostgresRecord::NAME,
            Self::S3 => S3Record::NAME,
            Self::Mail => MailRecord::NAME,
            Self::Browser => BrowserRecord::NAME,
        }
    }

    /// The one of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

impl Hostings {
    /// Those of a home that no project has asked for anything yet.
    pub(in crate::infra) fn none() -> Self {
        Self { postgres: Hosting::Disabled, s3: Hosting::Disabled, mail: Hosting::Disabled, browser: Hosting::Disabled }
    }

    /// Each, in the order of [`Service::ALL`].
    pub(in crate::infra) fn all(&self) -> [&dyn Hosted; 4] {
        [&self.postgres, &self.s3, &self.mail, &self.browser]
    }

    /// The same, to change.
    pub(in crate::infra) fn all_mut(&mut self) -> [&mut dyn Hosted; 4] {
        [&mut self.postgres, &mut self.s3, &mut self.mail, &mut self.browser]
    }

    /// One of them.
    pub(in crate::infra) fn get(&self, service: Service) -> &dyn Hosted {
        self.all()[service as usize]
    }

    /// The same, to change.
    pub(in crate::infra) fn get_mut(&mut self, service: Service) -> &mut dyn Hosted {
        let [postgres, s3, mail, browser] = self.all_mut();
        match service {
            Service::Postgres => postgres,
            Service::S3 => s3,
            Service::Mail => mail,
            Service::Browser => browser,
        }
    }
}

impl Servers {
    /// Those that a record describes.
    pub(in crate::infra) fn of(hostings: &Hostings, common: &Common<'_>) -> Result<Self> {
        Ok(Self {
            postgres: address(&hostings.postgres, common)?,
            s3: address(&hostings.s3, common)?,
            mail: address(&hostings.mail, common)?,
            browser: address(&hostings.browser, common)?,
        })
    }

    /// The same as one project sees them: without what it has disabled.
    pub(in crate::infra) fn seen_by(self, settings: &InfraSettings) -> Self {
        fn visible<T: Server>(address: Option<T::Address>, settings: &InfraSettings) -> Option<T::Address> {
            address.filter(|_| !T::settings(settings).disabled)
        }
        Self {
            postgres: visible::<PostgresRecord>(self.postgres, settings),
            s3: visible::<S3Record>(self.s3, settings),
            mail: visible::<MailRecord>(self.mail, settings),
            browser: visible::<BrowserRecord>(self.browser, settings),
        }
    }
}
