//! `harness verify`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::invocation::{Invocation, block_on};
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::verify::{PlannedStage, Reason, StageStatus, VerifyPlan};
use crate::report::{ErrorDocument, Failure, Kind, Level, Verify, VerifyStatus};
use crate::terminal::{self, Output, Verbosity};
use crate::verify::{self, Content, Judgement, Verdict};

/// Check an agent's work: run the stages of `[verify]` in its tree.
///
/// Prints one JSON document on stdout and everything else on stderr. The result is bound to the git tree: a
/// run during which a file changes fails.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness verify                 run the quick stages for the agent of this work tree
  harness verify 3 --full        run every stage; required before work is done
  harness verify --stage lint    run one stage
  harness verify --status        check that this very tree has passed `verify --full`

Exit codes: 0 pass, 1 fail; the others as for every command.")]
pub(super) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    id: Option<AgentId>,
    /// Also run the stages marked `full`.
    #[arg(long)]
    full: bool,
    /// Run only this stage; may be repeated.
    #[arg(long, value_name = "NAME")]
    stage: Vec<String>,
    /// Continue after a failed stage.
    #[arg(long)]
    keep_going: bool,
    /// Time limit of each stage, instead of its own.
    #[arg(long, value_name = "DURATION", value_parser = super::duration::parse)]
    timeout: Option<Duration>,
    /// Run nothing; check that the present tree is the one that last passed `--full`.
    #[arg(long, conflicts_with_all = ["full", "stage", "keep_going", "timeout"])]
    status: bool,
    /// With --status: check what git is about to commit, for every agent of this checkout; for hooks.
    #[arg(long, requires = "status", conflicts_with = "id")]
    index: bool,
    /// Run nothing; list the stages.
    #[arg(long, conflicts_with_all = ["full", "stage", "keep_going", "timeout", "status"])]
    list: bool,
    /// Also for an agent of another project than the one here.
    #[arg(long, conflicts_with_all = ["status", "list"])]
    force: bool,
}

impl Arguments {
    /// Whether the stages are only listed.
    pub(super) fn lists(&self) -> bool {
        self.list
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if arguments.list {
        return list(arguments, invocation);
    }
    if arguments.status {
        return Ok(status(arguments, invocation));
    }
    let verdict = invocation
        .context()
        .and_then(|context| block_on(judge(arguments, invocation, &context)))
        .unwrap_or_else(|failure| verify::could_not_judge(&failure, arguments.id.map(AgentId::get), arguments.full));
    as_json(invocation).document(&verdict.document, |_| String::new());
    tell(invocation, &verdict.document);
    Ok(ExitCode::from(verdict.exit_code))
}

async fn judge(arguments: &Arguments, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let id = agent::resolve(context, arguments.id)?;
    let judgement = Judgement {
        full: arguments.full,
        only: arguments.stage.clone(),
        timeout: arguments.timeout,
        force: arguments.force,
        keep_going: arguments.keep_going,
        every_line: invocation.output.verbosity >= Verbosity::Verbose,
        own_process: true,
    };
    verify::judge(context, id, &judgement, agent::interrupted()).await
}

/// The quick stages of one agent, all of them even if one fails.
pub(super) async fn quick(id: AgentId, invocation: &Invocation, context: &Context) -> Result<Verdict, Failure> {
    let every_line = invocation.output.verbosity >= Verbosity::Verbose;
    let judgement = Judgement { keep_going: true, own_process: true, every_line, ..Judgement::default() };
    verify::judge(context, id, &judgement, agent::interrupted()).await
}

/// `verify` prints its document with and without `--json`.
fn as_json(invocation: &Invocation) -> Output {
    Output { json: true, ..invocation.output }
}

/// What a person reads: each failure with its diagnostic and its log, then the verdict.
fn tell(invocation: &Invocation, document: &Verify) {
    let mut text = String::new();
    for warning in &document.warnings {
        let _ = writeln!(text, "{} {warning}", terminal::paint_as(&Level::Warning, "warning:"));
    }
    let bad = |status| matches!(status, StageStatus::Fail | StageStatus::Timeout);
    for stage in document.stages.iter().filter(|stage| bad(stage.status)) {
        for command in stage.commands.iter().filter(|command| bad(command.status)) {
            let state = terminal::paint_as(
                &command.status,
                if command.status == StageStatus::Timeout { "timeout" } else { "failed" },
            );
            let _ = writeln!(text, "{state} {}: {}", stage.name, command.name);
            for line in command.first_error.iter().flat_map(|error| error.lines()) {
                let _ = writeln!(text, "  {}", terminal::harmless(line));
            }
            if let Some(log) = &command.log {
                let _ = writeln!(text, "  log: {log}");
            }
        }
    }
    if let Some(tree) = document.tree.as_ref().filter(|_| document.reason == Some(Reason::TreeChanged)) {
        let _ = writeln!(text, "files changed while verify ran: {}", tree.changed.join(", "));
    }
    if !text.is_empty() {
        invocation.output.tell(text.trim_end());
    }
    if let Some(error) = &document.error {
        invocation.output.tell_error(error);
    } else {
        let took = terminal::duration(Duration::from_millis(document.total_duration_ms));
        invocation.output.tell(&format!("verify: {} in {took}", terminal::paint(&document.status)));
    }
}

/// The document of a wrong command line.
pub(super) fn misused(error: ErrorDocument) {
    let document = Verify::could_not_run(Reason::Configuration, error, None, false);
    Output { json: true, verbosity: Verbosity::Quiet }.document(&document, |_| String::new());
}

fn status(arguments: &Arguments, invocation: &Invocation) -> ExitCode {
    let answer = invocation.context().and_then(|context| block_on(verified(arguments, &context)));
    let mut unnamed = false;
    let (document, code) = match answer {
        Ok(document) => {
            let code = u8::from(!document.verified);
            (document, code)
        }
        Err(failure) => {
            // a hook calls this in every tree: one without an agent is not a wrong command line
            unnamed = matches!(failure.downcast(), Some(agent::Error::Unnamed));
            let code = if unnamed { Kind::Conflict } else { failure.kind() }.exit_code();
            (VerifyStatus::unknown(failure.document(), arguments.id.map(AgentId::get)), code)
        }
    };
    as_json(invocation).document(&document, |_| String::new());
    match (&document.error, &document.reason) {
        // the hook prints nothing in a checkout without an agent
        (Some(_), _) if arguments.index && unnamed => {}
        (Some(error), _) => invocation.output.tell_error(error),
        (None, Some(reason)) => invocation.output.tell(&format!("not verified: {reason}")),
        (None, None) => invocation.output.tell("verified: this tree has passed `harness verify --full`"),
    }
    ExitCode::from(code)
}

/// Where several agents share a tree, the pass of one of them is enough; of several trees in one checkout, each must be
/// verified.
async fn verified(arguments: &Arguments, context: &Context) -> Result<VerifyStatus, Failure> {
    let index = context.variable("GIT_INDEX_FILE").map(|index| context.directory.join(index));
    let examined = if arguments.index { Content::Commit { index: index.as_deref() } } else { Content::WorkTree };
    let mut trees: BTreeMap<PathBuf, VerifyStatus> = BTreeMap::new();
    for agent in asked_about(arguments, context)? {
        let scope = agent::verify_scope(context, agent)?;
        if trees.get(&scope.tree).is_some_and(|answer| answer.verified) {
            continue;
        }
        let (stages, id) = (&scope.project.verify, Some(agent.get()));
        let answer = verify::status(&scope.tree, examined, stages, &scope.directory, id).await?;
        if answer.verified || !trees.contains_key(&scope.tree) {
            trees.insert(scope.tree, answer);
        }
    }
    let mut answers: Vec<VerifyStatus> = trees.into_values().collect();
    answers.sort_by_key(|answer| answer.verified);
    Ok(answers.into_iter().next().expect("there is at least one agent"))
}

/// The agents that a question without a run is about; at least one.
fn asked_about(arguments: &Arguments, context: &Context) -> Result<Vec<AgentId>, Failure> {
    if arguments.index {
        let agents = agent::in_checkout(context)?;
        return if agents.is_empty() { Err(agent::Error::Unnamed.into()) } else { Ok(agents) };
    }
    match agent::resolve(context, arguments.id) {
        Ok(agent) => Ok(vec![agent]),
        Err(failure) => {
            let sharing = agent::standing_in(context)?;
            if sharing.is_empty() { Err(failure) } else { Ok(sharing) }
        }
    }
}

fn list(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
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
