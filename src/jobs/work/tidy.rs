//! The last step: what is not kept is removed.

use super::job::Job;
use super::kept::Ending;
use super::repository::head;
use super::stack;
use crate::report::StackAfter;

impl Job {
    /// Ends the program, removes the stack or leaves it, and forgets the job.
    pub(super) async fn tidy(&mut self) {
        self.remove_container().await;
        let is_lost = self.kept.ending == Some(Ending::Lost);
        let mut is_worth_keeping = false;
        let mut is_removed = true;
        let branch = self.kept.branch.clone();
        let branch = branch.as_deref();
        let known = self.stack().or_else(|| stack::on_branch(&self.context, branch?));
        if let Some(branch) = branch.filter(|_| known.is_none()) {
            // what came out of a container is on the branch alone
            let tip = self.repository().commit_of(&format!("refs/heads/{branch}")).await.ok();
            is_worth_keeping = tip.is_some() && tip != self.kept.start;
        }
        if let Some(known) = known {
            self.end_program(&known).await;
            if let Ok(head) = head(&known.tree).await {
                is_worth_keeping = self.kept.start.as_ref().is_some_and(|start| *start != head);
            }
            if is_lost || self.project().stack == StackAfter::Teardown {
                if let Err(why) = stack::remove(&self.context, &known).await {
                    is_removed = false;
                    let agent = known.agent;
                    self.context.events.warning(
                        format!("agent {agent}"),
                        format!("not all of it could be removed; run `harness teardown {agent}`: {why}"),
                    );
                }
            } else {
                is_removed = false;
            }
        }
        // on the remote, or empty
        let is_needless = self.kept.pushed || !is_worth_keeping;
        let branch = branch.filter(|_| is_needless && is_removed);
        let _ = self.repository().forget(branch, &self.names()).await;
        self.files.remove();
    }
}
