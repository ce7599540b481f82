//! `harness infra`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::{Invocation, block_on, interruptible};
use crate::agent::{self, Context};
use crate::infra::{self, Engine, InfraRecord};
use crate::report::{Failure, InfraPs, InfraStatus};
use crate::terminal::{Table, paint};

/// Show the shared servers or their compose file, or pull their images.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness infra ps               show the shared servers")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the shared servers.
    Ps,
    /// Print the compose file of the docker engine; passwords are read from variables.
    Compose,
    /// Pull the images of the docker engine again; the next `setup` replaces the containers.
    Pull,
}

impl Arguments {
    /// The verb as it is typed.
    pub(super) fn verb_name(&self) -> &'static str {
        match self.verb {
            Verb::Ps => "ps",
            Verb::Compose => "compose",
            Verb::Pull => "pull",
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    match &arguments.verb {
        Verb::Ps => {
            let status = interruptible(agent::status(&context, None))?;
            let shown = InfraPs { schema: "harness/infra-ps/1".to_owned(), infra: status.infra };
            invocation.output.document(&shown, |shown| services(&shown.infra));
        }
        Verb::Compose => {
            let document = infra::docker::resolved(&context.home, &containers(&context)?)?;
            invocation.output.document(&document, |document| {
                // JSON is YAML too
                serde_saphyr::to_string(&document.file).unwrap_or_else(|_| format!("{:#}\n", document.file))
            });
        }
        Verb::Pull => {
            let record = containers(&context)?;
            let pulled = block_on(async { Ok(infra::docker::pull(&context.home, &record, &context.events).await?) })?;
            invocation.output.document(&pulled, |pulled| pulled.images.join("\n") + "\n");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is recorded of a home whose servers are containers.
fn containers(context: &Context) -> Result<InfraRecord, Failure> {
    let record = InfraRecord::read(&context.home)?.ok_or(agent::Error::NoInfra)?;
    record.check_engine(Engine::Docker)?;
    Ok(record)
}

/// The shared servers as a table, with what is to be said of them.
pub(super) fn services(infra: &InfraStatus) -> String {
    let engine = infra.engine.map_or("not set up", Engine::as_str);
    let mut text = format!("infra ({engine}): {}\n", paint(&infra.state));
    if !infra.services.is_empty() {
        let mut table = Table::new(&["service", "pid", "state", "what", "port"]);
        for row in &infra.services {
            table.row([
                row.name.clone(),
                row.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
                paint(&row.state),
                row.version.clone().unwrap_or_else(|| "-".to_owned()),
                row.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            ]);
        }
        text.push_str(&table.render());
    }
    for row in &infra.services {
        if let Some(reason) = &row.reason {
            let _ = writeln!(text, "{}: {reason}", row.name);
        }
    }
    for line in &infra.drift {
        let _ = writeln!(text, "drift: {line}");
    }
    text
}
