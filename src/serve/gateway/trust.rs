//! `harness trust`: which lists of certificates of this machine hold the home's authority.
//!
//! The system's list is changed where one may (root); lists of browsers (NSS: Chromium, Firefox) where `certutil` is
//! installed. For every other list that is found the command is named that changes it. Nothing is downloaded or installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::authority::{Authority, authority_name, certificate_path};
use crate::report::{Failure, Trust, TrustList};
use crate::system::{self, CommandSpec, Home, Program, effective_uid, hexadecimal};

/// How long one command may take: `update-ca-certificates` reads some hundred files.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where certificates are added that the whole system trusts, and what makes them known then.
const SYSTEM: [(&str, &[&str]); 3] = [
    ("/usr/local/share/ca-certificates", &["update-ca-certificates"]),
    ("/etc/pki/ca-trust/source/anchors", &["update-ca-trust", "extract"]),
    ("/etc/ca-certificates/trust-source/anchors", &["trust", "extract-compat"]),
];

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustAction {
    /// Add the authority to every list that may be changed.
    Add,
    /// Take it out of them.
    Remove,
    /// Change nothing, but say what would be done.
    Print,
}

/// Changes the lists of this machine, as far as may be, and says what is left to do. The authority is made where there is none.
///
/// # Errors
/// The authority cannot be read or made.
pub async fn trust(home: &Home, environment: &BTreeMap<String, String>, action: TrustAction) -> Result<Trust, Failure> {
    Authority::of(home)?;
    let certificate = certificate_path(home);
    let mut lists = Vec::new();
    for list in lists_of(home, environment) {
        lists.push(list.treat(environment, action, &certificate).await);
    }
    let text = system::read_optional(&certificate)?.unwrap_or_default();
    Ok(Trust {
        schema: "harness/trust/1".to_owned(),
        certificate: certificate.display().to_string(),
        name: authority_name(home),
        fingerprint: fingerprint(&text),
        lists,
    })
}

/// SHA-256 of the certificate, as browsers show it.
fn fingerprint(pem: &[u8]) -> Option<String> {
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let digest = ring::digest::digest(&ring::digest::SHA256, &der);
    Some(hexadecimal(digest.as_ref()))
}

/// One list of certificates.
enum List {
    /// The system's: a file in a folder, and the command that makes it known.
    System { file: PathBuf, update: &'static [&'static str] },
    /// A browser's database.
    Nss { directory: PathBuf, name: String },
}

fn lists_of(home: &Home, environment: &BTreeMap<String, String>) -> Vec<List> {
    let mut lists = Vec::new();
    let system = SYSTEM.iter().find(|(folder, _)| Path::new(folder).is_dir());
    if let Some((folder, update)) = system {
        lists.push(List::System { file: Path::new(folder).join(format!("harness-{}.crt", home.id())), update });
    }
    let Some(user) = environment.get("HOME").map(PathBuf::from) else { return lists };
    let profiles = [".mozilla/firefox", "snap/firefox/common/.mozilla/firefox", ".config/mozilla/firefox"];
    let of_firefox = profiles.iter().filter_map(|folder| std::fs::read_dir(user.join(folder)).ok()).flatten();
    let of_firefox = of_firefox.filter_map(|entry| Some(entry.ok()?.path()));
    let of_chromium = [".pki/nssdb", "snap/chromium/current/.pki/nssdb"].map(|folder| user.join(folder));
    let mut databases: Vec<PathBuf> =
        of_chromium.into_iter().chain(of_firefox).filter(|folder| folder.join("cert9.db").is_file()).collect();
    databases.sort();
    lists.extend(databases.into_iter().map(|directory| List::Nss { directory, name: authority_name(home) }));
    lists
}

impl List {
    async fn treat(
        &self,
        environment: &BTreeMap<String, String>,
        action: TrustAction,
        certificate: &Path,
    ) -> TrustList {
        let (kind, path) = match self {
            Self::System { file, .. } => ("system", file),
            Self::Nss { directory, .. } => ("browser", directory),
        };
        let commands = self.commands(action, certificate);
        let mut list = TrustList {
            kind: kind.to_owned(),
            path: path.display().to_string(),
            done: false,
            commands: commands.iter().map(shell_words::join).collect(),
            reason: None,
        };
        if action == TrustAction::Print {
            return list;
        }
        match self.may_change(environment) {
            _ if action == TrustAction::Remove && !self.holds(environment).await => {
                list.done = true;
                list.commands.clear();
            }
            Ok(()) => {
                for command in &commands {
                    if let Err(reason) = run(environment, command).await {
                        list.reason = Some(reason);
                        return list;
                    }
                }
                list.done = true;
                list.commands.clear();
            }
            Err(reason) => list.reason = Some(reason.to_owned()),
        }
        list
    }

    /// Whether the authority is in the list; yes, where that cannot be seen.
    async fn holds(&self, environment: &BTreeMap<String, String>) -> bool {
        match self {
            Self::System { file, .. } => file.exists(),
            Self::Nss { directory, name } => {
                let database = format!("sql:{}", directory.display());
                let words = ["certutil", "-L", "-d", database.as_str(), "-n", name.as_str()].map(str::to_owned);
                program(environment, "certutil").is_none() || run(environment, &words).await.is_ok()
            }
        }
    }

    fn may_change(&self, environment: &BTreeMap<String, String>) -> Result<(), &'static str> {
        match self {
            Self::System { .. } if effective_uid() != 0 => Err("only root may change it"),
            Self::Nss { .. } if program(environment, "certutil").is_none() => {
                Err("`certutil` is not installed (Debian: `libnss3-tools`)")
            }
            _ => Ok(()),
        }
    }

    /// What changes the list, as words.
    fn commands(&self, action: TrustAction, certificate: &Path) -> Vec<Vec<String>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let certificate = certificate.display().to_string();
        match self {
            Self::System { file, update } => {
                let file = file.display().to_string();
                let change = if action == TrustAction::Remove {
                    words(&["rm", "-f", &file])
                } else {
                    words(&["install", "-m", "0644", &certificate, &file])
                };
                vec![change, words(update)]
            }
            Self::Nss { directory, name } => {
                let database = format!("sql:{}", directory.display());
                if action == TrustAction::Remove {
                    vec![words(&["certutil", "-D", "-d", &database, "-n", name])]
                } else {
                    // added once more it is the same entry
                    vec![words(&["certutil", "-A", "-d", &database, "-t", "C,,", "-n", name, "-i", &certificate])]
                }
            }
        }
    }
}

fn program(environment: &BTreeMap<String, String>, name: &str) -> Option<PathBuf> {
    // where root's programs are, also for who has no such PATH
    let path = format!("{}:/usr/sbin:/sbin", environment.get("PATH").map_or("", String::as_str));
    which::which_in(name, Some(path), "/").ok()
}

async fn run(environment: &BTreeMap<String, String>, words: &[String]) -> Result<(), String> {
    let found = words.first().and_then(|name| program(environment, name));
    let Some(found) = found else { return Err(format!("`{}` is not installed", words.join(" "))) };
    let argv = std::iter::once(found.into_os_string()).chain(words[1..].iter().map(Into::into)).collect();
    let environment = environment.clone().into_iter().collect();
    let spec = CommandSpec { program: Program::Argv(argv), ..CommandSpec::shell("", "/", environment) };
    let ran = system::run(&spec.with_timeout(PATIENCE), |_| {}).await.map_err(|error| system::with_causes(&error))?;
    if ran.ending.is_success() {
        return Ok(());
    }
    let last = ran.tail.last().map_or_else(String::new, |line| format!(": {line}"));
    Err(format!("`{}`: {}{last}", words[0], ran.ending))
}
