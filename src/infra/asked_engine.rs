//! The engine that a person asked for with `setup --engine`: `infra/engine`.
//!
//! It is remembered before anything is tried, so that a `setup` that fails is gone on with on that engine, and the next
//! command does not decide otherwise. It goes with the record, or with `setup --engine auto`.

use std::path::PathBuf;

use crate::report::Engine;
use crate::system::{self, Home};

fn path(home: &Home) -> PathBuf {
    home.infra_dir().join("engine")
}

/// Remembers an engine; `None` forgets it.
///
/// # Errors
/// The file cannot be written.
pub fn remember_engine(home: &Home, engine: Option<Engine>) -> system::Result<()> {
    match engine {
        Some(engine) => {
            system::create_private_dir(&home.infra_dir(), 0o700)?;
            system::write_atomic(&path(home), engine.as_str().as_bytes(), 0o600)
        }
        None => system::remove_if_exists(&path(home)).map(drop),
    }
}

/// What was asked for.
pub(super) fn asked(home: &Home) -> Option<Engine> {
    let text = std::fs::read_to_string(path(home)).ok()?;
    [Engine::Docker, Engine::Native].into_iter().find(|engine| engine.as_str() == text.trim())
}
