//! The stages in order, the commands of each together.

use std::time::Instant;

use futures_util::future::join_all;
use tokio::sync::Mutex;

use super::affected::{self, Passes};
use super::command::{self, Ended, Surroundings, cached, skipped};
use super::orphans::Orphans;
use super::plan::{PlannedCommand, PlannedStage};
use super::runs::Run;
use crate::diagnostic::Failing;
use crate::report::milliseconds;
use crate::report::verify::{Stage, StageStatus};
use crate::system::with_causes;

/// The failures of one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFailures {
    /// Its stage.
    pub stage: String,
    /// Its name.
    pub command: String,
    /// At least one.
    pub each: Vec<Failing>,
}

/// What is to be run, and how.
pub(super) struct Course<'a> {
    pub(super) stages: &'a [PlannedStage],
    pub(super) run: &'a Run,
    pub(super) around: Surroundings<'a>,
    /// Who ends what commands left behind.
    pub(super) orphans: Option<&'a Orphans>,
    /// Held while other children of this process are none of the run's.
    pub(super) other_children: &'a Mutex<()>,
    pub(super) keep_going: bool,
    pub(super) stack_is_up: bool,
    /// Commands whose inputs are those of their last pass are not run.
    pub(super) affected: bool,
    /// What passes is noted.
    pub(super) recorded: bool,
}

/// What was found besides the report of each stage.
pub(super) struct Found {
    pub(super) failures: Vec<CommandFailures>,
    pub(super) warnings: Vec<String>,
    pub(super) passes: Passes,
}

/// A command of a stage, and what is to be noted of it.
struct Noted {
    ended: Ended,
    note: Note,
    warning: Option<String>,
}

enum Note {
    /// It says not what it depends on, or was not run.
    Nothing,
    /// It passed by this digest.
    Passed(String),
    /// It failed, or its inputs changed meanwhile, or cannot be read.
    Unproved,
}

impl Course<'_> {
    /// Runs the stages in order and says whether one failed.
    pub(super) async fn run(&self, reports: &mut [Stage], found: &mut Found) -> bool {
        let mut failed = false;
        // what the compiler says about a process that is down is worth more than that it is down
        let can_tell = |stage: &PlannedStage| self.stack_is_up || !stage.needs_stack;
        for (index, stage) in self.stages.iter().enumerate().filter(|(_, stage)| stage.wanted && can_tell(stage)) {
            if failed && !self.keep_going {
                break;
            }
            let report = self.stage(index, stage, found).await;
            self.end_orphans().await;
            if self.recorded
                && let Err(error) = found.passes.keep()
            {
                found.warnings.push(format!("what passed could not be noted: {}", with_causes(&error)));
            }
            failed |= report.status.is_bad();
            reports[index] = report;
        }
        failed
    }

    async fn end_orphans(&self) {
        if let Some(orphans) = self.orphans {
            let _alone = self.other_children.lock().await;
            orphans.kill();
        }
    }

    async fn stage(&self, index: usize, stage: &PlannedStage, found: &mut Found) -> Stage {
        let began = Instant::now();
        let passes = &found.passes;
        let commands = stage
            .commands
            .iter()
            .enumerate()
            .map(|(number, planned)| self.command((index, stage), number, planned, passes));
        let mut ended = Vec::with_capacity(stage.commands.len());
        for noted in join_all(commands).await {
            let name = &noted.ended.report.name;
            match noted.note {
                Note::Nothing => {}
                Note::Passed(digest) => found.passes.note(&stage.name, name, Some(digest)),
                Note::Unproved => found.passes.note(&stage.name, name, None),
            }
            found.warnings.extend(noted.warning);
            if !noted.ended.failures.is_empty() {
                let (command, each) = (name.clone(), noted.ended.failures.clone());
                found.failures.push(CommandFailures { stage: stage.name.clone(), command, each });
            }
            ended.push(noted.ended);
        }
        // a place is worth more than the last lines of the command before it
        let first = ended.iter().find(|ended| ended.located);
        let first = first.or_else(|| ended.iter().find(|ended| ended.report.first_error.is_some()));
        Stage {
            name: stage.name.clone(),
            status: together(&ended),
            duration_ms: milliseconds(began.elapsed()),
            first_error: first.and_then(|ended| ended.report.first_error.clone()),
            commands: ended.into_iter().map(|ended| ended.report).collect(),
        }
    }

    async fn command(
        &self,
        (index, stage): (usize, &PlannedStage),
        number: usize,
        planned: &PlannedCommand,
        passes: &Passes,
    ) -> Noted {
        let mut warning = None;
        let digest = match affected::digest(planned, &self.around).await {
            Ok(digest) => digest,
            Err(error) => {
                let (stage, command) = (&stage.name, &planned.name);
                let said = with_causes(&error);
                warning =
                    Some(format!("`inputs` of `{stage}.{command}` decide nothing, so that it is always run: {said}"));
                None
            }
        };
        if let Some(digest) = digest.as_ref().filter(|_| self.affected)
            && passes.has(&stage.name, &planned.name, digest)
        {
            let ended = Ended { report: cached(&planned.name), located: false, failures: Vec::new() };
            return Noted { ended, note: Note::Nothing, warning };
        }
        let log = self.run.log((index, &stage.name), (number, &planned.name));
        let ended = command::run(stage, planned, log, &self.around).await;
        let Some(before) = digest else {
            let note = if planned.inputs.is_empty() { Note::Nothing } else { Note::Unproved };
            return Noted { ended, note, warning };
        };
        // a file that changed meanwhile was read before or after
        let note = match ended.report.status {
            StageStatus::Pass if self.digest_is(planned, &before).await => Note::Passed(before),
            _ => Note::Unproved,
        };
        Noted { ended, note, warning }
    }

    async fn digest_is(&self, planned: &PlannedCommand, before: &str) -> bool {
        matches!(affected::digest(planned, &self.around).await, Ok(Some(after)) if after == before)
    }
}

fn together(ended: &[Ended]) -> StageStatus {
    let mut statuses = ended.iter().map(|ended| ended.report.status);
    let is = |status| ended.iter().any(|ended| ended.report.status == status);
    if is(StageStatus::Timeout) {
        StageStatus::Timeout
    } else if statuses.any(|status| !matches!(status, StageStatus::Pass | StageStatus::Cached)) {
        StageStatus::Fail
    } else if is(StageStatus::Pass) {
        StageStatus::Pass
    } else {
        StageStatus::Cached
    }
}

/// A stage that is not run.
pub(super) fn skipped_stage(stage: &PlannedStage) -> Stage {
    Stage {
        name: stage.name.clone(),
        status: StageStatus::Skipped,
        duration_ms: 0,
        first_error: None,
        commands: stage.commands.iter().map(|command| skipped(&command.name)).collect(),
    }
}
