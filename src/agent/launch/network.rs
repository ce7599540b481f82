//! Can the agent's programs live under its loopback map?

use super::scope::Scope;
use crate::project::Project;
use crate::report::Failure;
use crate::system::loopback_map::{self, Error, stack_of};

/// Tries it out before anything starts. `running` says whether the agent's stack runs already: then a map that this
/// command lives under concerns the command alone.
///
/// # Errors
/// Why the machine, or the place that the command was given in, does not let it.
pub(super) fn check(scope: Scope<'_>, project: &Project, running: bool) -> Result<(), Failure> {
    if !running {
        loopback_map::check_outer(&scope.marker())?;
    }
    if project.network_map.is_empty() {
        return Ok(());
    }
    match loopback_map::probe() {
        // it is the agent's own, or its processes are not started from here
        Err(Error::Nested { outer: Some(outer) }) if running || stack_of(&outer) == scope.marker() => Ok(()),
        outcome => Ok(outcome?),
    }
}
