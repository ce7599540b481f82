//! The first step: where the job begins, its branch, its stack.

use super::job::Job;
use super::kept::Phase;
use super::stack;
use super::stop::{Step, Stop, in_words};
use crate::project::FILE;
use crate::report::{JobExecution, QueueJobState};
use crate::system::Checkout;

impl Job {
    /// Fetches, makes the branch and launches.
    pub(super) async fn prepare(&mut self) -> Step {
        // where Docker has failed in the middle it is at work already
        if !self.kept.is_local {
            self.tell(QueueJobState::Claimed);
        }
        let path = self.context.directory.clone();
        if !path.join(FILE).is_file() {
            let text = format!("`{}` is no checkout with a {FILE} on this machine", path.display());
            return Err(Stop::Failed(text, true));
        }
        if Checkout::linked_around(&path).is_some() {
            let text = format!("`{}` is a linked work tree: a project's path is its main checkout", path.display());
            return Err(Stop::Failed(text, false));
        }
        // before anything is made for a file that is wrong
        self.context.project().map_err(|error| Stop::Failed(in_words(&error), false))?;
        self.begin_branch().await?;
        self.brake.check()?;
        if self.project().execution == JobExecution::Docker && !self.kept.is_local {
            self.kept.phase = Phase::Contain;
            return Ok(());
        }
        let branch = self.kept.branch.clone().unwrap_or_default();
        let stack = stack::launch(&self.context, &branch, &self.brake).await?;
        self.has(stack);
        self.kept.phase = Phase::Work;
        Ok(())
    }

    async fn begin_branch(&mut self) -> Step {
        let git = |error| Stop::machine("git", error);
        let (repository, project) = (self.repository(), self.project().clone());
        if self.kept.start.is_none() {
            let ticket = self.ticket_branch();
            let [base_name, ticket_name] = self.names();
            let (base, start, push_to) = if project.remote.is_empty() {
                let base = repository.commit_of(&project.base).await.map_err(git)?;
                (base.clone(), base, None)
            } else {
                let url = repository.url(&project.remote).await.map_err(git)?;
                let base = repository.fetch(&project.remote, &project.base, &base_name).await.map_err(git)?;
                let missing = || format!("remote `{}` has no branch `{}`", project.remote, project.base);
                let base = base.ok_or_else(|| Stop::Failed(missing(), false))?;
                // what an earlier attempt has pushed is gone on with
                let pushed = repository.fetch(&project.remote, &ticket, &ticket_name).await.map_err(git)?;
                (base.clone(), pushed.unwrap_or(base), Some(url))
            };
            let branch = repository.free_branch(&ticket).await.map_err(git)?;
            self.line.say(&format!("branch {branch} from {}", &start[..start.len().min(12)]));
            (self.kept.base, self.kept.start) = (Some(base), Some(start));
            (self.kept.push_to, self.kept.branch) = (push_to, Some(branch.clone()));
            self.kept.outcome.branch = Some(branch);
            self.save();
        }
        let (branch, start) = (self.kept.branch.clone().unwrap_or_default(), self.kept.start.clone());
        repository.branch(&branch, &start.unwrap_or_default()).await.map_err(git)
    }

    /// The branch that is pushed.
    pub(super) fn ticket_branch(&self) -> String {
        format!("harness/ticket-{}", self.kept.claimed.ticket.id)
    }
}
