//! Keys of workers, for the guard: their hashes.

use std::collections::BTreeMap;
use std::sync::RwLock;

use super::store::worker_keys::hash;
use crate::report::WorkerKey;

/// Which worker has which key, by the key's hash.
pub(super) struct Workers(RwLock<BTreeMap<String, String>>);

impl Workers {
    pub(super) fn new(keys: Vec<(WorkerKey, String)>) -> Self {
        let workers = Self(RwLock::default());
        workers.replace(keys);
        workers
    }

    /// Lets these keys in and no others.
    pub(super) fn replace(&self, keys: Vec<(WorkerKey, String)>) {
        if let Ok(mut known) = self.0.write() {
            *known = keys.into_iter().map(|(key, hash)| (hash, key.worker)).collect();
        }
    }

    /// The worker that has a key. What is compared is a hash, whose likeness to another one tells nothing.
    pub(super) fn name(&self, key: &str) -> Option<String> {
        self.0.read().ok()?.get(&hash(key)).cloned()
    }
}
