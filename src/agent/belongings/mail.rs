//! The mail that was sent with the agent's login.

use super::owner::{Found, Owner};
use crate::infra::Mail;
use crate::report::{Failure, Removed, RemovedKind};
use crate::system::text::count;

pub(super) async fn find(owner: &Owner<'_>) -> Result<Found, Failure> {
    let Some(mail) = server(owner) else { return Ok(Found::default()) };
    let own = match mail.count_tag(&owner.agent.bucket()).await? {
        0 => Vec::new(),
        messages => vec![Removed::with(RemovedKind::Mail, owner.agent.bucket(), count(messages, "message"))],
    };
    Ok(Found::own(own))
}

pub(super) fn recorded(owner: &Owner<'_>, why: &str) -> Vec<Removed> {
    let has = server(owner).is_some() && owner.record.is_some_and(|record| record.mail);
    if has { vec![Removed::with(RemovedKind::Mail, owner.agent.bucket(), why)] } else { Vec::new() }
}

pub(super) async fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    if let Some(mail) = server(owner) {
        mail.delete_tag(&owner.agent.bucket()).await.map(drop)?;
    }
    Ok(())
}

fn server<'a>(owner: &Owner<'a>) -> Option<&'a Mail> {
    owner.infra.filter(|_| owner.may_be_on_servers()).and_then(|infra| infra.servers.mail.as_ref())
}
