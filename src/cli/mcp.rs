//! `harness mcp`.

use std::process::ExitCode;

use clap::Args;

use super::invocation::{self, Invocation};
use crate::mcp;
use crate::report::Failure;

/// Serve harness's verbs as tools of the Model Context Protocol, over stdin and stdout.
///
/// A coding agent's program starts this; `harness connect` registers it. It ends when stdin is closed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness mcp                    serve the tree of the client's root, or of this directory
  harness mcp -C ../bright-fox   serve that tree")]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    mcp::serve(invocation::environment(), invocation.directory()?)?;
    Ok(ExitCode::SUCCESS)
}
