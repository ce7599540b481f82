//! One job, from step to step. Each step is in a file of its own.

use std::path::PathBuf;
use std::sync::Arc;

use super::api::{Api, Untaken};
use super::environment::without_keys;
use super::github;
use super::kept::{Ending, Files, Kept, Phase};
use super::line::{Facts, Line};
use super::program::{self, Variables};
use super::repository::Repository;
use super::secrets::Secrets;
use super::settings::Settings;
use super::stack::Stack;
use super::stop::{Brake, Step, Stop};
use crate::agent::Context;
use crate::report::{ProjectSettings, QueueJobState};
use crate::system;

/// A job at work.
pub(super) struct Job {
    pub(super) context: Context,
    pub(super) settings: Arc<Settings>,
    pub(super) files: Files,
    pub(super) kept: Kept,
    pub(super) line: Line,
    pub(super) brake: Arc<Brake>,
    pub(super) api: Api,
    pub(super) variables: Variables,
    pub(super) secrets: Secrets,
}

impl Job {
    /// One that was claimed, or is gone on with. To be made on the runtime that it is run on.
    ///
    /// # Errors
    /// The machine's authorities cannot be read.
    pub(super) fn new(
        settings: &Arc<Settings>,
        context: &Context,
        files: Files,
        kept: Kept,
        line: Line,
        brake: Arc<Brake>,
    ) -> system::Result<Self> {
        let project = &kept.claimed.project;
        let path = settings.checkout(&project.name, &project.settings.path);
        let variables =
            program::variables(&project.settings.program, &project.settings.variables, &settings.environment);
        let opened = settings.access.as_ref()().map(|access| access.key.expose().to_owned());
        let own = opened.into_iter().map(|key| ("the key of the worker".to_owned(), key));
        let token =
            github::token(&settings.environment).map(|token| ("GITHUB_TOKEN".to_owned(), token.expose().to_owned()));
        let secrets = Secrets::of(variables.secrets().chain(own).chain(token));
        let line = line.keeping(secrets.clone());
        let context = Context {
            home: context.home.clone(),
            environment: without_keys(settings.environment.clone()),
            directory: path,
            events: line.events(),
        };
        let (settings, api) = (Arc::clone(settings), Api::of(settings)?);
        Ok(Self { context, settings, files, kept, line, brake, api, variables, secrets })
    }

    /// Goes from where it is to its end; `None` where the worker leaves before.
    pub(super) async fn run(mut self) -> Option<Kept> {
        if !self.until(|phase| phase == Phase::Tidy).await {
            return None;
        }
        self.tidy().await;
        Some(self.kept)
    }

    /// Goes on up to a step; `false` where the worker leaves before.
    pub(super) async fn until(&mut self, is_there: fn(Phase) -> bool) -> bool {
        loop {
            let phase = self.kept.phase;
            if is_there(phase) {
                return true;
            }
            let step = match phase {
                Phase::Prepare => self.prepare().await,
                Phase::Contain => self.contain().await,
                Phase::Work => self.round().await,
                Phase::Verify => self.verify().await,
                Phase::Deliver => self.deliver().await,
                Phase::End { ending } => self.end(ending).await,
                Phase::Tidy => return true,
            };
            match step {
                Ok(()) => {}
                Err(Stop::Leave) => return false,
                Err(Stop::Lost) => self.is_lost(),
                Err(Stop::NoRoom(reason)) => self.ends(Ending::Returned, &reason),
                Err(Stop::Failed(reason, again)) => self.ends(Ending::Failed { again }, &reason),
            }
            self.save();
        }
    }

    pub(super) fn ends(&mut self, ending: Ending, reason: &str) {
        self.line.say(reason);
        self.kept.outcome.reason = Some(self.secrets.redacted(reason));
        self.kept.phase = Phase::End { ending };
    }

    fn is_lost(&mut self) {
        self.kept.outcome.reason = Some("its lease was lost".to_owned());
        (self.kept.ending, self.kept.phase) = (Some(Ending::Lost), Phase::Tidy);
    }

    /// Tells the server how it ended, until it has heard that.
    async fn end(&mut self, ending: Ending) -> Step {
        self.line.flush().await;
        let mut pause = std::time::Duration::from_secs(1);
        loop {
            self.brake.check()?;
            let (claim, outcome) = (self.kept.claim(), &self.kept.outcome);
            let reason = outcome.reason.clone().unwrap_or_default();
            let said = match ending {
                Ending::Completed => self.api.complete(claim, outcome).await,
                Ending::Failed { again } => self.api.fail(claim, outcome, again).await,
                Ending::Returned => self.api.give_back(claim, &reason).await,
                Ending::Lost => Ok(()),
            };
            match said {
                Ok(()) => break,
                // a first word was taken, and its answer lost
                Err(Untaken::Lost) if ending == Ending::Returned => break,
                Err(Untaken::Lost) => return Err(Stop::Lost),
                Err(Untaken::Refused { error, .. }) => {
                    self.line.say(&format!("the server does not take how it ended: {}", error.message));
                    break;
                }
                Err(Untaken::Silent(_)) => {}
            }
            tokio::select! {
                biased;
                () = crate::agent::interrupted() => return Err(self.brake.interrupted()),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(std::time::Duration::from_secs(30)),
            }
        }
        (self.kept.ending, self.kept.phase) = (Some(ending), Phase::Tidy);
        Ok(())
    }

    /// Writes down where it is.
    pub(super) fn save(&self) {
        if let Err(error) = self.files.save(&self.kept) {
            self.line
                .say(&format!("a worker that is started again cannot go on here: {}", system::with_causes(&error)));
        }
    }

    /// Says how far it is.
    pub(super) fn tell(&self, state: QueueJobState) {
        let mut outcome = self.kept.outcome.clone();
        if state != QueueJobState::Verifying {
            // it is long, and was said
            outcome.verify = None;
        }
        self.line.tell(Facts { state: Some(state), outcome });
    }

    pub(super) fn project(&self) -> &ProjectSettings {
        &self.kept.claimed.project.settings
    }

    pub(super) fn repository(&self) -> Repository {
        Repository::new(self.context.directory.clone(), github::token(&self.settings.environment))
    }

    /// The stack, once it was launched.
    pub(super) fn stack(&self) -> Option<Stack> {
        Some(Stack { agent: self.kept.agent?, tree: self.kept.tree.clone()? })
    }

    pub(super) fn has(&mut self, stack: Stack) {
        self.kept.outcome.agent = Some(stack.agent.get());
        (self.kept.agent, self.kept.tree) = (Some(stack.agent), Some(stack.tree));
        self.save();
    }

    /// The names under which git keeps the commits that it begins from.
    pub(super) fn names(&self) -> [String; 2] {
        ["base", "ticket"].map(|what| format!("refs/harness/job-{}-{}/{what}", self.kept.id(), self.kept.claimed.fence))
    }

    /// The tree, which there is from the first round on.
    pub(super) fn tree(&self) -> PathBuf {
        self.kept.tree.clone().unwrap_or_default()
    }
}
