//! `harness trust`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which lists of certificates hold the authority of the home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trust {
    /// `harness/trust/1`.
    pub schema: String,
    /// The file of the authority's certificate.
    pub certificate: String,
    /// What lists call it.
    pub name: String,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: Option<String>,
    /// The lists that were found on this machine.
    pub lists: Vec<TrustList>,
}

/// One list of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustList {
    /// `system` or `browser`.
    pub kind: String,
    /// The file in the system's list, or the browser's database.
    pub path: String,
    /// Whether it is now as requested.
    pub done: bool,
    /// What is left to run, in this order.
    pub commands: Vec<String>,
    /// Why it was not run.
    pub reason: Option<String>,
}

impl Trust {
    /// Whether something is left to do.
    pub fn is_complete(&self) -> bool {
        self.lists.iter().all(|list| list.done)
    }
}
