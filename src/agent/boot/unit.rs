//! The texts of the units.
//!
//! `KillMode=process`: what a command of the unit started outlives it, and stacks that `harness serve` launches outlive
//! `serve`. What ends them in order is `harness enable --down`, wherever they were started. `OOMPolicy=continue`: a process
//! of one agent that the kernel ends for its memory must not end everybody's.

use std::path::Path;

use crate::report::UnitScope;

/// Begins every unit that harness writes: the permission to replace or remove it.
pub(super) const MARK: &str = "# Written by `harness enable`; `harness disable` removes it.";

/// What the texts depend on.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    pub scope: UnitScope,
    pub target: &'a str,
    /// Harness itself.
    pub program: &'a Path,
    /// The home.
    pub home: &'a Path,
    /// `PATH` of the command that enables: the programs that it finds are those that the units find.
    pub path: Option<&'a str>,
}

/// The unit of the servers and stacks.
pub(super) fn stacks(around: &Surroundings<'_>) -> String {
    let (program, environment) = (program(around), environment(around));
    // a user's units cannot wait for the system's
    let after = match around.scope {
        UnitScope::System => "Wants=network-online.target\nAfter=network-online.target docker.service\n",
        UnitScope::User => "",
    };
    format!(
        "{MARK}\n[Unit]\nDescription=Shared servers and stacks of harness\n{after}\n\
         [Service]\nType=oneshot\nRemainAfterExit=yes\n{environment}\
         ExecStart={program} enable --up\nExecStop={program} enable --down\n\
         TimeoutStartSec=30min\nTimeoutStopSec=2min\nKillMode=process\nOOMPolicy=continue\nTasksMax=infinity\n\n\
         [Install]\nWantedBy={}\n",
        around.target
    )
}

/// The unit of `harness serve`.
pub(super) fn serve(around: &Surroundings<'_>) -> String {
    let (program, environment) = (program(around), environment(around));
    format!(
        "{MARK}\n[Unit]\nDescription=harness serve\nStartLimitIntervalSec=0\n\n\
         [Service]\n{environment}ExecStart={program} serve\nRestart=on-failure\nRestartSec=10s\n\
         TimeoutStopSec=40s\nKillMode=process\nOOMPolicy=continue\nTasksMax=infinity\n\n\
         [Install]\nWantedBy={}\n",
        around.target
    )
}

fn program(around: &Surroundings<'_>) -> String {
    // in a command line a dollar begins a variable
    quoted(&around.program.display().to_string()).replace('$', "$$")
}

fn environment(around: &Surroundings<'_>) -> String {
    let home = format!("HARNESS_HOME={}", around.home.display());
    let path = around.path.map(|path| format!("PATH={path}"));
    // gives HOME and SHELL to the system's, as a user's have them
    let user = if around.scope == UnitScope::System { "User=root\n" } else { "" };
    let lines = std::iter::once(home).chain(path).map(|line| format!("Environment={}\n", quoted(&line)));
    format!("{user}{}", lines.collect::<String>())
}

/// As systemd reads it: percent signs are specifiers.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_would_read_otherwise_is_quoted() {
        let around = Surroundings {
            scope: UnitScope::User,
            target: "default.target",
            program: Path::new("/opt/a $b/harness"),
            home: Path::new("/home/a b/100%"),
            path: Some("/x:/y\"z"),
        };
        let text = stacks(&around);
        assert!(text.starts_with(MARK));
        for line in [
            "ExecStart=\"/opt/a $$b/harness\" enable --up",
            "Environment=\"HARNESS_HOME=/home/a b/100%%\"",
            "Environment=\"PATH=/x:/y\\\"z\"",
            "WantedBy=default.target",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("docker.service"), "{text}");
    }
}
