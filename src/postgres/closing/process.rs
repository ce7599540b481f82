//! Its name, arguments and environment as a process of a stack. This layer does not know the supervisor.

use super::super::Server;
use super::entry::{COMMAND, VARIABLES};
use crate::project::AgentId;
use crate::system::Secret;

/// The name of the process, its arguments for harness, and its environment.
pub fn process(
    server: &Server,
    agent: AgentId,
    password: &Secret,
) -> (&'static str, [&'static str; 1], Vec<(String, String)>) {
    let login = server.login(&server.database, &agent.database(), password);
    let values = [login.host, login.port.to_string(), login.database, login.user, login.password.expose().to_owned()];
    let environment = VARIABLES.iter().map(|name| (*name).to_owned()).zip(values).collect();
    ("close-databases", [COMMAND], environment)
}
