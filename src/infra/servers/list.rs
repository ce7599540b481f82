//! Which shared servers there are: a further one is one row of `shared_servers`, in the order of [`Service::ALL`]. What
//! the configuration says of it is stated in `project`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::browser::{Browser, BrowserRecord};
use super::hosted::{Hosted, address};
use super::mail::{Mail, MailRecord};
use super::postgres::PostgresRecord;
use super::s3::S3Record;
use super::server::{Common, Server, ValuesRequest};
use crate::bucket::S3Endpoint;
use crate::infra::credentials::Credentials;
use crate::infra::docker_record::DockerRecord;
use crate::infra::error::Result;
use crate::infra::hosting::Hosting;
use crate::postgres;
use crate::project::{InfraPorts, InfraSettings, Service};
use crate::render::ServerValues;
use crate::report::Engine;

macro_rules! shared_servers {
    ($($(#[$doc:meta])* $service:ident, $field:ident: $record:ty => $address:ty;)+) => {
        /// How each server of a home is provided. One that the record of an older version does not know is disabled.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct Hostings {
            $($(#[$doc])* #[serde(default)] pub $field: Hosting<$record>,)+
        }

        /// How each server of a home is reached; `None` for one that is disabled or was not found.
        #[derive(Debug, Clone)]
        pub struct Servers {
            $($(#[$doc])* pub $field: Option<$address>,)+
        }

        impl Service {
            /// The name of its service in the compose file, its process, and its directory in `infra/`: `db`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$service => <$record>::NAME,)+
                }
            }
        }

        impl Hostings {
            /// Those of a home that no project has asked for anything yet.
            pub(in crate::infra) fn none() -> Self {
                Self { $($field: Hosting::Disabled,)+ }
            }

            /// Those of a home that runs each at these ports.
            #[cfg(test)]
            pub(in crate::infra) fn at(ports: &InfraPorts) -> Self {
                Self { $($field: Hosting::Own(<$record>::at(ports)),)+ }
            }

            /// Each, in the order of [`Service::ALL`].
            pub(in crate::infra) fn all(&self) -> [&dyn Hosted; Service::COUNT] {
                [$(&self.$field,)+]
            }

            /// The same, to change.
            pub(in crate::infra) fn all_mut(&mut self) -> [&mut dyn Hosted; Service::COUNT] {
                [$(&mut self.$field,)+]
            }

            /// One of them.
            pub(in crate::infra) fn get(&self, service: Service) -> &dyn Hosted {
                match service {
                    $(Service::$service => &self.$field,)+
                }
            }

            /// The same, to change.
            pub(in crate::infra) fn get_mut(&mut self, service: Service) -> &mut dyn Hosted {
                match service {
                    $(Service::$service => &mut self.$field,)+
                }
            }
        }

        impl Servers {
            /// Those that a record describes.
            pub(in crate::infra) fn of(hostings: &Hostings, common: &Common<'_>) -> Result<Self> {
                Ok(Self { $($field: address(&hostings.$field, common)?,)+ })
            }

            /// Those of a home that runs each at these ports.
            fn at(ports: &InfraPorts, common: &Common<'_>) -> Self {
                Self { $($field: Some(<$record>::at(ports).address(common)),)+ }
            }

            /// The same as one project sees them: without what it has disabled.
            pub(in crate::infra) fn seen_by(self, settings: &InfraSettings) -> Self {
                Self { $($field: self.$field.filter(|_| !settings.service(Service::$service).disabled),)+ }
            }

            /// Asks the running servers for what only they know of their addresses.
            pub(in crate::infra) async fn look_up(&mut self) {
                $(if let Some(address) = &mut self.$field {
                    <$record>::look_up(address).await;
                })+
            }

            /// What templates see of each; `None` for what they do not see.
            pub fn template_values(
                &self,
                request: &ValuesRequest,
            ) -> BTreeMap<&'static str, Option<ServerValues>> {
                BTreeMap::from([$((
                    <$record>::VALUES,
                    self.$field.as_ref().and_then(|address| <$record>::template_values(address, request)),
                ),)+])
            }
        }
    };
}

shared_servers! {
    /// PostgreSQL, reached as its administrator.
    Postgres, postgres: PostgresRecord => postgres::Server;
    /// The S3 server, reached as its administrator.
    S3, s3: S3Record => S3Endpoint;
    /// The mail catcher.
    Mail, mail: MailRecord => Mail;
    /// The browser.
    Browser, browser: BrowserRecord => Browser;
}

impl Service {
    /// The one whose container, process and directory have that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }
}

impl Servers {
    /// What a project would reach on a home that runs all it asks for, at the ports it asks for: to try templates
    /// with.
    pub fn sample(settings: &InfraSettings) -> Self {
        let (credentials, docker) = (Credentials::generate(), DockerRecord::default());
        let common = Common { engine: Engine::Native, credentials: &credentials, service_user: None, docker: &docker };
        Self::at(&settings.ports, &common).seen_by(settings)
    }
}
