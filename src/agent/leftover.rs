//! Which agents are left over: nothing will take them up again.

use std::collections::BTreeMap;
use std::path::Path;

use super::lease::Lease;
use super::{Context, Lifecycle, Record, identity, moved};
use crate::project::AgentId;
use crate::report::Failure;
use crate::supervisor::{NotedMove, TreeMarks};
use crate::system::{DirectoryMark, Fate};

/// The agents with a record that are left over, each with the reason.
///
/// # Errors
/// The home cannot be read.
pub(super) fn leftovers(context: &Context) -> Result<BTreeMap<AgentId, String>, Failure> {
    let mut left = BTreeMap::new();
    let here = context.project().ok();
    for agent in identity::agents(context)? {
        let Ok(record) = Record::read(&context.home, agent) else { continue };
        let record = record.map(|record| moved::followed(context, record, here.as_ref()));
        let Some(why) = why(context, record.as_ref()) else { continue };
        // a command at work on it is no crash
        if !Lease::is_held(context, agent)? {
            left.insert(agent, why);
        }
    }
    Ok(left)
}

/// Why an agent whose lease is free is left over; `None` when it is not.
pub(super) fn why(context: &Context, record: Option<&Record>) -> Option<String> {
    let Some(record) = record else {
        return Some("its first launch was interrupted before it created anything".to_owned());
    };
    match record.lifecycle {
        Lifecycle::Launching if record.kept => None,
        Lifecycle::Launching => Some("its first launch was interrupted".to_owned()),
        Lifecycle::TearingDown => Some("its teardown was interrupted".to_owned()),
        // its supervisor saw it go: it is somewhere
        Lifecycle::Launched if NotedMove::read(&context.home.stack_dir(record.agent.stack())).is_some() => None,
        Lifecycle::Launched if is_deleted(context, record, &record.project_root) => {
            Some(format!("its project `{}` was deleted", record.project_root.display()))
        }
        Lifecycle::Launched if is_deleted(context, record, record.place()) => {
            Some(format!("its work tree `{}` was deleted", record.tree.display()))
        }
        Lifecycle::Launched => None,
    }
}

/// Whether a directory of an agent was deleted, and is not only on a disk that is not mounted.
fn is_deleted(context: &Context, record: &Record, directory: &Path) -> bool {
    let marks = TreeMarks::read(&context.home.stack_dir(record.agent.stack()));
    let marks = marks.into_iter().flat_map(|marks| [marks.root, marks.tree]);
    let fate = marks.filter(|mark| mark.path() == directory).map(|mark: DirectoryMark| mark.fate()).next();
    !directory.exists() && fate.is_none_or(|fate| fate == Fate::Gone)
}
