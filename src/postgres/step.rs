//! One step: a shell command or a file of SQL, against one database. Used by templates and `post_clone`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::project::StepAction;
use crate::report::Task;
use crate::system::{CommandSpec, run};

use super::{DatabaseCredentials, Error, Result, script};

/// A step with everything it needs.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// What it does.
    pub action: &'a StepAction,
    /// The tree that paths are relative to.
    pub tree: &'a Path,
    /// Where a command runs, relative to the tree.
    pub working_dir: Option<&'a Path>,
    /// The complete environment, but for `PG*`, which come from `login`.
    pub environment: Vec<(String, String)>,
    /// The database it works on.
    pub login: &'a DatabaseCredentials,
    /// When it is ended.
    pub timeout: Duration,
}

/// Runs a step; returns how long it took. A command sees `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`,
/// `PGDATABASE`, and `DATABASE_URL` unless its environment has one already.
///
/// # Errors
/// [`Error::Step`] or [`Error::Script`] with the last lines as details.
pub async fn run_step(step: &Step<'_>, task: &Task) -> Result<Duration> {
    let began = Instant::now();
    match step.action {
        StepAction::Run(command) => run_command(step, command, task).await?,
        StepAction::Sql(file) => script::run(step, file).await?,
    }
    Ok(began.elapsed())
}

pub(super) fn timed_out(limit: Duration) -> String {
    format!("timed out after {} s", limit.as_secs_f64())
}

async fn run_command(step: &Step<'_>, command: &str, task: &Task) -> Result<()> {
    let dir = step.working_dir.map_or_else(|| PathBuf::from(step.tree), |dir| step.tree.join(dir));
    let mut environment = step.environment.clone();
    let own_url = environment.iter().any(|(name, _)| name == "DATABASE_URL");
    environment.extend(step.login.environment().into_iter().filter(|(name, _)| !own_url || name != "DATABASE_URL"));
    let spec = CommandSpec::shell(command, dir, environment).with_timeout(step.timeout);
    let output = run(&spec, |line| task.output(line))
        .await
        .map_err(|source| Error::Start { step: step.name.to_owned(), source })?;
    if output.ending.is_success() {
        return Ok(());
    }
    let ending = match output.ending {
        crate::system::Ending::TimedOut => timed_out(step.timeout),
        other => other.to_string(),
    };
    Err(Error::Step { step: step.name.to_owned(), ending, output: output.tail })
}
