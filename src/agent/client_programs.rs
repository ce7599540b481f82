//! PostgreSQL's client programs that fit the server: an older `pg_dump` refuses it, and an older `psql` shows less.
//!
//! Decided by where they lie, without running one, because `exec` must start at once. Of an external server nothing is
//! known without asking it: there, PATH is left as it is.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::infra::Infra;
use crate::report::{Area, Finding, Level};

/// What a directory has to hold.
const PROGRAMS: [&str; 4] = ["psql", "pg_dump", "pg_restore", "createdb"];

/// The search path on which fitting programs come first; `None` where `path` is as good.
pub(super) fn first_on_path(infra: &Infra, path: &str) -> Option<String> {
    let directory = directory(infra)?;
    let first = std::env::split_paths(path).find(|place| place.join(PROGRAMS[0]).is_file());
    (first.as_ref() != Some(&directory)).then(|| format!("{}:{path}", directory.display()))
}

/// The directory of programs that fit a server of harness's own: the server's, else that of Debian for its major version or
/// a newer one.
fn directory(infra: &Infra) -> Option<PathBuf> {
    let major = infra.postgres_major()?;
    let beside = infra.programs_of("db").flatten();
    let debian = debian().into_iter().filter(|(known, _)| *known >= major).map(|(_, place)| place);
    beside.into_iter().chain(debian).find(|place| PROGRAMS.iter().all(|program| place.join(program).is_file()))
}

/// Where Debian puts the programs of each major version, newest first.
pub(super) fn debian() -> Vec<(u32, PathBuf)> {
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)`
pub(super) async fn version(program: &Path) -> Option<u32> {
    let output = tokio::process::Command::new(program).arg("--version").stdin(Stdio::null()).output().await.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_ascii_whitespace().nth(2)?.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
}

/// What `doctor` says where no programs fit.
pub(super) async fn missing(infra: &Infra, path: &str) -> Option<Finding> {
    let major = infra.postgres_major()?;
    if directory(infra).is_some() {
        return None;
    }
    let on_path = std::env::split_paths(path).map(|place| place.join(PROGRAMS[0])).find(|psql| psql.is_file());
    let found = match on_path {
        Some(psql) => version(&psql).await,
        None => None,
    };
    unfit(major, found)
}

fn unfit(major: u32, found: Option<u32>) -> Option<Finding> {
    let found = match found {
        Some(found) if found >= major => return None,
        Some(found) => format!("those of {found} come first on PATH"),
        None => "there are none on PATH".to_owned(),
    };
    let message = format!("{} of PostgreSQL {major} or newer are not installed: {found}", PROGRAMS.join(", "));
    let hint = format!("install the package `postgresql-client-{major}`");
    Some(Finding::bad(Area::Servers, Level::Warning, message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_older_than_the_server_are_named_with_the_package() {
        assert_eq!(unfit(18, Some(18)), None);
        assert_eq!(unfit(15, Some(17)), None);
        for (found, said) in [(Some(15), "those of 15 come first"), (None, "there are none")] {
            let finding = unfit(18, found).unwrap();
            assert!(finding.message.contains(said), "{finding:?}");
            assert_eq!(finding.hint.as_deref(), Some("install the package `postgresql-client-18`"));
        }
    }
}
