//! Which agents are left over: nothing will take them up again.

use std::collections::BTreeMap;

use super::{Context, Lifecycle, Record, identity};
use crate::project::AgentId;
use crate::report::Failure;
use crate::system::FileLock;

/// The agents with a record that are left over, each with the reason.
///
/// # Errors
/// The home cannot be read.
pub(super) fn leftovers(context: &Context) -> Result<BTreeMap<AgentId, String>, Failure> {
    let mut left = BTreeMap::new();
    for agent in identity::agents(context)? {
        let Ok(record) = Record::read(&context.home, agent) else { continue };
        let Some(why) = why(record.as_ref()) else { continue };
        // a command at work on it is no crash
        let lock = context.home.stack_dir(agent.stack()).join("lock");
        if FileLock::try_acquire(&lock, "gc")?.is_ok() {
            left.insert(agent, why);
        }
    }
    Ok(left)
}

/// Why an agent whose lease is free is left over; `None` when it is not.
pub(super) fn why(record: Option<&Record>) -> Option<String> {
    let Some(record) = record else {
        return Some("its first launch was interrupted before it created anything".to_owned());
    };
    match record.lifecycle {
        Lifecycle::Launching if record.kept => None,
        Lifecycle::Launching => Some("its first launch was interrupted".to_owned()),
        Lifecycle::TearingDown => Some("its teardown was interrupted".to_owned()),
        Lifecycle::Launched if !record.project_root.exists() => {
            Some(format!("its project `{}` was deleted", record.project_root.display()))
        }
        Lifecycle::Launched if !record.tree.exists() => {
            Some(format!("its work tree `{}` was deleted", record.tree.display()))
        }
        Lifecycle::Launched => None,
    }
}
