//! Starting the process that refills. This layer does not know whose launch it was.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::super::Server;
use super::entry::{COMMAND, VARIABLES};
use crate::system::{self, StackName};

/// The file in the home's directory of shared servers that says why the last refill failed.
pub const LOG: &str = "spares.log";

/// Spares that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refill {
    server: Server,
    home_id: String,
    project: String,
    template: String,
    count: usize,
}

impl Refill {
    /// `count` spares of `template`.
    pub fn new(server: &Server, home_id: &str, project: &str, template: &str, count: usize) -> Self {
        let [home_id, project, template] = [home_id, project, template].map(str::to_owned);
        Self { server: server.clone(), home_id, project, template, count }
    }

    /// Starts the process, which outlives this one; `directory` is the home's of the shared servers. What cannot be
    /// started now is made up for by the next launch.
    pub fn start(&self, directory: &Path) {
        use std::os::unix::process::CommandExt;
        let server = &self.server;
        if server.access.external {
            return;
        }
        let (Ok(harness), Ok(log)) = (std::env::current_exe(), File::create(directory.join(LOG))) else { return };
        let values = [&server.host, &server.port.to_string(), &server.database, &server.user, server.password.expose()]
            .map(ToOwned::to_owned);
        let spawned = Command::new(harness)
            .args([COMMAND, &self.home_id, &self.project, &self.template, &self.count.to_string()])
            .current_dir("/")
            .env_clear()
            .envs(VARIABLES.into_iter().zip(values))
            .env(system::MARKER, system::marker_value(&self.home_id, &StackName::Infra.to_string()))
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
