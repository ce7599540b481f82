//! What `pg_controldata` says of a data directory.

use std::path::Path;
use std::time::Duration;

use crate::infra::error::Result;
use crate::infra::servers::program;
use crate::system::ServiceUser;

/// The two facts that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ControlData {
    /// `shut down` after a clean stop.
    pub(super) state: String,
    pub(super) system_identifier: String,
}

impl ControlData {
    /// Whether the server stopped as it should.
    pub(super) fn is_clean(&self) -> bool {
        self.state == "shut down" || self.state == "shut down in recovery"
    }
}

/// Asks the program that belongs to the server.
pub(super) async fn read(bin_dir: &Path, data_dir: &Path, user: Option<&ServiceUser>) -> Result<ControlData> {
    let mut command = program::command(&bin_dir.join("pg_controldata"), Path::new("/"), user);
    // its output is translated otherwise
    command.env("LC_ALL", "C").arg("-D").arg(data_dir);
    let text = program::run(command, Duration::from_secs(10)).await?;
    Ok(parse(&text))
}

fn parse(text: &str) -> ControlData {
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or_default().trim().to_owned()
    };
    ControlData { state: field("Database cluster state"), system_identifier: field("Database system identifier") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_identity_are_found() {
        let text = "pg_control version number:            1800\n\
            Database system identifier:           7710577484846198135\n\
            Database cluster state:               in production\n";
        let data = parse(text);
        assert_eq!(data.system_identifier, "7710577484846198135");
        assert!(!data.is_clean());
        assert!(parse("Database cluster state:    shut down\n").is_clean());
        assert!(!parse("").is_clean());
    }
}
