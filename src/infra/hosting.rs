//! How a server of a home is provided.

use serde::{Deserialize, Serialize};

use crate::system::Secret;

/// How a server is provided; `T` is what the record keeps of one that the engine runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hosting<T> {
    /// No project has asked for it yet.
    #[default]
    Disabled,
    /// A server that the user gave by URL; the URL may hold a password.
    External(Secret),
    /// The engine runs it.
    Own(T),
}

impl<T> Hosting<T> {
    /// The record of a server that the engine runs.
    pub fn own(&self) -> Option<&T> {
        match self {
            Self::Own(record) => Some(record),
            Self::Disabled | Self::External(_) => None,
        }
    }

    /// The same, to change.
    pub fn own_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Own(record) => Some(record),
            Self::Disabled | Self::External(_) => None,
        }
    }
}
