//! The file that a verdict is written to.

use std::io::{Error as IoError, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, access};

use super::super::Error;

/// Whether a file could be written at `path`, before the stages take their time. Nothing is written: a file that is made
/// now would be part of the tree that is judged.
///
/// # Errors
/// Its directory is absent or not writable, or what is there is a directory or not writable.
pub fn may_be_written(path: &Path) -> Result<(), Error> {
    let wrong = |source| Error::Unwritable { path: path.to_owned(), source };
    match path.metadata() {
        Ok(there) if there.is_dir() => Err(wrong(ErrorKind::IsADirectory.into())),
        // opened, a pipe would wait for its reader
        Ok(_) => access(path, Access::WRITE_OK).map_err(|error| wrong(error.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = path.parent().unwrap_or(Path::new("/"));
            let may = access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(IoError::from);
            may.map_err(wrong)
        }
        Err(error) => Err(wrong(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_refused_and_none_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        std::fs::write(at("old.xml"), "old").unwrap();
        for path in ["new.xml", "old.xml"] {
            may_be_written(&at(path)).unwrap();
        }
        assert!(!at("new.xml").exists() && std::fs::read(at("old.xml")).unwrap() == b"old");
        may_be_written(Path::new("/dev/null")).unwrap();
        for path in ["no/such/out.xml", "", "old.xml/out.xml"] {
            assert!(may_be_written(&at(path)).is_err(), "{path}");
        }
    }
}
