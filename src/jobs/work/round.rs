//! A round of the program: its session from the start, or from where an earlier worker left it, to a commit.

use jiff::{SignedDuration, Timestamp};

use super::complete;
use super::cost::readable;
use super::job::Job;
use super::kept::Phase;
use super::line::OF_PROGRAM;
use super::program;
use super::prompt::{self, prompt, title};
use super::repository::{commit_rest, head};
use super::stack::{self, Stack};
use super::stop::{Step, Stop, in_words};
use super::watch::{Over, Watched, in_tree};
use crate::agent::{self, SessionRequest};
use crate::report::{QueueJobState, SessionState};
use crate::system::text::{cut, plain};

/// The size of the program's terminal until somebody joins.
const SIZE: (u16, u16) = (160, 48);
/// Bytes of a verdict that a prompt has; all of it is in a file.
const VERDICT: usize = 24 << 10;
/// How often it is noted what was heard.
const NOTED: SignedDuration = SignedDuration::from_secs(5);

impl Job {
    /// Starts the program, waits for the end of the round, commits.
    pub(super) async fn round(&mut self) -> Step {
        let name = self.kept.session();
        if self.kept.began_ms.is_none() {
            self.start(&name).await?;
        }
        self.tell(QueueJobState::Running);
        let (over, summary) = self.watch(&name).await?;
        let is_cut_short = over == Over::TooDear;
        let Some(stack) = self.stack() else { return Err(Stop::Failed("it has no stack".to_owned(), true)) };
        let limit = self.project().time_limit_s;
        let program = self.project().program.first().cloned().unwrap_or_default();
        let (ended, well) = match over {
            Over::Ended { how, well } => (format!("`{program}` {how}"), well),
            Over::Completed => (format!("`{program}` said that it was done"), true),
            // another attempt would take as long
            Over::TooLong => (format!("`{program}` did not end within {limit} s"), true),
            Over::TooDear => (format!("`{program}` was ended: {}", self.spent()), true),
            Over::Gone => ("the stack was removed under it".to_owned(), false),
        };
        self.line.say(&format!("round {}: {ended}", self.kept.round));
        // with all that it has started: nothing changes the tree from here on
        if stack::is_there(&self.context, &stack) {
            let _ = agent::end_session(&self.context, stack.agent, &name, true).await;
        }
        self.kept.ended = ended;
        if let Some(summary) = summary {
            let summary = self.secrets.redacted(&prompt::text(&summary));
            self.line.say(&format!("summary: {summary}"));
            self.kept.outcome.summary = Some(summary).filter(|summary| !summary.is_empty());
        }
        let stack = self.again(stack).await?;
        self.commit(&stack, well).await?;
        if is_cut_short {
            return Err(Stop::Failed(self.kept.ended.clone(), false));
        }
        (self.kept.phase, self.kept.began_ms) = (Phase::Verify, None);
        Ok(())
    }

    /// The stack as it is; another one with the work that was committed, where the program has removed it.
    pub(super) async fn again(&mut self, known: Stack) -> Step<Stack> {
        if stack::is_there(&self.context, &known) {
            return Ok(known);
        }
        self.line.say("the stack is gone: it is launched again, with what was committed");
        let branch = self.kept.branch.clone().unwrap_or_default();
        let stack = stack::launch(&self.context, &branch, &self.brake).await?;
        self.has(stack.clone());
        Ok(stack)
    }

    /// What the last round stopped or killed runs again; what it broke is for the verdict to say.
    pub(super) async fn repair(&self, known: &Stack) -> Step {
        let branch = self.kept.branch.as_deref().unwrap_or_default();
        match stack::repair(&self.context, known, branch, &self.brake).await {
            Err(stop @ (Stop::Leave | Stop::Lost)) => return Err(stop),
            Err(Stop::Failed(why, _) | Stop::NoRoom(why)) => self.line.say(&why),
            Ok(_) => {}
        }
        self.brake.check()
    }

    async fn start(&mut self, name: &str) -> Step {
        let Some(stack) = self.stack() else { return Err(Stop::Failed("it has no stack".to_owned(), true)) };
        let stack = self.again(stack).await?;
        self.repair(&stack).await?;
        let listed = agent::sessions(&self.context, stack.agent).await;
        let known = listed.map_err(|failure| Stop::machine("sessions", failure))?.sessions;
        // a worker that was killed between the start and the note of it
        if !known.iter().any(|row| row.name == name) {
            let request = self.request(name)?;
            self.line.say(&format!(
                "round {}: `{}`, at `{}harness attach {} {name}`",
                self.kept.round,
                request.command.first().map_or("", String::as_str),
                self.settings.reach,
                stack.agent
            ));
            let started = agent::start_session(&self.context, stack.agent, &request).await;
            started.map_err(|failure| Stop::Failed(in_words(&failure), true))?;
        }
        self.kept.began_ms = Some(Timestamp::now().as_millisecond());
        self.kept.heard_ms = None;
        self.kept.outcome.session = Some(name.to_owned());
        self.kept.outcome.round = Some(self.kept.round);
        self.save();
        Ok(())
    }

    fn request(&self, name: &str) -> Step<SessionRequest> {
        let machine = |error: crate::system::Error| Stop::machine("the prompt", error);
        let round = self.kept.round;
        let harness = std::env::current_exe().map_err(crate::system::Error::call("find the harness program"));
        let harness = harness.map_err(machine)?;
        let verify = self.verdict_of_last_round();
        let made = prompt::Round { number: round, ended: &self.kept.ended, verify: &verify, harness: &harness };
        let text = prompt(&self.kept.claimed, &made).map_err(|why| Stop::Failed(why, false))?;
        let file = self.files.prompt(round);
        crate::system::write_atomic(&file, text.as_bytes(), 0o600).map_err(machine)?;
        // of an earlier round
        let done = self.files.completion();
        for left in in_tree(&self.tree()).iter().chain([&done]) {
            crate::system::remove_if_exists(left).map_err(machine)?;
        }
        let mut environment = self.variables.all.clone();
        let own = [
            (complete::VARIABLE, done.display().to_string()),
            ("HARNESS_PROMPT_FILE", file.display().to_string()),
            ("HARNESS_TICKET", self.kept.claimed.ticket.id.to_string()),
            ("HARNESS_ROUND", round.to_string()),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let program = &self.project().program;
        let prompted = program::Prompted { round, text: &text, file: &file };
        Ok(SessionRequest {
            name: Some(name.to_owned()),
            command: program::command(program, &prompted, &self.settings.environment, self.left()),
            size: Some(SIZE),
            environment,
            secrets: self.variables.secret.clone(),
            ..SessionRequest::default()
        })
    }

    fn verdict_of_last_round(&self) -> String {
        let Some(document) = &self.kept.outcome.verify else { return String::new() };
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        if text.len() <= VERDICT {
            return text;
        }
        let file = self.files.verdict(self.kept.round - 1);
        format!("{}\n(cut; all of it is in {})", cut(&text, VERDICT), file.display())
    }

    async fn watch(&mut self, name: &str) -> Step<(Over, Option<String>)> {
        let Some(stack) = self.stack() else { return Err(Stop::Failed("it has no stack".to_owned(), true)) };
        let at = |milliseconds: i64| Timestamp::from_millisecond(milliseconds).unwrap_or_default();
        let began = at(self.kept.began_ms.unwrap_or_default());
        let limit = i64::try_from(self.project().time_limit_s).unwrap_or(i64::MAX / 2000);
        let until = began.checked_add(SignedDuration::from_secs(limit)).unwrap_or(Timestamp::MAX);
        // of a program that ended before it was noted that it began, all is new
        let since = self.kept.heard_ms.map_or(began - SignedDuration::from_secs(30), at);
        let completion = self.files.completion();
        let watched = Watched {
            context: &self.context,
            agent: stack.agent,
            session: name,
            until,
            completion: &completion,
            tree: &stack.tree,
        };
        let (line, files) = (self.line.clone(), self.files.clone());
        let (mut noted, mut kept) = (Timestamp::now(), self.kept.clone());
        let spending = self.project().cost_limit_usd;
        let mut heard = |time: Timestamp, bytes: &[u8]| {
            // what drives a terminal may surround what a program says
            let said = plain(&String::from_utf8_lossy(bytes));
            let is_last = kept.cost.hear(&said);
            for text in readable(&said).iter().map(|text| plain(text)).filter(|text| !text.trim().is_empty()) {
                line.say(&format!("{OF_PROGRAM}{text}"));
            }
            kept.heard_ms = Some(time.as_millisecond());
            if Timestamp::now().duration_since(noted) >= NOTED {
                noted = Timestamp::now();
                files.note(&kept);
            }
            is_last || !kept.cost.reaches(spending)
        };
        let over = watched.until_over(&self.brake, since, &mut heard).await;
        self.kept.cost = kept.cost;
        self.kept.outcome.cost_usd = kept.cost.total();
        over
    }

    /// What may still be spent, where that is limited.
    fn left(&self) -> Option<f64> {
        self.project().cost_limit_usd.map(|limit| self.kept.cost.left(limit))
    }

    /// Whether no more may be spent.
    pub(super) fn is_spent(&self) -> bool {
        self.kept.cost.reaches(self.project().cost_limit_usd)
    }

    /// That it is, in words.
    pub(super) fn spent(&self) -> String {
        let (cost, limit) = (self.kept.cost.total(), self.project().cost_limit_usd);
        let (cost, limit) = (cost.unwrap_or_default(), limit.unwrap_or_default());
        format!("${cost:.2} were spent, and `cost_limit_usd` is ${limit:.2}")
    }

    /// Commits what the program has left; a job without any change has failed.
    async fn commit(&mut self, stack: &Stack, well: bool) -> Step {
        let git = |error| Stop::machine("git", error);
        let ticket = &self.kept.claimed.ticket;
        let mut subject = self.secrets.redacted(&title(ticket));
        if subject.is_empty() {
            subject = format!("Ticket {}", ticket.id);
        }
        let message = format!("{}\n\nTicket {}, round {}.", cut(&subject, 200), ticket.id, self.kept.round);
        if commit_rest(&stack.tree, &message).await.map_err(git)? {
            self.line.say("committed what was not");
        }
        let head = head(&stack.tree).await.map_err(git)?;
        let is_like = |known: &Option<String>| known.as_ref() == Some(&head);
        let is_pushed = self.kept.claimed.ticket.pull_request.is_some();
        if is_like(&self.kept.start) && (is_like(&self.kept.base) || is_pushed) {
            let ended = &self.kept.ended;
            // one that fails at once may lack a login, or its service
            return Err(Stop::Failed(format!("nothing was changed: {ended}"), !well && self.kept.round == 1));
        }
        for file in in_tree(&stack.tree) {
            let _ = crate::system::remove_if_exists(&file);
        }
        Ok(())
    }

    /// Ends the session of this round, if it runs.
    pub(super) async fn end_program(&self, stack: &Stack) {
        let Ok(listed) = agent::sessions(&self.context, stack.agent).await else { return };
        let prefix = format!("job-{}-", self.kept.id());
        for row in listed.sessions.iter().filter(|row| row.name.starts_with(&prefix)) {
            if row.state != SessionState::Ended {
                let _ = agent::end_session(&self.context, stack.agent, &row.name, true).await;
            }
        }
    }
}
