//! harness itself, as a process: what it does takes minutes, and must neither delay its caller nor die with a panic of
//! its own.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use crate::system::{self, Home};

/// How commands of harness are started.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) binary: PathBuf,
    home: PathBuf,
    environment: BTreeMap<String, String>,
    /// The commands at work.
    running: Rc<RefCell<BTreeSet<u32>>>,
    stopped: Rc<Cell<bool>>,
}

/// Why there is no document.
#[derive(Debug)]
pub(super) struct NoDocument(pub(super) String);

impl From<system::Error> for NoDocument {
    fn from(error: system::Error) -> Self {
        Self(system::with_causes(&error))
    }
}

impl Own {
    /// The program that runs now, with this environment and nothing else.
    ///
    /// # Errors
    /// It cannot be found.
    pub(super) fn of(home: &Home, environment: BTreeMap<String, String>) -> system::Result<Self> {
        let binary = std::env::current_exe().map_err(system::Error::call("find the program of harness"))?;
        let (running, stopped) = (Rc::default(), Rc::default());
        Ok(Self { binary, home: home.path().to_owned(), environment, running, stopped })
    }

    /// Asks the commands at work to end, as Ctrl-C does, and starts none from here on but those that remove.
    pub(super) fn stop(&self) {
        self.stopped.set(true);
        for pid in self.running.borrow().iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
            // one that has just ended is not reaped yet
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// A command that ends with its caller.
    pub(super) fn command(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(directory).env_clear().envs(&self.environment);
        command.env("HARNESS_HOME", &self.home).env_remove("AGENT_ID");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a command; its document.
    ///
    /// # Errors
    /// It does not end in time, or prints none.
    pub(super) async fn document(
        &self,
        directory: &Path,
        arguments: &[&str],
        limit: Duration,
    ) -> Result<Value, NoDocument> {
        let verb = arguments.first().copied().unwrap_or_default();
        let name = format!("harness {verb}");
        if self.stopped.get() && verb != "teardown" {
            return Err(NoDocument("it was interrupted".to_owned()));
        }
        let child = self.command(directory, arguments).arg("--json").spawn();
        let mut child = child.map_err(system::Error::call("start harness"))?;
        let pid = child.id().unwrap_or_default();
        self.running.borrow_mut().insert(pid);
        let (mut out, mut said) = (Vec::new(), Vec::new());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let output = async {
            tokio::join!(
                async {
                    if let Some(mut stdout) = stdout {
                        let _ = stdout.read_to_end(&mut out).await;
                    }
                },
                async {
                    if let Some(mut stderr) = stderr {
                        let _ = stderr.read_to_end(&mut said).await;
                    }
                }
            );
            child.wait().await
        };
        let ended = tokio::time::timeout(limit, output).await;
        self.running.borrow_mut().remove(&pid);
        let status = ended.map_err(|_| NoDocument(format!("`{name}` did not end within {} s", limit.as_secs())))?;
        let status = status.map_err(system::Error::call("wait for harness"))?;
        serde_json::from_slice(&out).map_err(|_| {
            let said = String::from_utf8_lossy(&said);
            let lines: Vec<&str> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(5)..].join("; ");
            NoDocument(format!("`{name}` ended with {status} and no document: {last}"))
        })
    }
}

/// What is wrong, in a document: its own error, or that of an agent in it.
pub(super) fn error_of(document: &Value) -> Option<String> {
    let agents = document["agents"].as_array().into_iter().flatten().map(|agent| &agent["error"]);
    let error = std::iter::once(&document["error"]).chain(agents).find(|error| error.is_object())?;
    let mut parts = vec![error["message"].as_str().unwrap_or_default().to_owned()];
    for list in ["causes", "details"] {
        parts.extend(error[list].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    Some(parts.join("; "))
}
