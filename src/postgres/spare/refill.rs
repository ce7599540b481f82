//! Makes as many spares of a template as are wanted, and drops those that are not.

use std::collections::BTreeSet;
use std::time::Instant;

use super::super::connection::Connection;
use super::super::copy::{Source, Target, copy};
use super::super::lock::Key;
use super::super::mark::{Facts, Mark, OwnedKind};
use super::super::objects::{Database, database_named, databases, roles};
use super::super::roles::NewRole;
use super::super::sessions::{evict_sql, without_sessions};
use super::super::sql::{identifier, literal};
use super::super::{Result, Server};
use super::list::{Spare, building, name_of, ready};
use super::room::{self, Room};
use super::sweep::{drop_all_but, sweep_orphans};
use crate::report::milliseconds;
use crate::system::Secret;

/// What is to be there.
#[derive(Debug, Clone, Copy)]
struct Wish<'a> {
    home: &'a str,
    project: &'a str,
    template: &'a str,
    count: usize,
}

/// Sees to it that `template` has `count` spares, and no template that is out of use any. Does nothing while another
/// process does it.
///
/// # Errors
/// The server refuses a copy, or cannot be reached.
pub async fn refill(server: &Server, home_id: &str, project: &str, template: &str, count: usize) -> Result<()> {
    if server.access.external {
        return Ok(());
    }
    let wish = Wish { home: home_id, project, template, count };
    let connection = Connection::admin(server).await?;
    let key = Key::of(&format!("spares of {template}"));
    let key_of_template = Key::of(template);
    while key.try_take(&connection).await? {
        let mut filled = Ok(false);
        // one that is being dropped is not copied
        if key_of_template.try_share(&connection).await? {
            filled = fill(server, &connection, wish).await;
            key_of_template.release_shared(&connection).await?;
        }
        key.release(&connection).await?;
        // one was handed out after they were counted, and that launch found the lock held
        if !filled? || ready(&connection, home_id, template).await?.len() >= count {
            break;
        }
    }
    Ok(())
}

/// Why no spare of a template of this size can be made at this moment; `None` if one can.
///
/// # Errors
/// The server cannot be asked.
pub async fn obstacle(server: &Server, bytes: u64) -> Result<Option<String>> {
    if server.access.external {
        return Ok(Some("the server is external: harness makes no spares there".to_owned()));
    }
    Ok(Room::of(&Connection::admin(server).await?).await?.obstacle(bytes))
}

/// Whether all are there now; false where there can be no more.
async fn fill(server: &Server, connection: &Connection, wish: Wish<'_>) -> Result<bool> {
    let room = Room::of(connection).await?;
    let in_use = in_use(&databases(connection).await?, wish.home);
    let is_wanted = |spare: &Spare| {
        let is_used = spare.template.as_ref().is_some_and(|it| it == wish.template || in_use.contains(it));
        room.is_enough() && (spare.project != wish.project || (wish.count > 0 && is_used))
    };
    drop_all_but(server, connection, wish.home, is_wanted).await?;
    let Some(template) = database_named(connection, wish.template).await? else { return Ok(false) };
    let is_complete = template.mark(wish.home).is_some_and(|mark| mark.kind == OwnedKind::Template);
    if !is_complete || !template.valid {
        return Ok(false);
    }
    let bytes = template.facts().bytes.unwrap_or_default();
    let ready_now = ready(connection, wish.home, wish.template).await?;
    let surplus = ready_now.get(wish.count..).unwrap_or_default();
    if !surplus.is_empty() {
        drop_all_but(server, connection, wish.home, |spare| !surplus.contains(spare)).await?;
    }
    if ready_now.len() < wish.count {
        room::give_way(connection).await?;
    }
    while ready(connection, wish.home, wish.template).await?.len() < wish.count {
        if !Room::of(connection).await?.has(bytes) || !make_next(server, connection, wish).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The templates that agents' databases come from.
fn in_use(databases: &[Database], home: &str) -> BTreeSet<String> {
    let of_agents = databases.iter().filter(|it| it.mark(home).is_some_and(|mark| mark.kind == OwnedKind::Agent));
    of_agents.filter_map(|database| database.facts().template).collect()
}

/// Makes one under the first name that is free.
async fn make_next(server: &Server, connection: &Connection, wish: Wish<'_>) -> Result<bool> {
    let mut taken: BTreeSet<String> = databases(connection).await?.into_iter().map(|it| it.name).collect();
    taken.extend(roles(connection).await?.into_iter().map(|it| it.name));
    for number in 1..100 {
        let name = name_of(wish.template, number);
        if taken.contains(&name) || taken.contains(&building(&name)) {
            continue;
        }
        let key = Key::of(&name);
        // a command may still be at work on what had this name
        if !key.try_take(connection).await? {
            continue;
        }
        let made = make(server, connection, wish, &name).await;
        key.release(connection).await?;
        if made.is_err() {
            // the first failure is the one that explains
            let _ = sweep_orphans(server, connection, wish.home).await;
        }
        return made.map(|()| true);
    }
    Ok(false)
}

async fn make(server: &Server, connection: &Connection, wish: Wish<'_>, name: &str) -> Result<()> {
    let mark = Mark::new(wish.home, wish.project, None, OwnedKind::Spare);
    let role = NewRole {
        name,
        mark: &mark,
        // that of its agent comes with the hand-out
        password: &Secret::generate(),
        login: false,
        create_databases: false,
        replication: false,
        member_of: &[],
        shared: &[],
    };
    connection.execute(&format!("create role `{name}`"), &role.sql(connection, server, false)).await?;
    let building = building(name);
    let facts = Facts {
        template: Some(wish.template.to_owned()),
        made_at: Some(jiff::Timestamp::now().to_string()),
        ..Facts::default()
    };
    let began = Instant::now();
    let source = Source::inspect(connection, wish.template).await?;
    // open while objects are given to its role from inside; nobody but the admin may connect
    let target = Target { name: &building, owner: name, objects: name, mark: &mark, facts: &facts, open: true };
    copy(server, connection, &source, &target).await?;
    let from = identifier(&building);
    let close = format!("ALTER DATABASE {from} ALLOW_CONNECTIONS false; {}", evict_sql(&building));
    connection.execute("close a spare", &close).await?;
    let facts = Facts { clone_ms: Some(milliseconds(began.elapsed())), ..facts };
    let sql = format!(
        "COMMENT ON DATABASE {from} IS {}; ALTER DATABASE {from} RENAME TO {}",
        literal(&facts.comment(&mark)),
        identifier(name)
    );
    without_sessions(server, connection, &building, &format!("finish spare `{name}`"), &sql).await
}
