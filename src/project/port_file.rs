//! `.env.agent-harness`: host ports of the shared servers, for a project, a home of harness or a user.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::model::{InfraPort, InfraPorts};
use crate::system;

/// Its name, in a project, in a home of harness and in the user's home directory.
pub(super) const PORT_FILE: &str = ".env.agent-harness";

/// Writes `ports` to the file in `directory` and keeps its other lines; returns its path.
///
/// # Errors
/// The file cannot be read or written.
pub fn remember_ports(directory: &Path, ports: &InfraPorts) -> system::Result<PathBuf> {
    let path = directory.join(PORT_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(system::Error::file("read", &path)(error)),
    };
    system::write_atomic(&path, replaced(&text, ports).as_bytes(), 0o644)?;
    Ok(path)
}

fn replaced(text: &str, ports: &InfraPorts) -> String {
    let sets = |line: &str, port: &InfraPort| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(port.variable()).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let kept = text.lines().filter(|line| !InfraPort::ALL.iter().any(|port| sets(line, port)));
    let kept = kept.map(str::to_owned);
    let chosen = InfraPort::ALL.iter().map(|port| format!("{}={}", port.variable(), ports.get(*port)));
    kept.chain(chosen).flat_map(|line| [line, "\n".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_stay() {
        let text = replaced("# mine\nexport AGENT_DB_PORT='1'\nOTHER=2\n", &InfraPorts::DEFAULT);
        assert!(text.starts_with("# mine\nOTHER=2\nAGENT_DB_PORT=15432\n"), "{text}");
        assert_eq!(text.lines().count(), 2 + InfraPort::ALL.len());
    }
}
