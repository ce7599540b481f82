//! A spare becomes an agent's.

use super::super::connection::Connection;
use super::super::copy::{self, Source, Target};
use super::super::lock::Key;
use super::super::mark::Facts;
use super::super::roles::{NewRole, allow_login_sql};
use super::super::sessions::without_sessions;
use super::super::sql::{identifier, literal};
use super::super::{Result, Server, drop};
use super::list::{Spare, ready};

/// Gives a spare of `template` to the agent whose role is to be `role`; false when there is none. The agent must have
/// neither a database nor a role.
pub(in super::super) async fn hand_out(
    server: &Server,
    connection: &Connection,
    template: &str,
    role: &NewRole<'_>,
) -> Result<bool> {
    each(connection, &role.mark.home, template, async |spare| {
        let facts = Facts { template: spare.template.clone(), clone_ms: spare.clone_ms, ..Facts::default() };
        let (from, to) = (identifier(&spare.name), identifier(role.name));
        // one message, so one transaction; the rename of the database is refused to the second of two
        let sql = format!(
            "ALTER DATABASE {from} RENAME TO {to}; ALTER ROLE {from} RENAME TO {to}; {}; \
             COMMENT ON DATABASE {to} IS {}; ALTER DATABASE {to} ALLOW_CONNECTIONS true; {}",
            role.sql(connection, server, true),
            literal(&facts.comment(role.mark)),
            allow_login_sql(role.name, None)
        );
        without_sessions(server, connection, &spare.name, &format!("hand out `{}`", spare.name), &sql).await
    })
    .await
}

/// Makes a spare of `template` the database that `target` describes; false when there is none. Its owner is another role,
/// which is there.
pub(in super::super) async fn adopt(
    server: &Server,
    connection: &Connection,
    template: &str,
    target: &Target<'_>,
) -> Result<bool> {
    each(connection, &target.mark.home, template, async |spare| {
        let spare = spare.name.as_str();
        let source = Source::inspect(connection, spare).await?;
        let (from, to) = (identifier(spare), identifier(target.name));
        let sql = format!(
            "ALTER DATABASE {from} RENAME TO {to}; ALTER DATABASE {to} OWNER TO {}; COMMENT ON DATABASE {to} IS {}",
            identifier(target.owner),
            literal(&target.facts.comment(target.mark))
        );
        without_sessions(server, connection, spare, &format!("take `{spare}`"), &sql).await?;
        let settled = async {
            copy::settle(server, connection, &source, target).await?;
            drop::idle_role(connection, spare).await
        };
        let settled = settled.await;
        if settled.is_err() {
            // it is the agent's by its mark: what cannot be dropped now goes with the next replacement
            let _ = drop::database(server, connection, target.name).await;
        }
        settled
    })
    .await
}

/// Tries the spares one after another. One that cannot be taken is passed over: it was taken at this moment, or it is
/// broken; a failure of the server itself is met again by the copy that is made instead.
async fn each(
    connection: &Connection,
    home: &str,
    template: &str,
    take: impl AsyncFn(&Spare) -> Result<()>,
) -> Result<bool> {
    for spare in ready(connection, home, template).await? {
        let key = Key::of(&spare.name);
        if !key.try_take(connection).await? {
            continue;
        }
        let taken = take(&spare).await;
        key.release(connection).await?;
        if taken.is_ok() {
            return Ok(true);
        }
    }
    Ok(false)
}
