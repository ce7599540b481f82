//! What keeps evidence from being made or looked at.

use std::path::PathBuf;

use crate::report::{Diagnostic, Kind};

/// Evidence cannot be made, or there is none to look at. That it does not hold is no error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// What is in the work tree is not what is committed.
    #[error("commit `{}` is not what is in the work tree{}", .commit.get(..10).unwrap_or(.commit), named(.differing))]
    NotCommitted {
        /// The commit.
        commit: String,
        /// Paths that differ, the first of them.
        differing: Vec<String>,
    },
    /// No full pass of the present tree and plan is recorded.
    #[error("there is nothing to sign: {0}")]
    NotVerified(String),
    /// The repository has no commit.
    #[error("`{0}` is no commit of this repository")]
    NoCommit(String),
    /// The commit has no note.
    #[error("commit `{}` has no evidence", .0.get(..10).unwrap_or(.0))]
    NoEvidence(String),
    /// The note is larger than anything that harness writes.
    #[error("the note of commit `{}` has {size} bytes", .commit.get(..10).unwrap_or(.commit))]
    TooLarge {
        /// The commit.
        commit: String,
        /// Its size.
        size: u64,
    },
    /// The note is not there after it was written.
    #[error("the evidence of commit `{}` was not kept: another program writes `refs/notes/harness`", .0.get(..10).unwrap_or(.0))]
    NotKept(String),
    /// The file of `--key` holds no public key.
    #[error("`{}` holds no Ed25519 public key", .0.display())]
    PublicKey(PathBuf),
    /// The file of `--key` holds a private key.
    #[error("`{}` holds a private key", .0.display())]
    PrivateKey(PathBuf),
    /// The home's key cannot be read.
    #[error("the key `{}` is damaged", .0.display())]
    KeyDamaged(PathBuf),
    /// Other users may read or write the home's key.
    #[error("the key `{}` is open to other users: it has mode {mode:o}", .path.display())]
    KeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}

fn named(differing: &[String]) -> String {
    if differing.is_empty() { String::new() } else { format!(": they differ in {}", differing.join(", ")) }
}

impl Diagnostic for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::NotCommitted { .. } | Self::NotVerified(_) | Self::NoEvidence(_) => Kind::Conflict,
            Self::NoCommit(_) | Self::PublicKey(_) | Self::PrivateKey(_) => Kind::Usage,
            Self::TooLarge { .. } | Self::NotKept(_) | Self::KeyDamaged(_) | Self::KeyExposed { .. } => {
                Kind::Environment
            }
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotCommitted { .. } => "evidence.not_committed",
            Self::NotVerified(_) => "evidence.not_verified",
            Self::NoCommit(_) => "evidence.no_commit",
            Self::NoEvidence(_) => "evidence.none",
            Self::TooLarge { .. } => "evidence.too_large",
            Self::NotKept(_) => "evidence.not_kept",
            Self::PublicKey(_) => "evidence.public_key",
            Self::PrivateKey(_) => "evidence.private_key",
            Self::KeyDamaged(_) => "evidence.key_damaged",
            Self::KeyExposed { .. } => "evidence.key_exposed",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotCommitted { .. } => {
                "commit it; once `harness verify --full` has passed, run `harness verify --status --sign`, which runs no stage".to_owned()
            }
            Self::NotVerified(_) => "run `harness verify --full --sign`".to_owned(),
            Self::NoEvidence(_) => {
                "fetch it: `git fetch origin refs/notes/harness:refs/notes/harness`; or sign it where it was verified: \
                 `harness verify --status --sign`"
                    .to_owned()
            }
            Self::TooLarge { .. } => "it was not written by harness: `git notes --ref harness show` prints it".to_owned(),
            Self::NotKept(_) => "run `harness verify --status --sign` again".to_owned(),
            Self::PublicKey(_) | Self::PrivateKey(_) => {
                "`harness verify --public-key` prints the public key, on the machine that signs".to_owned()
            }
            Self::KeyDamaged(_) => {
                "remove it, and the next signature makes another key; what the old one signed is still checked by the old \
                 public key"
                    .to_owned()
            }
            Self::KeyExposed { path, .. } => format!(
                "`chmod 600 {}`; if another user may have read it, remove it instead, and the next signature makes another",
                path.display()
            ),
            Self::NoCommit(_) => return None,
        })
    }
}
