//! `logs/supervisor.log`: what guardian and supervisor say of themselves. It is their stderr, so that a
//! panic lands there too.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::system::{self, text};

/// Where logs of the stack in `directory` lie.
pub(crate) fn logs_in(directory: &Path) -> PathBuf {
    directory.join("logs")
}

/// Opens the log for a new trio; one that has grown is rotated.
pub(crate) fn open(directory: &Path) -> Result<File, system::Error> {
    let logs = logs_in(directory);
    system::create_private_dir(&logs, 0o700)?;
    let path = logs.join("supervisor.log");
    if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 1 << 20) {
        let _ = fs::rename(&path, logs.join("supervisor.log.1"));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(&path).map_err(system::Error::file("open", &path))
}

/// Says one line on stderr, with the time.
pub(crate) fn say(role: &str, text: &str) {
    let line = format!("{} {role}[{}]: {text}\n", jiff::Timestamp::now(), std::process::id());
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Its last lines, for an error message.
pub(crate) fn last_lines(directory: &Path) -> Vec<String> {
    let text = fs::read(logs_in(directory).join("supervisor.log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text::last_lines(&text, 5).into_iter().map(ToOwned::to_owned).collect()
}
