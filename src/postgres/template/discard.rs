//! Removal of an unfinished build.

use super::super::connection::Connection;
use super::super::objects::named;
use super::super::{Result, Server, drop};

/// Drops what a build of this name left: its database, and its role unless states kept by others need it.
pub(super) async fn discard(server: &Server, connection: &Connection, name: &str, home: &str) -> Result<()> {
    let building = format!("{name}_building");
    let (databases, roles) = named(connection, &[&building, name]).await?;
    if let Some(database) = databases.iter().find(|database| database.name == building) {
        database.ours(home)?;
        drop::database(server, connection, &building).await?;
    }
    let complete = databases.iter().any(|database| database.name == name);
    if let Some(role) = roles.first().filter(|_| !complete) {
        role.ours(home)?;
        drop::idle_role(connection, name).await?;
    }
    Ok(())
}
