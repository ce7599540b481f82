//! What a launch must know of a server before it does anything, asked on one connection.

use std::time::Instant;

use crate::project::AgentId;

use super::clone::{CloneState, state_with};
use super::session::{Session, text};
use super::template::{Template, TemplatePlan, find_with};
use super::{Result, Server};

/// A server as one agent finds it.
pub struct Survey {
    /// Which server it is; see [`super::Admin::system_identifier`].
    pub system_identifier: String,
    /// What there is of the agent's pair.
    pub state: CloneState,
    session: Session,
    began: Instant,
}

impl Survey {
    /// Looks at the server.
    ///
    /// # Errors
    /// [`super::Error::Foreign`] when a database or role of the agent's name is not ours.
    pub async fn of(server: &Server, home_id: &str, agent: AgentId) -> Result<Self> {
        let began = Instant::now();
        let session = Session::admin(server).await?;
        let sql = "SELECT system_identifier FROM pg_control_system()";
        let rows = session.rows("ask for the system identifier", sql).await?;
        let system_identifier = rows.first().map(|row| text(row, "system_identifier")).unwrap_or_default();
        let state = state_with(&session, home_id, None, agent).await?;
        Ok(Self { system_identifier, state, session, began })
    }

    /// The template of `plan` if there is one, on the same connection; nothing is built.
    pub async fn find_template(self, plan: &TemplatePlan<'_>) -> Result<Option<Template>> {
        find_with(self.session, plan, self.began).await
    }
}
