//! The loop: closes the databases that are open, repeatedly.

use std::time::Duration;

use tokio::time::sleep;

use super::super::connection::{Connection, text};
use super::super::{DatabaseCredentials, Patience, Result};

/// Between two looks.
pub const PERIOD: Duration = Duration::from_millis(250);
/// Before the next attempt to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Every statement that closes a database of this role: one for each grantee that is, or contains, another agent.
const OPEN: &str = "\
    SELECT format('REVOKE CONNECT, TEMP ON DATABASE %I FROM %s', d.datname, \
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END) AS statement \
      FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a \
     WHERE d.datdba = current_user::regrole AND a.privilege_type = 'CONNECT' AND a.grantee <> d.datdba \
       AND (a.grantee = 0 OR EXISTS (SELECT FROM pg_roles r \
                                      WHERE r.rolname ~ '^agent_[0-9]{1,2}$' AND r.oid <> d.datdba \
                                        AND pg_has_role(r.oid, a.grantee, 'MEMBER')))";

/// Closes for as long as it is not stopped. A server that is away is connected to again.
pub(super) async fn run(mut login: DatabaseCredentials) {
    login.access.patience = Patience::LOOKING;
    loop {
        // for any reason: the next attempt shows whether it lasts
        let _ = until_cut_off(&login).await;
        sleep(PAUSE).await;
    }
}

async fn until_cut_off(login: &DatabaseCredentials) -> Result<std::convert::Infallible> {
    let connection = Connection::open(login).await?;
    loop {
        for row in connection.rows("look for open databases", OPEN).await? {
            // a database may be dropped in between
            let _ = connection.execute("close a database", &text(&row, "statement")).await;
        }
        sleep(PERIOD).await;
    }
}
