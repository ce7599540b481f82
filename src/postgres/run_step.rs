//! Runs a step, whichever kind it is.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::diagnostic;
use crate::project::StepAction;
use crate::report::Task;
use crate::system::{CommandSpec, Ending};

use super::{Error, Result, Step, script};

/// Runs a step; returns how long it took. A command sees `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
/// `PGDATABASE`, and `DATABASE_URL` unless its environment has one already.
///
/// # Errors
/// [`Error::Step`] or [`Error::Script`] with the first diagnostic and the last lines as details.
pub async fn run_step(step: &Step<'_>, task: &Task) -> Result<Duration> {
    let began = Instant::now();
    match step.action {
        StepAction::Run(command) => run_command(step, command, task).await?,
        StepAction::Sql(file) => script::run(step, file).await?,
    }
    Ok(began.elapsed())
}

async fn run_command(step: &Step<'_>, command: &str, task: &Task) -> Result<()> {
    let dir = step.working_dir.map_or_else(|| PathBuf::from(step.tree), |dir| step.tree.join(dir));
    let mut environment = step.environment.clone();
    let own_url = environment.iter().any(|(name, _)| name == "DATABASE_URL");
    environment.extend(step.login.environment().into_iter().filter(|(name, _)| !own_url || name != "DATABASE_URL"));
    let spec = CommandSpec::shell(command, dir, environment).with_timeout(step.timeout);
    let output = diagnostic::run_step(spec, command, step.tree, |line| task.output(line))
        .await
        .map_err(|source| Error::Start { step: step.name.to_owned(), source })?;
    if output.ending.is_success() {
        return Ok(());
    }
    let ending = match output.ending {
        Ending::TimedOut => step.timed_out(),
        other => other.to_string(),
    };
    Err(Error::Step { step: step.name.to_owned(), ending, output: output.tail })
}
