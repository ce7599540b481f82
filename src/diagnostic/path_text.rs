//! Paths as text: what is taken off and put together without a look at the disk.

use std::path::{Component, Path, PathBuf};

/// Takes off what bundlers and runtimes put around a path.
pub(super) fn undecorated(printed: &str) -> &str {
    let mut path = printed.strip_prefix("file://").unwrap_or(printed);
    if let Some(rest) = path.strip_prefix("webpack-internal:///") {
        path = rest;
    } else if let Some(rest) = path.strip_prefix("webpack://") {
        // the project's name, then the path
        path = rest.split_once('/').map_or(rest, |(_, path)| path);
    }
    path.split_once('?').map_or(path, |(path, _)| path)
}

pub(super) fn joined(directory: &str, rest: &str) -> String {
    match (directory.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (_, true) => directory.to_owned(),
        _ => format!("{directory}/{rest}"),
    }
}

/// `.` and `..` taken out by their text alone.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
