//! Which PostgreSQL programs are installed, and what each can do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::record::has_control_file;
use crate::infra::servers::program;
use crate::system::ServiceUser;

/// The oldest major version that is used.
pub(super) const OLDEST: u32 = 15;

/// A directory of PostgreSQL programs that work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::infra) struct Binaries {
    pub(in crate::infra) bin_dir: PathBuf,
    /// `15.18`.
    pub(in crate::infra) version: String,
    pub(super) major: u32,
    pub(super) extension_dir: PathBuf,
}

impl Binaries {
    /// Those of `extensions` that these programs lack.
    pub(super) fn lacks(&self, extensions: &[String]) -> Vec<String> {
        extensions.iter().filter(|name| !has_control_file(&self.extension_dir, name)).cloned().collect()
    }

    /// For ordering: the newest wins.
    fn rank(&self) -> (u32, u32) {
        let minor = self.version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or(0);
        (self.major, minor)
    }
}

/// Looks at one directory; the error says why it will not do.
pub(super) async fn inspect(bin_dir: &Path, user: Option<&ServiceUser>) -> Result<Binaries, String> {
    for name in ["postgres", "initdb", "pg_controldata"] {
        if !bin_dir.join(name).is_file() {
            return Err(format!("there is no `{name}`"));
        }
    }
    if let Some(user) = user {
        user.check_can_enter(bin_dir).map_err(|error| error.to_string())?;
    }
    let limit = Duration::from_secs(10);
    let ask = |name: &str, argument: &str| {
        let mut command = program::command(&bin_dir.join(name), Path::new("/"), user);
        command.arg(argument);
        program::run(command, limit)
    };
    let text = ask("postgres", "--version").await.map_err(|error| error.to_string())?;
    let (version, major) =
        parse_version(&text).ok_or_else(|| format!("`postgres --version` says `{}`", text.trim()))?;
    let shared = ask("pg_config", "--sharedir").await.ok().map(|text| PathBuf::from(text.trim()));
    let extension_dir = shared
        .into_iter()
        .chain(["share", "share/postgresql"].map(|share| bin_dir.join("..").join(share)))
        .chain([PathBuf::from(format!("/usr/share/postgresql/{major}"))])
        .map(|share| share.join("extension"))
        .find(|directory| has_control_file(directory, "plpgsql"))
        .ok_or("its directory of extensions was not found")?;
    Ok(Binaries { bin_dir: bin_dir.to_owned(), version, major, extension_dir })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` is (`15.18`, 15).
fn parse_version(text: &str) -> Option<(String, u32)> {
    let version = text.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((version.to_owned(), digits.parse().ok()?))
}

/// The installed servers of a usable major version, newest first, and what else was found with the reason
/// why it was passed over.
pub(in crate::infra) async fn installed(user: Option<&ServiceUser>) -> (Vec<Binaries>, Vec<String>) {
    let mut usable = Vec::new();
    let mut rejected = Vec::new();
    for directory in places() {
        match inspect(&directory, user).await {
            Ok(found) if found.major >= OLDEST => usable.push(found),
            Ok(found) => rejected.push(format!("{}: {} is older than {OLDEST}", directory.display(), found.version)),
            Err(reason) => rejected.push(format!("{}: {reason}", directory.display())),
        }
    }
    usable.sort_by_key(|found| std::cmp::Reverse(found.rank()));
    (usable, rejected)
}

/// Directories that may hold a server, each once.
fn places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    let mut add = |directory: PathBuf| {
        if directory.join("postgres").is_file() && !places.contains(&directory) {
            places.push(directory);
        }
    };
    for program in which::which_all("postgres").into_iter().flatten() {
        // a link in PATH usually points into the directory that has the other programs too
        if let Some(directory) = program.canonicalize().ok().as_deref().and_then(Path::parent) {
            add(directory.to_owned());
        }
    }
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql"),
        ("/usr/local/opt", "postgresql"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
    ] {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let mut found: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"))
            .collect();
        found.sort();
        found.into_iter().for_each(&mut add);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn a_version_is_read_from_what_any_build_says() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(("15.18", 15))),
            ("postgres (PostgreSQL) 18.6\n", Some(("18.6", 18))),
            ("postgres (PostgreSQL) 19beta1\n", Some(("19beta1", 19))),
            ("something else\n", None),
        ] {
            let expected = expected.map(|(version, major): (&str, u32)| (version.to_owned(), major));
            assert_eq!(parse_version(text), expected, "{text}");
        }
    }
}
