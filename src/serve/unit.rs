//! `harness serve unit`: the server as a unit of systemd.

use std::collections::BTreeMap;
use std::path::Path;

use super::run::Options;
use crate::system::Home;

/// A unit for the system where `is_root`, else for the user; `harness` is the program.
pub fn unit(
    home: &Home,
    environment: &BTreeMap<String, String>,
    options: &Options,
    harness: &Path,
    is_root: bool,
) -> String {
    let command = format!("{} serve {}", quoted(&harness.display().to_string()), options.words().join(" "));
    let path = environment.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    let target = if is_root { "multi-user.target" } else { "default.target" };
    let home = home.path().display();
    format!(
        "[Unit]
Description=harness serve: API, events and dashboard of the agents on this machine
After=network.target

[Service]
Type=exec
ExecStart={command}
Environment={}
Environment={}
Restart=on-failure
RestartSec=1
TimeoutStopSec=35
# the stacks that it launches are its children by control group alone: they stay when it ends
KillMode=process
OOMPolicy=continue
TasksMax=infinity

[Install]
WantedBy={target}
",
        quoted(&format!("HARNESS_HOME={home}")),
        quoted(&format!("PATH={path}")),
    )
}

/// A word as systemd reads it.
fn quoted(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}
