//! The temporary objects and index of a look.

use std::fs::{File, FileTimes};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::Error;
use super::super::repository::{Repository, git};
use crate::system::{self, Git};

/// Where git reads and writes objects.
pub(super) struct Objects {
    pub(super) own: PathBuf,
    repository: PathBuf,
}

impl Objects {
    pub(super) fn of(repository: &Repository, scratch: &Path) -> Self {
        Self { own: scratch.join("objects"), repository: repository.objects.clone() }
    }

    /// A git in `tree` that reads both and writes only its own.
    pub(super) fn git(&self, tree: &Path) -> Git {
        git(tree)
            .variable("GIT_OBJECT_DIRECTORY", &self.own)
            .variable("GIT_ALTERNATE_OBJECT_DIRECTORIES", &self.repository)
    }
}

pub(super) fn index_in(scratch: &Path) -> PathBuf {
    scratch.join("index")
}

/// Copies the index with its time; returns its content.
pub(super) fn copy_index(from: &Path, to: &Path) -> Result<Vec<u8>, Error> {
    let _ = system::remove_if_exists(to)?;
    let mut content = Vec::new();
    let mut source = match File::open(from) {
        Ok(source) => source,
        // nothing was ever added
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(content),
        Err(error) => return Err(system::Error::file("open", from)(error).into()),
    };
    let read = source.read_to_end(&mut content).and_then(|_| source.metadata()?.modified());
    write_index(to, &content, read.map_err(system::Error::file("read", from))?)?;
    Ok(content)
}

/// Writes an index with the time of a look: git takes a file for unchanged only if it is older than the index.
pub(super) fn write_index(path: &Path, content: &[u8], looked: SystemTime) -> Result<(), Error> {
    let write = || {
        std::fs::write(path, content)?;
        File::options().write(true).open(path)?.set_times(FileTimes::new().set_modified(looked))
    };
    Ok(write().map_err(system::Error::file("write", path))?)
}
