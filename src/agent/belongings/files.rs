//! The files that were rendered outside the home.

use std::path::PathBuf;

use super::owner::{Found, Owner};
use crate::render;
use crate::report::{Failure, Removed, RemovedKind};
use crate::system;

pub(super) fn find(owner: &Owner<'_>) -> Found {
    Found::own(there(owner).map(|path| Removed::new(RemovedKind::File, path.display().to_string())).collect())
}

/// Those that exist; of the guides those that are still as harness wrote them.
fn there<'a>(owner: &Owner<'a>) -> impl Iterator<Item = &'a PathBuf> {
    let rendered = owner.record.into_iter().flat_map(|record| record.rendered.iter());
    let rendered = rendered.filter(|path| path.symlink_metadata().is_ok());
    let guides = owner.record.into_iter().flat_map(|record| record.guides.iter());
    rendered.chain(guides.filter(|path| render::is_guide(path)))
}

pub(super) fn remove(owner: &Owner<'_>) -> Result<(), Failure> {
    for path in owner.record.into_iter().flat_map(|record| record.rendered.iter()) {
        system::remove_if_exists(path)?;
    }
    for (record, path) in owner.record.into_iter().flat_map(|it| it.guides.iter().map(move |path| (it, path))) {
        render::remove_guide(&record.tree, path)?;
    }
    Ok(())
}
