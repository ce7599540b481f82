//! Text that must not be shown: its `Debug` is a placeholder and it has no `Display`.

use std::fmt;

use rand::RngExt;
use serde::{Deserialize, Serialize};

/// A password or key. Serialised in clear, because records and rendered files must hold it; those are
/// mode 0600.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that came from elsewhere.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// 32 random characters of `[A-Za-z0-9]` (190 bits), safe in URLs, env files and shells.
    pub fn generate() -> Self {
        let alphabet = rand::distr::Alphanumeric;
        Self(rand::rng().sample_iter(alphabet).take(32).map(char::from).collect())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
