//! Links that let one browser in: each works once, for two minutes.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::system::Secret;

/// How long a link works.
const WORKS: Duration = Duration::from_mins(2);
/// How many there are at most; the oldest goes.
const MOST: usize = 16;

/// The links that were not used yet.
#[derive(Default)]
pub(super) struct Links(Mutex<Vec<(String, Instant)>>);

impl Links {
    /// Makes the code of a link.
    pub(super) fn make(&self) -> String {
        let code = Secret::generate().expose().to_owned();
        if let Ok(mut links) = self.0.lock() {
            links.retain(|(_, made)| made.elapsed() < WORKS);
            let surplus = (links.len() + 1).saturating_sub(MOST);
            links.drain(..surplus);
            links.push((code.clone(), Instant::now()));
        }
        code
    }

    /// Uses a link up; whether it worked. A code has 190 random bits and works for two minutes, so how long a comparison
    /// takes tells nobody enough.
    pub(super) fn use_up(&self, code: &str) -> bool {
        let Ok(mut links) = self.0.lock() else { return false };
        links.retain(|(_, made)| made.elapsed() < WORKS);
        let found = links.iter().position(|(known, _)| known == code);
        found.map(|at| links.remove(at)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once_and_only_so_many_are_kept() {
        let links = Links::default();
        let first = links.make();
        assert!(!links.use_up("") && links.use_up(&first) && !links.use_up(&first));
        let all: Vec<String> = (0..=MOST).map(|_| links.make()).collect();
        assert!(!links.use_up(&all[0]) && links.use_up(&all[1]));
    }
}
