//! The work of `harness init`: looks, writes, and returns the document that says so.

use std::path::{Path, PathBuf};

use super::error::InitError;
use super::look::look;
use super::{instructions, presets, read};
use crate::project::FILE;
use crate::report::{Init, InitOutcome, Sighting};
use crate::system;

/// How `init` behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitOptions {
    /// Replace a file that exists.
    pub force: bool,
    /// Write no file.
    pub print: bool,
    /// The preset to take instead of looking.
    pub preset: Option<String>,
    /// Also write the lines for coding agents.
    pub agents: bool,
    /// A file that exists is not an error but stays: something else is to be done with it.
    pub keep: bool,
}

/// The directory that a `harness.toml` belongs in, as seen from one below it: where there is one already, else
/// the root of the git repository.
pub fn root_of(directory: &Path) -> PathBuf {
    let project = crate::project::find_root(directory).ok();
    project.or_else(|| read::repository_of(directory)).unwrap_or_else(|| directory.to_owned())
}

/// Writes a `harness.toml` for the repository in `root`.
///
/// # Errors
/// There is a file already, the preset is not known, or a file cannot be written. Then nothing is changed.
pub fn init(root: &Path, options: &InitOptions) -> Result<Init, InitError> {
    let path = root.join(FILE);
    let exists = path.exists();
    let keeps = exists && options.keep && !options.force && !options.print && options.preset.is_none();
    if exists && !options.force && !options.print && !keeps {
        return Err(InitError::Exists { path });
    }
    let mut document = Init {
        schema: "harness/init/1".to_owned(),
        root: root.display().to_string(),
        file: path.display().to_string(),
        outcome: match (options.print, keeps, exists) {
            (true, ..) => InitOutcome::Printed,
            (_, true, _) => InitOutcome::Kept,
            (_, _, true) => InitOutcome::Replaced,
            _ => InitOutcome::Written,
        },
        preset: options.preset.clone(),
        saw: Vec::new(),
        assumed: Vec::new(),
        unknown: Vec::new(),
        toml: None,
        instructions: Vec::new(),
        workflow: None,
        check: None,
    };
    if let Some(name) = &options.preset {
        let text = presets::preset(name)
            .ok_or_else(|| InitError::UnknownPreset { name: name.clone(), known: presets::names() })?;
        document.toml = Some(text.to_owned());
    } else if !keeps {
        let looked = look(root);
        document.saw = looked.saw.into_iter().map(|(what, evidence)| Sighting { what, evidence }).collect();
        (document.assumed, document.unknown) = (looked.assumed, looked.unknown);
        document.toml = Some(looked.toml);
    }
    if options.agents && !options.print {
        document.instructions = instructions::write(root)?;
    }
    if let Some(text) = document.toml.as_ref().filter(|_| !options.print) {
        system::write_atomic(&path, text.as_bytes(), 0o644)?;
    }
    Ok(document)
}
