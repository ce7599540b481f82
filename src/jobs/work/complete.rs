//! `harness complete`: the program of a job says that it is done.

use std::path::PathBuf;

use super::error::WorkError;
use crate::agent::Context;
use crate::report::{Completion, Failure};
use crate::system::text::cut;

/// The variable that names the file in which the worker looks.
pub(super) const VARIABLE: &str = "HARNESS_COMPLETION";
/// Bytes of a summary that are kept.
pub(super) const LONGEST: usize = 16 << 10;

/// Notes that the work of this round is done.
///
/// # Errors
/// This is not the session of a job, or the note cannot be written.
pub fn complete(context: &Context, summary: &str) -> Result<Completion, Failure> {
    let file = context.variable(VARIABLE).filter(|path| !path.is_empty()).ok_or(WorkError::NoJob)?;
    let file = PathBuf::from(file);
    let summary = cut(summary.trim(), LONGEST).to_owned();
    crate::system::write_atomic(&file, summary.as_bytes(), 0o600)?;
    Ok(Completion { schema: "harness/complete/1".to_owned(), summary })
}
