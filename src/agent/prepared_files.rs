//! Where the home remembers what `[prepare]` did in a tree.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::system::{self, Home};

/// The name of the file for a tree.
pub(super) fn name(tree: &Path) -> String {
    let name = system::hexadecimal(&Sha256::digest(tree.as_os_str().as_encoded_bytes()));
    format!("{}.json", &name[..16])
}

/// The files in which the home remembers what was done in a tree; they need not exist.
pub(super) fn of_tree(home: &Home, tree: &Path) -> [PathBuf; 2] {
    let memory = home.path().join("prepared").join(name(tree));
    [memory.with_extension("lock"), memory]
}
