//! A project on disk.

use std::path::Path;

use super::super::*;

/// A directory with a `harness.toml`, whose name is a placeholder in messages.
pub(super) struct Fixture(tempfile::TempDir);

impl Fixture {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(directory)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn load(&self) -> Result<Project, ConfigError> {
        Project::load(self.path(), &|_| None)
    }

    /// What is wrong, one `line:column: message; hint` each.
    pub(super) fn problems(&self) -> Vec<String> {
        let error = self.load().expect_err("the file is wrong");
        let show = |problem: &Problem| {
            let place = problem.location.as_ref().map(|place| {
                let file = place.file.file_name().unwrap().to_str().unwrap();
                let file = if file == FILE { String::new() } else { format!("{file}:") };
                format!("{file}{}:{}: ", place.line, place.column)
            });
            let hint = problem.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("{}{}{hint}", place.unwrap_or_default(), problem.message)
        };
        error.problems().iter().map(show).collect()
    }
}
