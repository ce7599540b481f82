//! What is rehearsed: agents' trees as they are, and branches.

use std::path::Path;

use crate::agent::{Context, Record};
use crate::project::AgentId;
use crate::report::{Failure, RehearsedInput};
use crate::system::Git;

/// git in the project, without hooks.
pub(super) fn git(directory: &Path) -> Git {
    Git::acting(directory).set("core.hooksPath=/dev/null").set("commit.gpgsign=false").set("merge.autoStash=false")
}

/// The commit of an agent's tree with what is not committed yet, or of a branch.
///
/// # Errors
/// There is no such agent or branch.
pub(super) async fn input(context: &Context, root: &Path, word: &str) -> Result<RehearsedInput, Failure> {
    let record = match word.parse::<AgentId>() {
        Ok(agent) => Some(Record::read(&context.home, agent)?.ok_or(crate::agent::Error::Unknown(agent))?),
        Err(_) => None,
    };
    let commit = if let Some(record) = &record {
        as_it_is(&record.tree, word).await?
    } else {
        let name = format!("{word}^{{commit}}");
        git(root).text(&["rev-parse", "--verify", "--end-of-options", &name]).await?
    };
    let agent = record.map(|record| record.agent.get());
    Ok(RehearsedInput { name: word.to_owned(), agent, commit, alone: None })
}

/// The tree as a commit that no branch has; the tree and its index stay as they are.
async fn as_it_is(tree: &Path, word: &str) -> Result<String, Failure> {
    let git = git(tree);
    let head = git.text(&["rev-parse", "HEAD"]).await?;
    if git.text(&["status", "--porcelain"]).await?.is_empty() {
        return Ok(head);
    }
    let place = tempfile::tempdir().map_err(crate::system::Error::call("create a directory"))?;
    let own = git.clone().variable("GIT_INDEX_FILE", place.path().join("index"));
    own.text(&["read-tree", "HEAD"]).await?;
    own.text(&["add", "--all"]).await?;
    let written = own.text(&["write-tree"]).await?;
    let message = format!("The tree of agent {word}");
    Ok(named(git).text(&["commit-tree", &written, "-p", &head, "-m", &message]).await?)
}

/// A commit of ours needs no name of the user's.
pub(super) fn named(git: Git) -> Git {
    let variables = ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"];
    variables.into_iter().fold(git, |git, name| git.variable(name, "harness@localhost"))
}
