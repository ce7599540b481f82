//! `harness setup`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent;
use crate::project::EngineChoice;
use crate::report::{Failure, Setup};

/// Start the shared servers and build the project's template.
///
/// Running it again changes nothing that is up to date.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness setup                  start the shared servers, build the template")]
pub(super) struct Arguments {
    /// Engine of the shared servers; changes the engine of a home that already has one.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Engine>,
    /// Replace host ports that are in use by free ones, and keep them in harness's home.
    #[arg(long, value_name = "auto")]
    ports: Option<Ports>,
}

/// `--ports`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Ports {
    /// A free block of ports.
    Auto,
}

/// `--engine`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Engine {
    /// Docker if a daemon answers, otherwise native.
    Auto,
    /// Containers.
    Docker,
    /// Processes of this machine.
    Native,
}

impl From<Engine> for EngineChoice {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Auto => Self::Auto,
            Engine::Docker => Self::Docker,
            Engine::Native => Self::Native,
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context_to_make()?;
    let setup = block_on(agent::setup(&context, arguments.engine.map(Into::into), arguments.ports.is_some()))?;
    invocation.output.document(&setup, text);
    Ok(ExitCode::SUCCESS)
}

fn text(setup: &Setup) -> String {
    let mut text = super::infra::services(&setup.infra);
    if let Some(template) = &setup.template {
        let how = if template.built { "built" } else { "present" };
        let _ = writeln!(text, "template {} {how}", template.name);
    }
    text
}
