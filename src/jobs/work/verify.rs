//! The verdict on a round.

use serde_json::Value;

use super::job::Job;
use super::kept::Phase;
use super::stop::{Step, Stop};
use crate::agent;
use crate::report::verify::{Outcome, Reason};
use crate::report::{QueueJobState, Verify};
use crate::system::text::first_line;
use crate::verify::{self, Judgement};

/// Bytes of a verdict that are kept in the queue.
const LONGEST: usize = 256 << 10;

impl Job {
    /// Runs `verify --full`: then comes the push, another round, or the end.
    pub(super) async fn verify(&mut self) -> Step {
        self.tell(QueueJobState::Verifying);
        let Some(known) = self.stack() else { return Err(Stop::Failed("it has no stack".to_owned(), true)) };
        let known = self.again(known).await?;
        self.repair(&known).await?;
        self.line.say(&format!("round {}: verify --full", self.kept.round));
        let judgement = Judgement { full: true, keep_going: true, ..Judgement::default() };
        let judged = verify::judge(&self.context, known.agent, &judgement, agent::interrupted()).await;
        self.brake.check()?;
        let verdict = judged.unwrap_or_else(|failure| verify::could_not_judge(&failure, Some(known.agent.get()), true));
        let document = verdict.document;
        if document.error.as_ref().is_some_and(|error| error.code == "interrupted") {
            return Err(self.brake.interrupted());
        }
        self.keep(&document);
        self.tell(QueueJobState::Verifying);
        if document.status == Outcome::Pass {
            self.line.say("verify: pass");
            self.kept.phase = Phase::Deliver;
            return Ok(());
        }
        let why = why(&document);
        self.line.say(&format!("verify: fail: {why}"));
        let text = format!("verify fails after round {}: {why}", self.kept.round);
        match document.reason {
            Some(Reason::Configuration) => return Err(Stop::Failed(text, false)),
            Some(Reason::Environment) => return Err(Stop::Failed(text, true)),
            _ if self.kept.round >= self.project().rounds => return Err(Stop::Failed(text, false)),
            _ if self.is_spent() => return Err(Stop::Failed(format!("{text}; {}", self.spent()), false)),
            _ => {}
        }
        self.kept.round += 1;
        self.kept.cost.next_round();
        self.kept.phase = Phase::Work;
        Ok(())
    }

    fn keep(&mut self, document: &Verify) {
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        let text = self.secrets.redacted(&text);
        let _ = crate::system::write_atomic(&self.files.verdict(self.kept.round), text.as_bytes(), 0o600);
        let kept: Option<Value> = serde_json::from_str(&text).ok().filter(|_| text.len() <= LONGEST);
        // of a very long one, what it came to
        self.kept.outcome.verify = Some(kept.unwrap_or_else(|| {
            let short = Verify { stages: Vec::new(), ..document.clone() };
            serde_json::to_value(short).unwrap_or_default()
        }));
    }
}

/// Why it is a fail, on one line.
fn why(document: &Verify) -> String {
    if let Some(error) = &document.error {
        return error.message.clone();
    }
    let failed = document.stages.iter().find_map(|stage| Some((stage, stage.first_error.as_deref()?)));
    match (failed, document.reason) {
        (Some((stage, error)), _) => format!("{}: {}", stage.name, first_line(error)),
        (None, Some(reason)) => reason.to_string(),
        (None, None) => "no reason was given".to_owned(),
    }
}
