//! Which program of this machine serves a store that harness knows.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Error;
use crate::project::{Project, StoreKind};

/// Where Debian keeps servers, which the PATH of a user need not have.
const FURTHER: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// A program that serves a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is MariaDB's, of those that serve MySQL.
    pub(super) is_mariadb: bool,
    /// PATH, and where else programs are looked for.
    pub(super) places: String,
}

impl Program {
    /// Looks for it in `places`, the value of a PATH.
    pub fn find(kind: StoreKind, places: &str) -> Option<Self> {
        let places = format!("{places}:{FURTHER}");
        let program = |path: PathBuf| {
            // `mysqld` may be another name of `mariadbd`
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            let is_mariadb = real.file_name().is_some_and(|name| name.to_string_lossy().starts_with("mariadb"));
            Self { path, is_mariadb, places: places.clone() }
        };
        let mut found = names(kind).iter().filter_map(|name| look(name, &places)).map(program);
        found.find(|program| kind != StoreKind::Mariadb || program.is_mariadb)
    }

    /// Another program that comes with it.
    pub(super) fn companion(&self, name: &str) -> Option<PathBuf> {
        look(name, &self.places)
    }

    /// What tells it from another version of it.
    pub(super) fn identity(&self) -> String {
        let real = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let metadata = real.metadata().ok();
        let (size, changed) = metadata.map(|it| (it.len(), it.mtime())).unwrap_or_default();
        format!("{} {size} {changed}", real.display())
    }
}

/// The programs of a kind, the preferred one first.
fn names(kind: StoreKind) -> &'static [&'static str] {
    match kind {
        StoreKind::Own | StoreKind::Sqlite | StoreKind::Image => &[],
        StoreKind::Redis => &["valkey-server", "redis-server"],
        StoreKind::Mysql => &["mysqld", "mariadbd"],
        StoreKind::Mariadb => &["mariadbd", "mysqld"],
        StoreKind::Mongodb => &["mongod"],
    }
}

fn look(name: &str, places: &str) -> Option<PathBuf> {
    which::which_in(name, Some(places), Path::new("/")).ok()
}

/// The stores of a project that no program on this machine serves, with what to install.
pub fn missing(project: &Project, places: &str) -> Vec<Error> {
    let known = project.stores.iter().filter(|(_, store)| !names(store.serves).is_empty());
    let missing = known.filter(|(_, store)| Program::find(store.serves, places).is_none());
    missing.map(|(name, store)| Error::NotInstalled { store: name.clone(), kind: store.serves }).collect()
}
