//! A container at work: what it says, and what it has come to.

use std::time::{Duration, Instant};

use futures_util::StreamExt;

use super::contain::Uncontained;
use super::handover::{self, Handback, Messages, SILENCE, Word};
use super::images;
use super::job::Job;
use super::kept::{Ending, Phase};
use super::line::Facts;
use crate::infra::docker::{TaskEngine, TaskState};
use crate::report::{JobOutcome, QueueJobState};
use crate::system::text::{cut, plain};
use crate::system::{self, with_causes};

/// How long an engine may not answer: it may be restarted, and its containers go on.
const PATIENCE: Duration = Duration::from_secs(30);
/// The pause before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is noted what was heard, while there is always more.
const NOTED: Duration = Duration::from_secs(5);
/// How long nothing may come before it is noted at once.
const QUIET: Duration = Duration::from_millis(200);
/// How long the server may take to hear it.
const TOLD: Duration = Duration::from_secs(2);
/// Bytes of what a container complains about.
const COMPLAINT: usize = 600;

impl Job {
    /// Hears what the container says, until it has ended.
    pub(super) async fn follow(&mut self, engine: &TaskEngine) -> Result<(), Uncontained> {
        let name = self.kept.container.as_ref().map(|known| known.name.clone()).unwrap_or_default();
        let (mut silent_since, mut unanswered): (_, Option<Instant>) = (Instant::now(), None);
        loop {
            let mut complaint = Vec::new();
            self.hear(engine, &name, &mut silent_since, &mut complaint).await?;
            match engine.state(&name).await {
                Ok(Some(TaskState::Ended { status: 0, .. })) => return Ok(()),
                Ok(Some(TaskState::Ended { status, out_of_memory })) => {
                    let memory = if out_of_memory { " for want of memory" } else { "" };
                    let said = plain(&String::from_utf8_lossy(&complaint).trim().replace('\n', "; "));
                    let said = if said.is_empty() { said } else { format!(": {}", cut(&said, COMPLAINT)) };
                    let why = format!("the container {name} ended with status {status}{memory}{said}");
                    return Err(Uncontained::Docker(why));
                }
                Ok(Some(TaskState::Running | TaskState::Created)) => unanswered = None,
                Ok(None) => return Err(Uncontained::Docker(format!("the container {name} was removed"))),
                Err(error) => {
                    if unanswered.get_or_insert_with(Instant::now).elapsed() >= PATIENCE {
                        return Err(error.into());
                    }
                }
            }
            if silent_since.elapsed() >= SILENCE {
                let minutes = SILENCE.as_secs() / 60;
                let why = format!("the container {name} has said nothing for {minutes} minutes");
                return Err(Uncontained::Docker(why));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Hears until the connection breaks, the container ends, or nothing comes.
    async fn hear(
        &mut self,
        engine: &TaskEngine,
        name: &str,
        silent_since: &mut Instant,
        complaint: &mut Vec<u8>,
    ) -> Result<(), Uncontained> {
        let (mut output, mut messages) = (engine.output(name, true), Messages::default());
        let (mut noted, mut is_noted) = (Instant::now(), true);
        loop {
            let left = SILENCE.saturating_sub(silent_since.elapsed());
            let wait = if is_noted { left } else { left.min(QUIET) };
            let (is_error, bytes) = match tokio::time::timeout(wait, output.next()).await {
                Ok(Some(Ok(part))) => part,
                Err(_) if !is_noted => {
                    is_noted = self.note_heard().await;
                    continue;
                }
                _ => break,
            };
            self.brake.check()?;
            if is_error {
                complaint.extend_from_slice(&bytes);
                complaint.drain(..complaint.len().saturating_sub(COMPLAINT));
                continue;
            }
            for message in messages.take(&bytes) {
                let heard = self.kept.container.as_ref().map_or(0, |known| known.heard);
                if message.number <= heard {
                    continue;
                }
                if message.number > heard + 1 {
                    self.line.say(&format!("{} messages of the container are lost", message.number - heard - 1));
                }
                *silent_since = Instant::now();
                if let Some(known) = self.kept.container.as_mut() {
                    known.heard = message.number;
                }
                self.take(message.word);
                is_noted = false;
            }
            if noted.elapsed() >= NOTED {
                noted = Instant::now();
                is_noted = self.note_heard().await;
            }
        }
        self.note_heard().await;
        Ok(())
    }

    /// Notes what was heard, once it is on the server: a worker that is killed then neither loses nor repeats a line.
    async fn note_heard(&self) -> bool {
        let is_told = tokio::time::timeout(TOLD, self.line.flush()).await.is_ok();
        if is_told {
            self.files.note(&self.kept);
        }
        is_told
    }

    fn take(&mut self, word: Word) {
        match word {
            Word::Begun | Word::Beat => {}
            Word::Line(line) => self.line.say(&line),
            Word::Facts(facts) => {
                let Facts { state, outcome } = *facts;
                let outcome = self.merged(outcome);
                let verify = outcome.verify.clone().or_else(|| self.kept.outcome.verify.take());
                self.kept.outcome = JobOutcome { verify, ..outcome.clone() };
                self.line.tell(Facts { state, outcome });
            }
        }
    }

    /// What a container says of its job, as it is seen from here: its agents and sessions are not this machine's.
    fn merged(&self, inner: JobOutcome) -> JobOutcome {
        let redacted = |text: Option<String>| text.map(|text| self.secrets.redacted(&text));
        let verify =
            inner.verify.and_then(|verify| serde_json::from_str(&self.secrets.redacted(&verify.to_string())).ok());
        JobOutcome {
            agent: None,
            session: None,
            branch: self.kept.branch.clone(),
            summary: redacted(inner.summary),
            reason: redacted(inner.reason),
            verify,
            ..inner
        }
    }

    /// Takes commits and result out of a container that has ended, and removes it.
    pub(super) async fn collect(&mut self, engine: &TaskEngine) -> Result<(), Uncontained> {
        let Some(known) = self.kept.container.clone() else { return Ok(()) };
        let result = self.files.of_container(handover::RESULT);
        let work = self.files.of_container(handover::WORK);
        let folder = result.parent().map(ToOwned::to_owned).unwrap_or_default();
        let from = format!("{}/out", handover::ROOT);
        engine.take(&known.name, &from, &[handover::RESULT, handover::WORK], &folder).await?;
        let no_result = |why: &str| Uncontained::Docker(format!("the container {} left no result: {why}", known.name));
        let text = system::read_optional(&result).map_err(|error| no_result(&with_causes(&error)))?;
        let text = text.ok_or_else(|| no_result("the file is missing"))?;
        let inner: Handback = serde_json::from_slice(&text).map_err(|error| no_result(&error.to_string()))?;
        let start = self.kept.start.clone().unwrap_or_default();
        let branch = self.kept.branch.clone().unwrap_or_default();
        if work.is_file() {
            let taken = self.repository().take_bundle(&work, handover::RESULT_REF, &branch).await?;
            if inner.commit.as_ref() != Some(&taken) {
                return Err(no_result("its commits are not those that were judged"));
            }
        } else if inner.commit.as_ref().is_some_and(|commit| *commit != start) {
            return Err(no_result("its commits are missing"));
        }
        (self.kept.round, self.kept.ended) = (inner.round, inner.ended);
        self.kept.outcome = self.merged(inner.outcome);
        self.kept.phase = match inner.phase {
            Phase::Deliver => {
                self.kept.outcome.commit = inner.commit;
                let project = &self.kept.claimed.project.name;
                // the next job asks for it by its name anyway
                let _ = images::remember(&self.settings.images, project, &known.image);
                Phase::Deliver
            }
            Phase::End { ending: ending @ (Ending::Failed { .. } | Ending::Returned) } => Phase::End { ending },
            _ => return Err(no_result("it does not say how it ended")),
        };
        self.tell(QueueJobState::Verifying);
        self.save();
        let _ = engine.remove(&known.name).await;
        self.kept.container = None;
        Ok(())
    }
}
