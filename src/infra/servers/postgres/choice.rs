//! Which PostgreSQL the home gets.
//!
//! Order: the directory that the user names; else the newest installed server of major 15 or newer that has
//! every extension the project names; else the pinned download. The download comes after installed servers
//! even where it is newer: what is installed was chosen by the user, and costs no network.
//!
//! `HARNESS_POSTGRES` in the environment overrides the configuration: `installed` never downloads, `download`
//! never looks at what is installed, and an absolute path is a `bin_dir`. The suite uses it to run on 15 and
//! on 18.

use std::path::PathBuf;

use super::binaries::{self, Binaries};
use super::record::{BinariesRecord, PostgresRecord};
use super::{cluster, download};
use crate::infra::error::{Error, Result};
use crate::postgres::packages;
use crate::project::PostgresSettings;
use crate::report::Events;
use crate::system::{Home, ServiceUser};

/// The variable that overrides the configuration.
const VARIABLE: &str = "HARNESS_POSTGRES";

/// Which programs the user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::infra) enum BinariesWish {
    /// Installed, else downloaded.
    Auto,
    /// Only what is installed.
    Installed,
    /// Only the download.
    Download,
    /// This directory.
    Directory(PathBuf),
}

impl BinariesWish {
    /// From the environment, else from `bin_dir`.
    ///
    /// # Errors
    /// The variable holds something else.
    pub(in crate::infra) fn of(settings: &PostgresSettings) -> Result<Self> {
        match std::env::var(VARIABLE).ok().filter(|value| !value.is_empty()).as_deref() {
            Some("auto") => Ok(Self::Auto),
            Some("installed") => Ok(Self::Installed),
            Some("download") => Ok(Self::Download),
            Some(path) if path.starts_with('/') => Ok(Self::Directory(PathBuf::from(path))),
            Some(other) => Err(Error::BinDir {
                directory: PathBuf::from(other),
                reason: format!("{VARIABLE} is `auto`, `installed`, `download` or an absolute path"),
            }),
            None => Ok(settings.bin_dir.clone().map_or(Self::Auto, Self::Directory)),
        }
    }
}

/// Chooses, and downloads if that is the choice. Where there is a data directory, only its major version will do.
pub(in crate::infra) async fn choose(
    home: &Home,
    wish: &BinariesWish,
    extensions: &[String],
    user: Option<&ServiceUser>,
    events: &Events,
) -> Result<BinariesRecord> {
    let data = Data { version: cluster::data_version(&PostgresRecord::data_dir(home))?, home };
    if let BinariesWish::Directory(directory) = wish {
        let unusable = |reason| Error::BinDir { directory: directory.clone(), reason };
        let found = binaries::inspect(directory, user).await.map_err(unusable)?;
        if found.major < binaries::OLDEST {
            return Err(unusable(format!("{} is older than {}", found.version, binaries::OLDEST)));
        }
        data.check(found.major)?;
        refuse_missing(&found, extensions)?;
        return Ok(record(found, "named by the configuration".to_owned()));
    }
    let mut rejected = Vec::new();
    let mut installed = Vec::new();
    if *wish != BinariesWish::Download {
        (installed, rejected) = binaries::installed(user).await;
        for found in &installed {
            let lacks = found.lacks(extensions);
            if lacks.is_empty() && data.fits(found.major) {
                return Ok(record(found.clone(), reason_for_installed(extensions)));
            }
            let why = if lacks.is_empty() {
                "cannot read the data".to_owned()
            } else {
                format!("lacks {}", lacks.join(", "))
            };
            rejected.push(format!("{}: {} {why}", found.bin_dir.display(), found.version));
        }
    }
    if *wish == BinariesWish::Installed {
        return Err(none_will_do(&installed, &[], extensions, rejected));
    }
    data.check(download::MAJOR)?;
    let lacks = download::lacks(extensions);
    if !lacks.is_empty() {
        rejected.push(format!("the download of PostgreSQL {} lacks {}", download::VERSION, lacks.join(", ")));
        return Err(none_will_do(&installed, &lacks, extensions, rejected));
    }
    let found = download::ensure(home, user, events).await.map_err(|error| match error {
        Error::Download { version, attempts } => {
            Error::Download { version, attempts: rejected.iter().cloned().chain(attempts).collect() }
        }
        other => other,
    })?;
    refuse_missing(&found, extensions)?;
    let why = match (wish, installed.is_empty()) {
        (BinariesWish::Download, _) => format!("downloaded: {VARIABLE} asks for it"),
        (_, true) => "downloaded: no server of major 15 or newer is installed".to_owned(),
        (_, false) => "downloaded: no installed server will do".to_owned(),
    };
    Ok(record(found, why))
}

/// The data directory that there may be already.
struct Data<'a> {
    version: Option<String>,
    home: &'a Home,
}

impl Data<'_> {
    fn fits(&self, major: u32) -> bool {
        self.version.as_ref().is_none_or(|version| *version == major.to_string())
    }

    fn check(&self, major: u32) -> Result<()> {
        match &self.version {
            Some(version) if !self.fits(major) => Err(Error::DataVersion {
                data_dir: PostgresRecord::data_dir(self.home),
                found: version.clone(),
                chosen: major,
            }),
            _ => Ok(()),
        }
    }
}

fn reason_for_installed(extensions: &[String]) -> String {
    if extensions.is_empty() {
        "newest installed".to_owned()
    } else {
        format!("newest installed that has {}", extensions.join(", "))
    }
}

fn record(found: Binaries, reason: String) -> BinariesRecord {
    let Binaries { bin_dir, version, major, extension_dir } = found;
    BinariesRecord { bin_dir, version, major, extension_dir, reason }
}

fn refuse_missing(found: &Binaries, extensions: &[String]) -> Result<()> {
    let lacks = found.lacks(extensions);
    if lacks.is_empty() {
        return Ok(());
    }
    let rejected = vec![format!("{}: {} lacks {}", found.bin_dir.display(), found.version, lacks.join(", "))];
    Err(Error::ExtensionMissing { packages: packages(found.major, &lacks), extensions: lacks, rejected })
}

/// The error when no candidate is left. It names what no candidate has; where each extension is somewhere but
/// never all together, what the newest installed server lacks.
fn none_will_do(installed: &[Binaries], download_lacks: &[String], wanted: &[String], rejected: Vec<String>) -> Error {
    if wanted.is_empty() || (installed.is_empty() && download_lacks.is_empty()) {
        return Error::NoPostgres { rejected };
    }
    let download_counts = !download_lacks.is_empty();
    let nowhere: Vec<String> = wanted
        .iter()
        .filter(|name| !download_counts || download_lacks.contains(name))
        .filter(|name| installed.iter().all(|found| !found.lacks(std::slice::from_ref(name)).is_empty()))
        .cloned()
        .collect();
    let newest = installed.first();
    let extensions =
        if nowhere.is_empty() { newest.map_or_else(Vec::new, |found| found.lacks(wanted)) } else { nowhere };
    // with nothing installed, a package of the newest major that harness is tested on
    let major = newest.map_or(download::MAJOR, |found| found.major);
    Error::ExtensionMissing { packages: packages(major, &extensions), extensions, rejected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn server(directory: &tempfile::TempDir, major: u32, extensions: &[&str]) -> Binaries {
        let extension_dir = directory.path().join(major.to_string());
        std::fs::create_dir_all(&extension_dir).unwrap();
        for name in extensions {
            std::fs::write(extension_dir.join(format!("{name}.control")), "").unwrap();
        }
        Binaries { bin_dir: extension_dir.clone(), version: format!("{major}.1"), major, extension_dir }
    }

    #[test]
    fn the_refusal_names_only_what_is_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let installed = [server(&directory, 16, &["uuid-ossp"]), server(&directory, 15, &["uuid-ossp"])];
        let wanted = names(&["uuid-ossp", "vector", "hll"]);
        let error = none_will_do(&installed, &names(&["uuid-ossp", "hll"]), &wanted, Vec::new());
        let Error::ExtensionMissing { extensions, packages, .. } = error else { panic!("{error}") };
        assert_eq!((extensions, packages), (names(&["hll"]), names(&["postgresql-16-hll"])));
    }

    #[test]
    fn where_no_candidate_has_all_together_the_newest_installed_is_to_be_completed() {
        let directory = tempfile::tempdir().unwrap();
        let installed = [server(&directory, 15, &["uuid-ossp"])];
        let wanted = names(&["uuid-ossp", "vector"]);
        let error = none_will_do(&installed, &names(&["uuid-ossp"]), &wanted, Vec::new());
        let Error::ExtensionMissing { extensions, packages, .. } = error else { panic!("{error}") };
        assert_eq!((extensions, packages), (names(&["vector"]), names(&["postgresql-15-pgvector"])));
    }
}
