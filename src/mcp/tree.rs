//! Whose stack a call is about: the tree that it names, else the client's root, else where the server was started.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::Peer;

use crate::project;
use crate::report::{Diagnostic, Failure, Kind};

/// A client that does not answer has no roots.
const PATIENCE: Duration = Duration::from_secs(5);

/// `worktree` names no directory.
#[derive(Debug, thiserror::Error)]
#[error("there is no directory `{}`", path.display())]
pub(super) struct NoTree {
    path: PathBuf,
    #[source]
    source: std::io::Error,
}

impl Diagnostic for NoTree {
    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn code(&self) -> &'static str {
        "mcp.no_tree"
    }

    fn hint(&self) -> Option<String> {
        Some("pass the absolute path of a work tree as `worktree`, or leave it out".into())
    }
}

/// The directory that a call names.
pub(super) fn named(path: &str, started_in: &Path) -> Result<PathBuf, Failure> {
    let path = started_in.join(path);
    let found = path.canonicalize().and_then(|found| {
        if found.is_dir() { Ok(found) } else { Err(std::io::Error::from(std::io::ErrorKind::NotADirectory)) }
    });
    Ok(found.map_err(|source| NoTree { path, source })?)
}

/// The client's root: of several the first that is in a project of harness. `None` where it tells none.
#[allow(deprecated)] // the newest protocol has no roots; clients of today tell them
pub(super) async fn root(peer: &Peer<RoleServer>) -> Option<PathBuf> {
    let offers = peer.peer_info().is_some_and(|client| client.capabilities.roots.is_some());
    if !offers {
        return None;
    }
    // later versions of the protocol have no such question; then the server's own directory counts
    let asked = tokio::time::timeout(PATIENCE, peer.list_roots()).await;
    let roots: Vec<PathBuf> = asked.ok()?.ok()?.roots.iter().filter_map(|root| directory(&root.uri)).collect();
    let in_project = |root: &&PathBuf| root.ancestors().any(|above| above.join(project::FILE).is_file());
    roots.iter().find(in_project).or(roots.first()).cloned()
}

/// The directory of a `file:` URI.
fn directory(uri: &str) -> Option<PathBuf> {
    let path = url::Url::parse(uri).ok()?.to_file_path().ok()?;
    path.canonicalize().ok().filter(|path| path.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_a_directory_of_this_machine() {
        let made = tempfile::tempdir().unwrap();
        let spaced = made.path().canonicalize().unwrap().join("a b");
        std::fs::create_dir(&spaced).unwrap();
        let uri = format!("file://{}", spaced.display()).replace(' ', "%20");
        assert_eq!(directory(&uri), Some(spaced.clone()));
        for none in ["https://example.org/", "file://elsewhere/tmp", "nonsense", &format!("{uri}/absent")] {
            assert_eq!(directory(none), None, "{none}");
        }
        assert_eq!(named("a b", made.path()).unwrap(), spaced);
        assert_eq!(named("absent", made.path()).unwrap_err().document().code, "mcp.no_tree");
    }
}
