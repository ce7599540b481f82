//! `harness verify --list`.

use std::process::ExitCode;
use std::time::Duration;

use super::super::invocation::Invocation;
use super::Arguments;
use crate::agent;
use crate::report::Failure;
use crate::report::verify::{PlannedStage, VerifyPlan};
use crate::{terminal, verify};

pub(super) fn list(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let project = match agent::resolve(&context, arguments.id) {
        Ok(agent) => agent::verify_scope(&context, agent)?.project,
        // the plan belongs to the project and needs no agent
        Err(_) if arguments.id.is_none() => context.project()?,
        Err(failure) => return Err(failure),
    };
    let plan = verify::list(&project.verify);
    invocation.output.document(&plan, text_of);
    Ok(ExitCode::SUCCESS)
}

fn text_of(plan: &VerifyPlan) -> String {
    let mut table = terminal::Table::new(&["STAGE", "WHEN", "TIMEOUT", "COMMANDS"]);
    for PlannedStage { name, full, timeout_ms, commands } in &plan.stages {
        let when = if *full { "--full" } else { "always" };
        let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
        let timeout = terminal::duration(Duration::from_millis(*timeout_ms));
        table.row([name.clone(), when.to_owned(), timeout, names.join(", ")]);
    }
    table.render()
}
