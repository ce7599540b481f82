//! Runs the small programs of a set-up (`initdb`, `pg_config`, `pip`) and keeps the end of what they print.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::infra::error::{Error, Result};
use crate::system::text::last_lines;
use crate::system::{self, ServiceUser};

/// Lines of output that an error shows.
const TAIL: usize = 20;

/// A command with a clean, English environment, run as `user` when there is one.
pub(in crate::infra) fn command(program: &Path, directory: &Path, user: Option<&ServiceUser>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment()).current_dir(directory);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    command
}

/// What programs and servers of the infra get: nothing of the caller's, so that the same command gives the
/// same server wherever it is typed.
pub(in crate::infra) fn environment() -> [(&'static str, &'static str); 3] {
    [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
    ]
}

/// Runs it to its end and returns its standard output.
///
/// # Errors
/// It could not be started, failed, or took longer than `limit`.
pub(in crate::infra) async fn run(mut command: Command, limit: Duration) -> Result<String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let Ok(ended) = tokio::time::timeout(limit, command.output()).await else {
        return Err(Error::Program {
            program,
            status: format!("not done after {} s", limit.as_secs()),
            tail: Vec::new(),
        });
    };
    let output = ended.map_err(system::Error::call(format!("run `{program}`")))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let text = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
    let tail = last_lines(&text, TAIL).into_iter().map(str::to_owned).collect();
    Err(Error::Program { program, status: output.status.to_string(), tail })
}
