//! Chromium: where it is, and how it is started.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::infra::servers::http;
use crate::system::effective_uid;

/// For its answer, which takes a browser on this machine a millisecond.
const PATIENCE: Duration = Duration::from_millis(500);

/// Names that a Chromium goes by, the free builds first.
const NAMES: [&str; 7] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "chrome-headless-shell",
    "headless_shell",
];

/// Finds it on PATH; `HARNESS_CHROMIUM` names one elsewhere, or is `none`.
pub(super) fn find() -> Option<PathBuf> {
    match std::env::var("HARNESS_CHROMIUM").ok().filter(|value| !value.is_empty()) {
        Some(value) if value == "none" => None,
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => NAMES.iter().find_map(|name| which::which(name).ok()),
    }
}

/// The command line. A shell empties the profile first, so that every start, also one that the supervisor makes
/// after a crash, has a fresh one.
pub(super) fn command(program: &Path, port: u16, profile: &Path) -> Vec<String> {
    let program = program.to_string_lossy();
    let mut command: Vec<String> =
        ["sh", "-c", "rm -rf -- \"$0\" && mkdir -m 700 -- \"$0\" && exec \"$@\""].map(str::to_owned).to_vec();
    command.push(profile.to_string_lossy().into_owned());
    command.push(program.into_owned());
    command.extend(
        [
            "--headless=new",
            "--remote-debugging-address=127.0.0.1",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-quic",
            "--disable-sync",
            "--mute-audio",
            "--no-default-browser-check",
            "--no-first-run",
            "--password-store=basic",
        ]
        .map(str::to_owned),
    );
    command.push(format!("--remote-debugging-port={port}"));
    command.push(format!("--user-data-dir={}", profile.display()));
    if needs_no_sandbox() {
        command.push("--no-sandbox".to_owned());
    }
    command.push("about:blank".to_owned());
    command
}

/// Chromium's sandbox needs user namespaces that an ordinary user may make; as root it refuses to run with a
/// sandbox at all, and the service user that replaces root is as a rule confined with it in a container.
fn needs_no_sandbox() -> bool {
    let number = |path: &str| fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    effective_uid() == 0
        || number("/proc/sys/kernel/unprivileged_userns_clone") == Some(0)
        || number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == Some(1)
        || number("/proc/sys/user/max_user_namespaces") == Some(0)
}

/// The debugging socket of the browser that answers at `base` now; `None` when none answers. (It writes the file
/// `DevToolsActivePort` only when it was left to choose the port itself.)
pub(super) async fn ws_url(base: &str) -> Option<String> {
    let asked = tokio::time::timeout(PATIENCE, http::get(base, "/json/version"));
    let document: serde_json::Value = serde_json::from_str(&asked.await.ok()?.ok()?).ok()?;
    Some(document.get("webSocketDebuggerUrl")?.as_str()?.to_owned())
}
