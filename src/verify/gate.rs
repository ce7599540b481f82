//! Commits in the trees of agents that were launched: gated as those of the project's root are.

use std::path::Path;

use super::hook;
use crate::agent::Context;
use crate::report::{Launch, LaunchOutcome};
use crate::system::with_causes;

/// Brings the commit hook of the project's root to work trees that have a hooks folder of their own.
pub async fn gate_commits(context: &Context, launch: &Launch) {
    let (Ok(project), Ok(program)) = (context.project(), std::env::current_exe()) else { return };
    for agent in launch.agents.iter().filter(|agent| agent.outcome != LaunchOutcome::Failed) {
        let tree = Path::new(&agent.tree);
        if tree != project.root
            && let Err(error) = hook::extend(&project.root, tree, &program).await
        {
            let text = format!("commits in `{}` are not gated: {}", tree.display(), with_causes(&error));
            context.events.warning(format!("agent {}", agent.agent), text);
        }
    }
}
