//! The push and the pull request of work that passed.

use std::time::Duration;

use super::api::Untaken;
use super::checks::in_markdown;
use super::github::{self, GitHub, Wanted};
use super::job::Job;
use super::kept::{Ending, Phase};
use super::prompt::{self, title};
use super::repository::head;
use super::stop::{Step, Stop};
use crate::system::Deadline;
use crate::system::text::cut;

/// How long a server that does not answer is asked whether the lease holds.
const PATIENCE: Duration = Duration::from_mins(10);
/// Bytes that GitHub takes of a title and of a text.
const TITLE: usize = 240;
const BODY: usize = 60_000;

impl Job {
    /// Pushes, and opens the pull request.
    pub(super) async fn deliver(&mut self) -> Step {
        let git = |error| Stop::machine("git", error);
        let repository = self.repository();
        let commit = match &self.kept.outcome.commit {
            Some(commit) => commit.clone(),
            None => head(&self.tree()).await.map_err(git)?,
        };
        let start = self.kept.start.clone().unwrap_or_default();
        let changes = repository.changes(&start, &commit).await.map_err(git)?;
        if let Some(name) = self.secrets.found_in(&changes) {
            return Err(Stop::Failed(format!("the work holds the value of `{name}`: it is not pushed"), false));
        }
        self.kept.outcome.commit = Some(commit.clone());
        self.save();
        let touched = self.touched_checks(&commit).await;
        for line in &touched {
            self.line.say(&format!("checks: {line}"));
        }
        // a worker that has lost the lease pushes nothing
        self.lease_holds().await?;
        if let Some(url) = self.kept.push_to.clone() {
            let branch = self.ticket_branch();
            repository.push(&url, &commit, &branch).await.map_err(git)?;
            self.line.say(&format!("pushed {} as {branch}", cut(&commit, 12)));
            self.kept.pushed = true;
            self.kept.outcome.branch = Some(branch);
            self.save();
            self.open_pull_request(&url, &touched).await?;
        }
        self.kept.phase = Phase::End { ending: Ending::Completed };
        Ok(())
    }

    async fn lease_holds(&self) -> Step {
        let deadline = Deadline::after("the server", PATIENCE);
        let asked = deadline.poll(Duration::from_secs(2), async || {
            if let Err(stop) = self.brake.check() {
                return Some(Err(stop));
            }
            match self.api.heartbeat(self.kept.claim(), None, &self.kept.outcome).await {
                Ok(()) => Some(Ok(())),
                Err(Untaken::Lost | Untaken::Refused { .. }) => Some(Err(Stop::Lost)),
                Err(Untaken::Silent(_)) => None,
            }
        });
        // by then it is another's
        asked.await.unwrap_or(Err(Stop::Lost))
    }

    async fn open_pull_request(&mut self, url: &str, touched: &[String]) -> Step {
        let environment = &self.settings.environment;
        let named = self.project().github.clone();
        let Some(repository) = named.or_else(|| github::repository(url, environment)) else {
            self.line.say("no pull request: the remote is not GitHub's, and `github` of the project is not set");
            return Ok(());
        };
        let Some(token) = github::token(environment) else {
            self.line.say("no pull request: `GITHUB_TOKEN` is not set");
            return Ok(());
        };
        let github = GitHub::of(environment, token).map_err(|error| Stop::machine("GitHub", error))?;
        let (base, head) = (self.project().base.clone(), self.ticket_branch());
        let (title, body) = (self.pull_request_title(), self.pull_request_body(touched));
        let wanted = Wanted { repository: &repository, title: &title, body: &body, head: &head, base: &base };
        let opened = github.pull_request(&wanted).await;
        let opened = opened.map_err(|unopened| {
            Stop::Failed(
                format!("the work is pushed as {head}, without a pull request: {}", unopened.why),
                unopened.again,
            )
        })?;
        self.line.say(&format!("pull request {opened}"));
        self.kept.outcome.pull_request = Some(opened);
        Ok(())
    }

    fn pull_request_title(&self) -> String {
        let ticket = &self.kept.claimed.ticket;
        let title = self.secrets.redacted(&title(ticket));
        if title.is_empty() { format!("Ticket {}", ticket.id) } else { cut(&title, TITLE).to_owned() }
    }

    fn pull_request_body(&self, touched: &[String]) -> String {
        let (ticket, outcome) = (&self.kept.claimed.ticket, &self.kept.outcome);
        let summary = outcome.summary.clone().unwrap_or_default();
        let rounds = crate::system::text::count(u64::from(self.kept.round), "round");
        let quoted: Vec<String> = prompt::text(&ticket.text).lines().map(|line| format!("> {line}")).collect();
        let issue = ticket.issue.as_ref().map_or_else(String::new, |issue| format!("For {issue}"));
        let parts = [
            summary,
            issue,
            format!("Ticket {} of harness. `harness verify --full` passed after {rounds}.", ticket.id),
            in_markdown(touched),
            quoted.join("\n"),
        ];
        let parts: Vec<&str> = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
        cut(&self.secrets.redacted(&parts.join("\n\n")), BODY).to_owned()
    }
}
