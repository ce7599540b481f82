//! What a launch must know of a server before it does anything, asked on one connection.

use std::time::Instant;

use crate::project::AgentId;

use super::clone::{CloneState, state_with};
use super::connection::{Connection, text};
use super::template::{Template, TemplatePlan, find_with};
use super::{Result, Server};

/// The state of a server, as far as one agent is concerned.
pub struct Inspection {
    /// Which server it is; see [`super::Admin::system_identifier`].
    pub system_identifier: String,
    /// What there is of the agent's pair.
    pub state: CloneState,
    connection: Connection,
    began: Instant,
}

impl Inspection {
    /// Looks at the server.
    ///
    /// # Errors
    /// [`super::Error::Foreign`] when a database or role of the agent's name is not ours.
    pub async fn of(server: &Server, home_id: &str, agent: AgentId) -> Result<Self> {
        let began = Instant::now();
        let connection = Connection::admin(server).await?;
        let sql = "SELECT system_identifier FROM pg_control_system()";
        let rows = connection.rows("read the system identifier", sql).await?;
        let system_identifier = rows.first().map(|row| text(row, "system_identifier")).unwrap_or_default();
        let state = state_with(&connection, home_id, None, agent).await?;
        Ok(Self { system_identifier, state, connection, began })
    }

    /// The template of `plan` if there is one, on the same connection; nothing is built.
    pub async fn find_template(self, plan: &TemplatePlan<'_>) -> Result<Option<Template>> {
        find_with(self.connection, plan, self.began).await
    }
}
