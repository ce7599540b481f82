//! One command of a stage, from its start to its diagnosis.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::http;
use super::network::{Watching, explained, foreign};
use super::plan::{PlannedCheck, PlannedCommand, PlannedStage};
use crate::diagnostic::{Diagnosis, Failing, Logged, diagnose, diagnose_all};
use crate::report::verify::{Command, StageStatus};
use crate::report::{Events, milliseconds};
use crate::system::loopback_map::Watch;
use crate::system::{self, CommandSpec, Ending};

/// A command that prints more than this has its last lines kept, not what lies between.
const LOG_LIMIT: u64 = 1024 * 1024 * 1024;
/// How often a person is shown the last line.
const GLANCE: Duration = Duration::from_millis(100);

/// Where and how commands of a run are run.
pub(super) struct Surroundings<'a> {
    /// The tree's root.
    pub(super) tree: &'a Path,
    /// Complete.
    pub(super) environment: &'a [(String, String)],
    /// What progress is about: `agent 3`.
    pub(super) subject: &'a str,
    /// Every line is reported, not just one now and then.
    pub(super) every_line: bool,
    /// Every failure is looked for, not just the first.
    pub(super) every_failure: bool,
    /// Sees whose servers they talk to.
    pub(super) watching: &'a Watching,
    /// Progress.
    pub(super) events: &'a Events,
}

/// A command that ended.
pub(super) struct Ended {
    /// As it is reported.
    pub(super) report: Command,
    /// Whether its first error begins with a place.
    pub(super) located: bool,
    /// Every failure, where it was asked for and the command failed.
    pub(super) failures: Vec<Failing>,
}

/// Runs `command`; every way in which it can go wrong is an [`Ended`].
pub(super) async fn run(
    stage: &PlannedStage,
    command: &PlannedCommand,
    log: PathBuf,
    around: &Surroundings<'_>,
) -> Ended {
    let began = Instant::now();
    // it may be overtaken, or interrupted
    let task = around.events.task(around.subject, format!("{}: {}", stage.name, command.name)).cancellable();
    let watch = around.watching.of_command(stage);
    let mut outcome = match &command.check {
        PlannedCheck::Shell(line) => {
            let how = (stage.timeout, watch.clone());
            shell(line, command, how, &log, around, &task).await
        }
        PlannedCheck::Http { host, port, path } => {
            ask(host.as_deref(), *port, path, (stage.timeout, watch.as_ref()), &log).await
        }
    };
    let strangers = watch.map(|watch| watch.found()).unwrap_or_default();
    // what it says itself comes first
    let own = outcome.diagnosis.clone();
    if !strangers.is_empty() {
        let text = own.iter().map(|own| own.text.clone()).chain([explained(&strangers)]).collect::<Vec<_>>().join("\n");
        outcome.diagnosis = Some(Diagnosis { text, located: own.as_ref().is_some_and(|own| own.located) });
        if outcome.status == StageStatus::Pass {
            outcome.status = StageStatus::Fail;
        }
    }
    if outcome.status == StageStatus::Pass {
        task.finish();
    } else {
        task.fail();
    }
    let mut failures = Vec::new();
    // compared with other runs by what it says itself, if it says anything
    if let Some(first) = own.as_ref().or(outcome.diagnosis.as_ref()).filter(|_| around.every_failure) {
        // what a command printed that passed by itself is no failure
        if let (PlannedCheck::Shell(line), false) = (&command.check, outcome.exit_code == Some(0)) {
            failures = diagnose_all(&log, &logged(line, command, around)).await;
        }
        if failures.is_empty() {
            failures.push(Failing { text: first.text.clone(), test: None });
        }
    }
    Ended {
        failures,
        located: outcome.diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.located),
        report: Command {
            name: command.name.clone(),
            status: outcome.status,
            exit_code: outcome.exit_code,
            signal: outcome.signal,
            duration_ms: milliseconds(began.elapsed()),
            log: Some(log.to_string_lossy().into_owned()),
            first_error: outcome.diagnosis.map(|diagnosis| diagnosis.text),
            foreign_servers: foreign(&strangers),
        },
    }
}

fn logged<'a>(line: &'a str, command: &'a PlannedCommand, around: &Surroundings<'a>) -> Logged<'a> {
    Logged { line, tree: around.tree, working_dir: &command.working_dir, error_pattern: command.error_pattern.as_ref() }
}

/// A command that is not run.
pub(super) fn skipped(name: &str) -> Command {
    not_run(name, StageStatus::Skipped)
}

/// A command that is not run, because its inputs are those of its last pass.
pub(super) fn cached(name: &str) -> Command {
    not_run(name, StageStatus::Cached)
}

fn not_run(name: &str, status: StageStatus) -> Command {
    Command {
        name: name.to_owned(),
        status,
        exit_code: None,
        signal: None,
        duration_ms: 0,
        log: None,
        first_error: None,
        foreign_servers: Vec::new(),
    }
}

struct Outcome {
    status: StageStatus,
    exit_code: Option<i32>,
    signal: Option<i32>,
    diagnosis: Option<Diagnosis>,
}

impl Outcome {
    fn unlocated(status: StageStatus, text: String) -> Self {
        Self { status, exit_code: None, signal: None, diagnosis: Some(Diagnosis { text, located: false }) }
    }
}

async fn shell(
    line: &str,
    command: &PlannedCommand,
    (timeout, watch): (Duration, Option<Watch>),
    log: &Path,
    around: &Surroundings<'_>,
    task: &crate::report::Task,
) -> Outcome {
    let mut environment = around.environment.to_vec();
    environment.extend(command.environment.iter().cloned());
    let mut spec = CommandSpec::shell(line, around.tree.join(&command.working_dir), environment)
        .with_timeout(timeout)
        .with_log(log);
    spec.log_limit = LOG_LIMIT;
    spec.watch = watch;
    let mut glanced = Instant::now();
    let ended = system::run(&spec, |line| {
        if around.every_line || glanced.elapsed() > GLANCE {
            glanced = Instant::now();
            task.output(line);
        }
    })
    .await;
    let output = match ended {
        Ok(output) => output,
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
            return Outcome::unlocated(StageStatus::Fail, format!("{error}{cause}"));
        }
    };
    if output.log_lost > 0 {
        append_tail(log, &output);
    }
    let (status, exit_code, signal) = match output.ending {
        Ending::Exited(0) => {
            return Outcome { status: StageStatus::Pass, exit_code: Some(0), signal: None, diagnosis: None };
        }
        Ending::Exited(code) => (StageStatus::Fail, Some(code), None),
        Ending::Signalled(signal) => (StageStatus::Fail, None, Some(signal)),
        Ending::TimedOut => (StageStatus::Timeout, None, None),
    };
    let found = diagnose(log, &logged(line, command, around)).await;
    let ending = || match output.ending {
        Ending::TimedOut => Some(format!("`{}` did not end within {}", command.name, spelled(timeout))),
        Ending::Signalled(_) => Some(format!("`{}` was {}", command.name, output.ending)),
        Ending::Exited(code) => {
            found.is_none().then(|| format!("`{}` exited with status {code} and printed nothing", command.name))
        }
    };
    let diagnosis = match &found {
        Some(diagnosis) if diagnosis.located => found,
        other => {
            let lines = other.as_ref().map(|diagnosis| diagnosis.text.clone());
            let text: Vec<String> = ending().into_iter().chain(lines).collect();
            Some(Diagnosis { text: text.join("\n"), located: false })
        }
    };
    Outcome { status, exit_code, signal, diagnosis }
}

/// Puts the last lines below a log that could not hold everything.
fn append_tail(log: &Path, output: &system::Output) {
    use std::io::Write;
    // on a full disk the note is lost too
    if let Ok(mut file) = std::fs::OpenOptions::new().append(true).open(log) {
        let note = format!("\n[harness: {} bytes were not kept; the last lines are:]\n", output.log_lost);
        let _ = file.write_all(format!("{note}{}\n", output.tail.join("\n")).as_bytes());
    }
}

async fn ask(
    host: Option<&str>,
    port: u16,
    path: &str,
    (timeout, watch): (Duration, Option<&Watch>),
    log: &Path,
) -> Outcome {
    // what it finds is noted
    let look = |peer| drop(watch.map(|watch| watch.look(peer)));
    let Ok(answer) = tokio::time::timeout(timeout, http::get(host, port, path, look)).await else {
        let text = format!(
            "GET http://{}:{port}{path} did not answer within {}",
            host.unwrap_or("127.0.0.1"),
            spelled(timeout)
        );
        let _ = std::fs::write(log, &text);
        return Outcome::unlocated(StageStatus::Timeout, text);
    };
    // the log is for reading only: what it would have said is in the report
    let _ = std::fs::write(log, &answer.log);
    if answer.ok {
        return Outcome { status: StageStatus::Pass, exit_code: None, signal: None, diagnosis: None };
    }
    Outcome::unlocated(StageStatus::Fail, answer.text)
}

fn spelled(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
