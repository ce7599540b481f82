//! Where Docker fails a job: it is done on this machine itself, if the project allows that.

use std::time::Duration;

use super::job::Job;
use super::kept::Phase;
use super::stop::{Step, Stop};
use crate::report::JobOutcome;

/// How long an engine that has just failed may take to remove a container.
const PATIENCE: Duration = Duration::from_secs(20);

impl Job {
    /// Begins again from where the job began, without Docker.
    pub(super) async fn fall_back(&mut self, why: &str) -> Step {
        self.brake.check()?;
        if !self.project().fallback {
            return Err(Stop::Failed(format!("Docker: {why}"), true));
        }
        self.line.say(&format!("Docker: {why}"));
        self.line.say("the job is done on this machine itself, from its beginning");
        self.remove_container().await;
        self.kept.is_local = true;
        (self.kept.round, self.kept.ended) = (1, String::new());
        self.kept.outcome = JobOutcome { branch: self.kept.branch.clone(), ..JobOutcome::default() };
        self.kept.phase = Phase::Prepare;
        Ok(())
    }

    /// Ends and removes the job's container, if it has one; one that an engine keeps is removed with the next job.
    pub(super) async fn remove_container(&mut self) {
        let Some(known) = self.kept.container.take() else { return };
        let removed = tokio::time::timeout(PATIENCE, async { self.engine().await?.remove(&known.name).await });
        if !matches!(removed.await, Ok(Ok(_))) {
            self.line.say(&format!("the container {0} may be left; run `docker rm -f {0}`", known.name));
        }
    }
}
