//! What is to be done, as arguments and variables of the process that does it. This layer does not know whose command it was.

use std::path::Path;

use super::super::{Access, Patience, Server};
use crate::project::AgentId;
use crate::system::{self, Detached, Secret, StackName};

/// The hidden command.
pub(super) const COMMAND: &str = "__on-server";
/// The variables that carry the administrator's login, and whether the server is external.
const VARIABLES: [&str; 6] = [
    "HARNESS_SERVER_HOST",
    "HARNESS_SERVER_PORT",
    "HARNESS_SERVER_DATABASE",
    "HARNESS_SERVER_USER",
    "HARNESS_SERVER_PASSWORD",
    "HARNESS_SERVER_EXTERNAL",
];
/// The file in the home's directory of shared servers that says why the last spares could not be made.
pub const SPARES_LOG: &str = "spares.log";
/// The one that says why the last replaced database could not be dropped.
pub const DROP_LOG: &str = "drop.log";

/// Work on a server of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    pub(super) server: Server,
    pub(super) home_id: String,
    pub(super) work: Work,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// A template gets so many spares.
    Refill {
        /// The project that wants them.
        project: String,
        /// The template.
        template: String,
        /// How many.
        count: usize,
    },
    /// What was replaced of an agent's database is dropped.
    DropReplaced(AgentId),
}

impl Background {
    /// `count` spares of `template`.
    pub fn refill(server: &Server, home_id: &str, project: &str, template: &str, count: usize) -> Self {
        let (project, template) = (project.to_owned(), template.to_owned());
        Self { server: server.clone(), home_id: home_id.to_owned(), work: Work::Refill { project, template, count } }
    }

    /// No database that an agent's was replaced of.
    pub fn drop_replaced(server: &Server, home_id: &str, agent: AgentId) -> Self {
        Self { server: server.clone(), home_id: home_id.to_owned(), work: Work::DropReplaced(agent) }
    }

    /// Starts the process; `directory` is the home's of the shared servers.
    pub fn start(&self, directory: &Path) {
        let log = match self.work {
            // there are none
            Work::Refill { .. } if self.server.access.external => return,
            Work::Refill { .. } => SPARES_LOG,
            Work::DropReplaced(_) => DROP_LOG,
        };
        let process = Detached {
            arguments: self.arguments().into_iter().map(Into::into).collect(),
            environment: environment(&self.server),
            marker: system::marker_value(&self.home_id, &StackName::Infra.to_string()),
            log: directory.join(log),
        };
        process.start();
    }

    fn arguments(&self) -> Vec<String> {
        let work = match &self.work {
            Work::Refill { project, template, count } => {
                vec!["refill".to_owned(), project.clone(), template.clone(), count.to_string()]
            }
            Work::DropReplaced(agent) => vec!["drop-replaced".to_owned(), agent.to_string()],
        };
        [COMMAND.to_owned(), self.home_id.clone()].into_iter().chain(work).collect()
    }

    /// The work that [`Self::arguments`], without the command, and [`environment`] describe.
    pub(super) fn read(words: &[&str], variable: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let (home_id, work) = words.split_first()?;
        let work = match work {
            ["refill", project, template, count] => Work::Refill {
                project: (*project).to_owned(),
                template: (*template).to_owned(),
                count: count.parse().ok()?,
            },
            ["drop-replaced", agent] => Work::DropReplaced(agent.parse().ok()?),
            _ => return None,
        };
        Some(Self { server: server(variable)?, home_id: (*home_id).to_owned(), work })
    }
}

fn environment(server: &Server) -> Vec<(String, String)> {
    let (port, external) = (server.port.to_string(), server.access.external.to_string());
    let values = [&server.host, &port, &server.database, &server.user, server.password.expose(), &external];
    VARIABLES.into_iter().zip(values).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn server(variable: &dyn Fn(&str) -> Option<String>) -> Option<Server> {
    let values: Vec<String> = VARIABLES.iter().filter_map(|name| variable(name)).collect();
    let [host, port, database, user, password, external] = <[String; 6]>::try_from(values).ok()?;
    // one that has been stopped meanwhile needs nothing
    let access = Access { external: external.parse().ok()?, patience: Patience::LOOKING, ..Access::OWN };
    Some(Server { host, port: port.parse().ok()?, user, password: Secret::new(password), database, access })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_is_given_says_the_same() {
        let access = Access { patience: Patience::LOOKING, ..Access::EXTERNAL };
        let server = Server { access, ..Server::local(5432, "postgres", Secret::new("x y")) };
        let agent = AgentId::try_from(3).unwrap();
        for work in [
            Background::refill(&server, "0123456789ab", "board", "tpl_0", 2),
            Background::drop_replaced(&server, "0123456789ab", agent),
        ] {
            let (arguments, environment) = (work.arguments(), environment(&server));
            let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
            let variable =
                |name: &str| environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            assert_eq!(Background::read(&words, &variable), Some(work));
        }
    }
}
