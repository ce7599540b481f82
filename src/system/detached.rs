//! Processes in which harness does what no command waits for: spares, and what a replacement has left to drop.
//!
//! Each is this program with one of its hidden commands, in a process group of its own, so that it outlives the command
//! and its terminal. Its standard error is a log that each start begins anew. Nobody is told of one that cannot be started,
//! or is killed: what it would have done, the next command that needs it does.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{MARKER, Result, until_signal};

/// Such a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detached {
    /// The hidden command and its arguments.
    pub arguments: Vec<OsString>,
    /// All of its environment but the marker.
    pub environment: Vec<(String, String)>,
    /// By what those who end it find it.
    pub marker: String,
    /// The file that says why it failed; it and nothing else is created.
    pub log: PathBuf,
}

impl Detached {
    /// Starts it.
    pub fn start(&self) {
        use std::os::unix::process::CommandExt;
        let (Ok(harness), Ok(log)) = (std::env::current_exe(), File::create(&self.log)) else { return };
        let spawned = Command::new(harness)
            .args(&self.arguments)
            .current_dir("/")
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env(MARKER, &self.marker)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        if let Ok(mut child) = spawned {
            // a program that runs for long must not keep its zombie
            std::thread::spawn(move || child.wait());
        }
    }
}

/// All of such a process: works until it is done, or until SIGTERM or SIGINT, and logs why it failed.
///
/// # Errors
/// The runtime, or the signals, could not be set up; nothing was done.
pub fn work_detached(work: impl Future<Output = std::result::Result<(), String>>) -> Result<()> {
    until_signal(async {
        if let Err(said) = work.await {
            // a log that cannot be written changes nothing
            let _ = writeln!(std::io::stderr(), "{said}");
        }
    })
}
