//! `harness verify --public-key`.

use std::process::ExitCode;

use super::super::invocation::Invocation;
use crate::report::Failure;
use crate::verify;

pub(super) fn key(invocation: &Invocation) -> Result<ExitCode, Failure> {
    let key = verify::public_key(&invocation.context_to_make()?.home)?;
    invocation.output.document(&key, |key| key.public_key.clone());
    Ok(ExitCode::SUCCESS)
}
