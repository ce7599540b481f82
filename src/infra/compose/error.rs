//! What is wrong with a compose file, always with its line.

use std::path::PathBuf;

/// A compose file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the compose file `{}`", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML.
    #[error("`{}` is not valid YAML", file.display())]
    Syntax {
        /// Which.
        file: PathBuf,
        /// The parser's words, with line and column.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key outside the subset that harness understands.
    #[error("`{}` line {line}: `{key}` is not supported{}", file.display(), because(reason))]
    Unsupported {
        /// Which.
        file: PathBuf,
        /// Where, counted from 1.
        line: u64,
        /// `services.redis.build`.
        key: String,
        /// Why, or what to use instead; may be empty.
        reason: &'static str,
    },
    /// A value that makes no sense for its key.
    #[error("`{}` line {line}: `{key}` {problem}", file.display())]
    Value {
        /// Which.
        file: PathBuf,
        /// Where, counted from 1.
        line: u64,
        /// `services.redis.mem_limit`.
        key: String,
        /// `is not a size: 12 potatoes`.
        problem: String,
    },
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}
