//! An agent's database with other contents: an empty one is filled by the caller, then put in the place of the old one.

use crate::project::AgentId;

use super::connection::Connection;
use super::copy::{Source, copy};
use super::lock::Key;
use super::objects::database_named;
use super::replace::Replacement;
use super::{DatabaseCredentials, Error, Server, extensions};

/// Makes an empty database with these extensions, has `fill` fill it as the admin, and puts it in the place of the agent's
/// complete one. What `fill` makes must belong to the agent's role.
///
/// # Errors
/// Whatever happens, the agent has the database that it had.
pub async fn load<E: From<Error>>(
    server: &Server,
    home_id: &str,
    agent: AgentId,
    extensions: &[String],
    fill: impl AsyncFnOnce(DatabaseCredentials) -> Result<(), E>,
) -> Result<(), E> {
    let connection = Connection::admin(server).await?;
    Key::of_agent(agent).take(&connection).await?;
    let name = agent.database();
    // still what it is compared with and shown as
    let template = database_named(&connection, &name).await?.and_then(|database| database.facts().template);
    let replacement = Replacement::begin(server, &connection, home_id, agent, template).await?;
    let arrived = async {
        let target = replacement.target();
        copy(server, &connection, &Source::pristine(), &target).await?;
        let login = server.admin_of(target.name);
        let inside = Connection::open(&login).await?;
        extensions::create(&inside, extensions, &name).await?;
        extensions::open(&inside).await?;
        drop(inside);
        fill(login).await
    };
    let arrived = arrived.await;
    replacement.finish(arrived).await.map(drop)
}
