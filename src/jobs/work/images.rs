//! Which image a job runs in: that of the project, that of the worker, or the one of the project's last success.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::system::{self, Versioned};

/// Where nothing names one: what `docker build -f Dockerfile.agent -t harness-agent .` makes.
const DEFAULT: &str = "harness-agent";

/// The images of successes, by project.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Images {
    images: BTreeMap<String, String>,
}

impl Versioned for Images {
    const WHAT: &'static str = "list of images";
    const VERSION: u32 = 1;
}

/// The file of them.
pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join("project_images.json")
}

/// The images to try, in order: a later one where an earlier one cannot be had.
pub(super) fn candidates(file: &Path, project: &str, own: Option<&str>, worker: Option<&str>) -> Vec<String> {
    let kept = system::read_versioned::<Images>(file).ok().flatten().unwrap_or_default();
    let last = kept.images.get(project).map(String::as_str);
    let first = own.or(worker).or(last).unwrap_or(DEFAULT);
    let mut found = vec![first.to_owned()];
    found.extend(last.filter(|last| *last != first).map(str::to_owned));
    found
}

/// Remembers that a job of a project succeeded in an image.
pub(super) fn remember(file: &Path, project: &str, image: &str) -> system::Result<()> {
    let mut kept = system::read_versioned::<Images>(file).ok().flatten().unwrap_or_default();
    if kept.images.get(project).is_some_and(|known| known == image) {
        return Ok(());
    }
    kept.images.insert(project.to_owned(), image.to_owned());
    system::write_versioned(file, &kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_the_last_success_stands_in() {
        let directory = tempfile::tempdir().unwrap();
        let file = file(directory.path());
        assert_eq!(candidates(&file, "shop", None, None), [DEFAULT]);
        remember(&file, "shop", "one").unwrap();
        remember(&file, "board", "two").unwrap();
        assert_eq!(candidates(&file, "shop", None, None), ["one"]);
        assert_eq!(candidates(&file, "shop", None, Some("new")), ["new", "one"]);
        assert_eq!(candidates(&file, "shop", Some("one"), Some("new")), ["one"]);
        assert_eq!(candidates(&file, "board", None, None), ["two"]);
    }
}
