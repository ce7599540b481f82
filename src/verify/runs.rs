//! What is kept of runs: their logs for a while, and what they proved.
//!
//! ```text
//! <directory>/state.json        the last full pass, the last run
//! <directory>/lock              held by the run at work
//! <directory>/running.json      the mark of its processes
//! <directory>/passes.json       of which inputs commands have passed (`affected`)
//! <directory>/runs/<run>/       a log a command, report.json
//! ```

use std::path::{Path, PathBuf};

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::Error;
use crate::report::verify::{Outcome, Reason, RecordedRun, Verify};
use crate::system::proc::{StopPatience, stop_processes};
use crate::system::{self, FileLock, Versioned, read_versioned, write_fleeting, write_versioned};

/// How many runs' logs are kept, the present one included; that of the last full pass besides, which can be signed.
const KEPT: usize = 5;
/// The variable that marks every process of a run.
pub(super) const VARIABLE: &str = "HARNESS_VERIFY";

/// The folder of one agent's runs.
pub(super) struct Runs {
    directory: PathBuf,
}

/// What runs proved.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct History {
    pub(super) last_full_pass: Option<Proof>,
    pub(super) last_run: Option<Proof>,
}

/// One run, and the plan that it was of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Proof {
    #[serde(flatten)]
    pub(super) run: RecordedRun,
    pub(super) plan: String,
}

impl Versioned for History {
    const WHAT: &'static str = "record of verify";
    const VERSION: u32 = 1;
}

#[derive(Serialize, Deserialize)]
struct Mark {
    mark: String,
}

impl Versioned for Mark {
    const WHAT: &'static str = "mark of a running verify";
    const VERSION: u32 = 1;
}

/// The run at work: no other run uses this folder meanwhile.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) directory: PathBuf,
    /// The value of [`VARIABLE`].
    pub(super) mark: String,
    runs: PathBuf,
    over: bool,
    _lock: FileLock,
}

impl Runs {
    pub(super) fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// What is recorded; nothing when there was no run.
    pub(super) fn history(&self) -> Result<History, Error> {
        Ok(read_versioned(&self.directory.join("state.json"))?.unwrap_or_default())
    }

    /// The document of the last run; `None` when there was none, or it is no longer kept.
    pub(super) fn last_report(&self) -> Result<Option<Verify>, Error> {
        let Some(last) = self.history()?.last_run else { return Ok(None) };
        self.report(&last.run.run)
    }

    /// The document of a run; `None` when it is no longer kept.
    pub(super) fn report(&self, run: &str) -> Result<Option<Verify>, Error> {
        let path = self.directory.join("runs").join(run).join("report.json");
        let Some(bytes) = system::read_optional(&path)? else { return Ok(None) };
        let damaged = |source| system::Error::Damaged { what: "report of verify", path: path.clone(), source };
        Ok(Some(serde_json::from_slice(&bytes).map_err(damaged)?))
    }

    /// Begins a run. What a run that was killed has left behind is killed; `swept` is called with how many
    /// processes that were.
    pub(super) fn begin(&self, swept: impl FnOnce(usize)) -> Result<Run, Error> {
        system::create_private_dir(&self.directory, 0o700)?;
        let lock = FileLock::try_acquire(&self.directory.join("lock"), "verify")?.map_err(Error::Busy)?;
        let marked = self.directory.join("running.json");
        if let Ok(Some(Mark { mark })) = read_versioned::<Mark>(&marked) {
            let left = kill_marked(&mark);
            if left > 0 {
                swept(left);
            }
        }
        let now = jiff::Timestamp::now();
        let name = format!("{}-{:04x}", now.strftime("%Y%m%dT%H%M%S%.3fZ"), rand::rng().random::<u16>());
        let directory = self.directory.join("runs").join(&name);
        system::create_private_dir(&directory, 0o700)?;
        let mark = format!("{name}-{:016x}", rand::rng().random::<u64>());
        // a crash of the machine ends the processes too
        write_fleeting(&marked, &Mark { mark: mark.clone() })?;
        Ok(Run { name, directory, mark, runs: self.directory.clone(), over: false, _lock: lock })
    }
}

impl Run {
    /// Ends it without a word of what it proved.
    pub(super) fn leave(mut self) -> Result<(), Error> {
        self.over = true;
        let _ = system::remove_if_exists(&self.runs.join("running.json"))?;
        self.prune();
        Ok(())
    }

    /// Keeps the document and what it proves; removes the logs of old runs.
    pub(super) fn end(
        mut self,
        document: &Verify,
        tree: Option<&str>,
        everything: bool,
        plan: &str,
    ) -> Result<(), Error> {
        self.over = true;
        let report = self.directory.join("report.json");
        let bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
        std::fs::write(&report, bytes).map_err(system::Error::file("write", &report))?;
        let runs = Runs { directory: self.runs.clone() };
        // a damaged record proves nothing, and must not stand in the way of a new one
        let mut history = runs.history().unwrap_or_default();
        let run = RecordedRun {
            run: self.name.clone(),
            status: document.status,
            reason: document.reason,
            full: everything,
            tree: tree.map(str::to_owned),
            finished_at: jiff::Timestamp::now().to_string(),
        };
        let proof = Proof { run, plan: plan.to_owned() };
        if everything && document.status == Outcome::Pass {
            history.last_full_pass = Some(proof.clone());
        }
        let refuted = matches!(document.reason, Some(Reason::StageFailed | Reason::ForeignServer))
            && history.last_full_pass.as_ref().is_some_and(|pass| pass.run.tree.as_deref() == tree);
        if refuted {
            history.last_full_pass = None;
        }
        history.last_run = Some(proof);
        let path = self.runs.join("state.json");
        // without the record of a run nothing is proved, so only a proof has to survive a crash of the machine
        if everything && document.status == Outcome::Pass {
            write_versioned(&path, &history)?;
        } else {
            write_fleeting(&path, &history)?;
        }
        let _ = system::remove_if_exists(&self.runs.join("running.json"))?;
        self.prune();
        Ok(())
    }

    fn prune(&self) {
        let folder = self.runs.join("runs");
        let Ok(entries) = std::fs::read_dir(&folder) else { return };
        let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort_unstable();
        let runs = Runs { directory: self.runs.clone() };
        let proof = runs.history().ok().and_then(|history| history.last_full_pass).map(|pass| pass.run.run);
        for name in names.iter().rev().skip(KEPT).filter(|name| proof.as_ref() != Some(*name)) {
            let _ = std::fs::remove_dir_all(folder.join(name));
        }
    }

    /// The log of a command; its name is safe and unique whatever the project calls things.
    pub(super) fn log(&self, stage: (usize, &str), command: (usize, &str)) -> PathBuf {
        let safe = |name: &str| -> String {
            name.chars()
                .take(60)
                .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
                .collect()
        };
        self.directory.join(format!("{}-{}.{}-{}.log", stage.0 + 1, safe(stage.1), command.0 + 1, safe(command.1)))
    }
}

/// A run that was overtaken leaves nothing: what it had started has ended before.
impl Drop for Run {
    fn drop(&mut self) {
        if !self.over {
            let _ = std::fs::remove_dir_all(&self.directory);
            let _ = system::remove_if_exists(&self.runs.join("running.json"));
        }
    }
}

/// Kills what has a run's marker in its environment, until nothing is left; returns how many processes there were.
fn kill_marked(mark: &str) -> usize {
    stop_processes(StopPatience::NONE, || system::processes_with_variable(VARIABLE, mark)).killed.len()
}
