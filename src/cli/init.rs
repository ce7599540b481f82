//! `harness init`.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use super::invocation::{Invocation, block_on};
use super::verify;
use crate::agent::{self, Context, LaunchOptions, TeardownOptions, TeardownTarget};
use crate::project::{self, AgentId, InitOptions, Project};
use crate::render;
use crate::report::{Diagnostic, ErrorDocument, Failure, Init, InitCheck, InitOutcome, Kind};
use crate::terminal;

/// Write a commented harness.toml for the repository of the current directory.
///
/// It looks at the files there, asks nothing, and says what it saw, what it assumed and what it could not
/// tell. Values of files that git ignores are never copied.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness init --print           print what would be written
  harness init --agents          write it, and tell coding agents to use harness
  harness init --github          also write a workflow that works on issues
  harness init --check           try it: launch, verify, tear down
  harness init --preset lightdash")]
pub(super) struct Arguments {
    /// Replace a harness.toml that exists.
    #[arg(long)]
    force: bool,
    /// Print the file, and write nothing.
    #[arg(long, conflicts_with_all = ["force", "agents", "check", "github"])]
    print: bool,
    /// Take a file that is ready for a known repository.
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Also tell coding agents in CLAUDE.md and AGENTS.md to use harness.
    #[arg(long)]
    agents: bool,
    /// Also write .github/workflows/agent-task.yml: an issue with the label `agent-task` becomes a pull request
    /// once `harness verify --full` passes.
    #[arg(long)]
    github: bool,
    /// Launch an agent with the file, run verify, remove it again, and say what to mend.
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let directory = invocation.directory()?;
    let root = project::root_of(&directory);
    let options = InitOptions {
        force: arguments.force,
        print: arguments.print,
        preset: arguments.preset.clone(),
        agents: arguments.agents,
        keep: arguments.agents || arguments.check || arguments.github,
    };
    let mut document = project::init(&root, &options)?;
    if root != directory {
        document.assumed.insert(0, format!("the project is {}, to which this directory belongs", root.display()));
    }
    if !arguments.print {
        let variable = |name: &str| std::env::var(name).ok();
        let checked = render::check(&root, &variable, agent::samples)?;
        let problems =
            checked.problems.iter().map(|problem| format!("{} is not right: {}", project::FILE, problem.message));
        document.unknown.extend(problems);
    }
    if arguments.github {
        document.workflow = Some(project::write_workflow(&load(&root)?, arguments.force)?);
    }
    if arguments.check {
        let context = invocation.context_to_make()?;
        let is_empty = load(&root)?.processes.is_empty();
        document.check = Some(if is_empty { nothing_to_run() } else { block_on(try_out(invocation, &context))? });
    }
    if arguments.print && !invocation.output.json {
        invocation.output.data(document.toml.as_deref().unwrap_or_default());
        invocation.output.tell(findings(&document).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    // what is wrong with the file is said above
    let has_programs = load(&root).map_or(true, |project| !project.processes.is_empty());
    invocation.output.document(&document, |document| text(document, has_programs));
    let error = document.check.as_ref().and_then(|check| check.error.as_ref());
    if let Some(error) = error {
        invocation.output.tell_error(error);
    }
    let passed = document
        .check
        .as_ref()
        .is_none_or(|check| check.healthy && check.verified != Some(false) && check.error.is_none());
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(Kind::CheckFailed.exit_code()) })
}

fn load(root: &Path) -> Result<Project, Failure> {
    Ok(Project::load(root, &|name| std::env::var(name).ok())?)
}

/// All agents of this home are taken.
#[derive(Debug, thiserror::Error)]
#[error("there is no free agent to try the file with")]
struct NoFreeAgent;

impl Diagnostic for NoFreeAgent {
    fn kind(&self) -> Kind {
        Kind::Conflict
    }

    fn code(&self) -> &'static str {
        "init.no_free_agent"
    }

    fn hint(&self) -> Option<String> {
        Some("run `harness status`, and tear an agent down".to_owned())
    }
}

/// A stack without programs is healthy, which proves nothing.
#[derive(Debug, thiserror::Error)]
#[error("nothing was found to run")]
struct NothingToRun;

impl Diagnostic for NothingToRun {
    fn kind(&self) -> Kind {
        Kind::CheckFailed
    }

    fn code(&self) -> &'static str {
        "init.nothing_to_run"
    }

    fn hint(&self) -> Option<String> {
        Some("give the programs in [processes] of harness.toml, then run `harness init --check` again".to_owned())
    }
}

fn nothing_to_run() -> InitCheck {
    let error = Some(Failure::from(NothingToRun).document());
    InitCheck { agent: None, healthy: false, verified: None, mend: Vec::new(), error, duration_ms: 0 }
}

/// Launches a free agent, verifies it, and removes it in every case.
async fn try_out(invocation: &Invocation, context: &Context) -> Result<InitCheck, Failure> {
    let began = Instant::now();
    let taken = context.home.agents()?;
    let free = (1..=AgentId::MAX).filter_map(|id| AgentId::try_from(id).ok()).find(|id| !taken.contains(&id.get()));
    let agent = free.ok_or(NoFreeAgent)?;
    let mut check = InitCheck {
        agent: Some(agent.get()),
        healthy: false,
        verified: None,
        mend: Vec::new(),
        error: None,
        duration_ms: 0,
    };
    // what a failure leaves is removed below, in one go
    let launch = LaunchOptions { keep: true, ..LaunchOptions::default() };
    match agent::launch(context, &[agent], &launch).await {
        Ok((launch, _)) => {
            check.error = launch.agents.into_iter().find_map(|launched| launched.error);
            check.healthy = check.error.is_none();
        }
        Err(failure) => check.error = Some(failure.document()),
    }
    if check.healthy {
        judge(invocation, context, agent, &mut check).await;
    }
    let options = TeardownOptions {
        target: TeardownTarget::Agents(vec![agent]),
        dry_run: false,
        force: true,
        infra: false,
        only_leftovers: false,
        volumes: false,
    };
    match agent::teardown(context, &options).await {
        Ok((teardown, _)) => check.error = check.error.or(teardown.agents.into_iter().find_map(|agent| agent.error)),
        Err(failure) => check.error = check.error.or(Some(failure.document())),
    }
    if let Some(error) = &check.error {
        check.mend.extend(project::mend(lines(error)));
    }
    check.duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(check)
}

fn lines(error: &ErrorDocument) -> impl Iterator<Item = &str> {
    std::iter::once(error.message.as_str())
        .chain(error.causes.iter().map(String::as_str))
        .chain(error.details.iter().map(String::as_str))
}

/// The quick stages; a project without any is not judged.
async fn judge(invocation: &Invocation, context: &Context, agent: AgentId, check: &mut InitCheck) {
    match context.project() {
        Ok(project) if project.verify.iter().all(|stage| stage.full) => return,
        _ => {}
    }
    match verify::quick(agent, invocation, context).await {
        Ok(verdict) => {
            let document = verdict.document;
            check.verified = Some(document.reason.is_none() && document.error.is_none());
            for stage in document.stages.iter().filter(|stage| stage.status.is_bad()) {
                for command in stage.commands.iter().filter(|command| command.status.is_bad()) {
                    let first =
                        command.first_error.as_deref().and_then(|error| error.lines().next()).unwrap_or("it failed");
                    check.mend.push(format!("{} of stage {}: {first}", command.name, stage.name));
                    check.mend.extend(project::mend(command.first_error.iter().flat_map(|error| error.lines())));
                }
            }
            check.error = document.error;
        }
        Err(failure) => check.error = Some(failure.document()),
    }
}

/// What was found, for a person.
fn findings(document: &Init) -> String {
    let mut text = String::new();
    let mut section = |title: &str, lines: &[String]| {
        if !lines.is_empty() {
            let _ = writeln!(text, "{title}:");
            for line in lines {
                let _ = writeln!(text, "  {}", terminal::harmless(line));
            }
        }
    };
    let saw: Vec<String> =
        document.saw.iter().map(|sighting| format!("{} ({})", sighting.what, sighting.evidence)).collect();
    section("saw", &saw);
    section("assumed", &document.assumed);
    section("could not tell", &document.unknown);
    text
}

fn text(document: &Init, has_programs: bool) -> String {
    let mut text = findings(document);
    let outcome = match document.outcome {
        InitOutcome::Written => "wrote",
        InitOutcome::Replaced => "replaced",
        InitOutcome::Kept => "kept",
        InitOutcome::Printed => "would write",
    };
    let _ = writeln!(text, "{outcome} {}", document.file);
    for file in document.instructions.iter().chain(&document.workflow) {
        let _ = writeln!(text, "{} {}", if file.changed { "wrote" } else { "unchanged" }, file.path);
    }
    match &document.check {
        None if !has_programs => {
            let _ = writeln!(text, "next: name the application's programs in `[processes]`: nothing to run was found");
        }
        None => {
            let _ = writeln!(text, "next: `harness launch 1`, or `harness init --check` to try it out");
        }
        Some(check) => {
            let healthy = if check.healthy { "healthy" } else { "not healthy" };
            let verified = match check.verified {
                Some(true) => ", verify: pass",
                Some(false) => ", verify: fail",
                None => "",
            };
            let removed = check.agent.map(|agent| format!("; agent {agent} is removed again")).unwrap_or_default();
            let _ = writeln!(text, "check: {healthy}{verified}{removed}");
            for line in &check.mend {
                let _ = writeln!(text, "  mend: {}", terminal::harmless(line));
            }
        }
    }
    text
}
