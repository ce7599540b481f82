//! `harness setup`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;

use super::session::{Session, block_on};
use crate::agent;
use crate::project::EngineChoice;
use crate::report::{Failure, Setup};

/// Prepare this machine: bring the shared servers up and build the project's template.
///
/// Idempotent: what is there already stays as it is.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Engine of the shared servers; on a home that has one already, this moves it.
    #[arg(long, value_name = "ENGINE")]
    engine: Option<Engine>,
}

/// `--engine`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Engine {
    /// Docker where it answers, else native.
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

pub(super) fn run(arguments: &Arguments, session: &Session) -> Result<ExitCode, Failure> {
    let context = session.context()?;
    let setup = block_on(agent::setup(&context, arguments.engine.map(Into::into)))?;
    session.output.document(&setup, text);
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
