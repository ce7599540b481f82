//! From a directory to a [`Project`].

use std::path::{Path, PathBuf};

use super::document::{Document, KeyPath};
use super::model::Project;
use super::problem::{ConfigError, Location, Problem};
use super::resolve::Shared;
use super::{raw, resolve, schema, shape};

/// The name of the file that makes a directory a project.
pub const FILE: &str = "harness.toml";

/// The name of its overlay, which is not committed.
pub const OVERLAY: &str = "harness.local.toml";

/// The nearest directory, from `directory` upwards, that holds a `harness.toml`; absolute.
pub fn find_root(directory: &Path) -> Result<PathBuf, ConfigError> {
    let start = std::path::absolute(directory)
        .map_err(|source| ConfigError::Unreadable { path: directory.to_owned(), source })?;
    let root = start.ancestors().find(|ancestor| ancestor.join(FILE).is_file());
    root.map(Path::to_owned).ok_or_else(|| ConfigError::NotFound(start.clone()))
}

impl Project {
    /// Loads the project of a directory that holds a `harness.toml`. `variable` looks up the caller's
    /// environment, which decides infra ports only.
    pub fn load(directory: &Path, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let root = std::path::absolute(directory)
            .map_err(|source| ConfigError::Unreadable { path: directory.to_owned(), source })?;
        let files = [root.join(FILE), root.join(OVERLAY)];
        Parsed::read(&files)?.resolve(&root, None, variable)
    }
}

impl Project {
    /// Where a key of `harness.toml` stands (`env.PORT`, `render.files[0].target`), or else the nearest
    /// table above it; for messages. Reads the files again.
    pub fn locate(&self, key: &str) -> Option<Location> {
        let texts = self.files.iter().filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?)));
        Document::parse(texts.collect()).ok()?.locate(&KeyPath::of(key))
    }
}

/// Files that were read and have the right shape.
pub(super) struct Parsed {
    pub(super) document: Document,
    raw: raw::File,
}

impl Parsed {
    /// Reads the first file, which must exist, and those of the following that do.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, ConfigError> {
        let main = files.first().expect("the caller names at least one file");
        let mut texts = Vec::new();
        for path in files {
            match std::fs::read_to_string(path) {
                Ok(text) => texts.push((path.clone(), text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && path != main => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(ConfigError::Missing(main.parent().unwrap_or(main).to_owned()));
                }
                Err(source) => return Err(ConfigError::Unreadable { path: path.clone(), source }),
            }
        }
        let invalid = |problems| ConfigError::Invalid { file: main.clone(), problems };
        let document = Document::parse(texts).map_err(invalid)?;
        let raw = deserialise(&document).map_err(invalid)?;
        Ok(Self { document, raw })
    }

    pub(super) fn resolve(
        &self,
        root: &Path,
        shared: Option<&Shared<'_>>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Project, ConfigError> {
        resolve::project(&self.document, &self.raw, root, shared, variable)
            .map_err(|problems| ConfigError::Invalid { file: self.document.file().to_owned(), problems })
    }
}

fn deserialise(document: &Document) -> Result<raw::File, Vec<Problem>> {
    serde_path_to_error::deserialize(document.root.to_value()).map_err(|error| {
        // serde's word for it, should the schema allow what the types do not
        let problems = shape::check(document, &schema::schema());
        if !problems.is_empty() {
            return problems;
        }
        let path = KeyPath::from(error.path());
        let message = error.into_inner().message().trim_end().to_owned();
        vec![document.problem(&path, format!("`{path}`: {message}"), None)]
    })
}
