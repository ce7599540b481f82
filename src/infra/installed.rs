//! The PostgreSQL servers that a first `setup` would choose from.

use super::servers::postgres;
use crate::system::ServiceUser;

/// A line for each usable one, newest first, and one for each that is passed over, with the reason.
pub async fn installed_postgres() -> (Vec<String>, Vec<String>) {
    let user = ServiceUser::choose().ok().flatten();
    let (usable, rejected) = postgres::installed(user.as_ref()).await;
    let line = |found: postgres::Binaries| format!("PostgreSQL {} in {}", found.version, found.bin_dir.display());
    (usable.into_iter().map(line).collect(), rejected)
}
