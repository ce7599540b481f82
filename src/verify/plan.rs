//! From stages as the project writes them to commands that can be run.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::Error;
use crate::project::{Template, VerifyCheck, VerifyCommand, VerifyStage};
use crate::render::RenderError;
use crate::report;

/// Evaluates a template for the agent whose tree is checked; the first argument is its key in
/// `harness.toml`: `verify.stages[0].commands[1].run`.
pub type Evaluate<'a> = dyn Fn(&str, &Template) -> Result<String, RenderError> + 'a;

/// A stage that will be run, or is only named.
pub(super) struct PlannedStage {
    pub(super) name: String,
    pub(super) timeout: Duration,
    pub(super) commands: Vec<PlannedCommand>,
    /// Whether it was asked for.
    pub(super) wanted: bool,
    /// Whether it says nothing while the stack is down.
    pub(super) needs_stack: bool,
    /// Where its commands may talk to anybody's servers.
    pub(super) allow_ports: Vec<RangeInclusive<u16>>,
}

/// A command, evaluated.
pub(super) struct PlannedCommand {
    pub(super) name: String,
    pub(super) check: PlannedCheck,
    /// From the tree's root.
    pub(super) working_dir: PathBuf,
    pub(super) environment: Vec<(String, String)>,
    pub(super) inputs: Vec<String>,
    pub(super) error_pattern: Option<Regex>,
}

/// What a command does.
pub(super) enum PlannedCheck {
    /// A command line for the shell.
    Shell(String),
    /// A GET.
    Http { host: Option<String>, port: u16, path: String },
}

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Also the stages marked `full`.
    pub full: bool,
    /// Only these stages; empty for all.
    pub only: Vec<String>,
    /// Instead of each stage's own.
    pub timeout: Option<Duration>,
}

impl Selection {
    fn wants(&self, stage: &VerifyStage) -> bool {
        if self.only.is_empty() { self.full || !stage.full } else { self.only.contains(&stage.name) }
    }

    /// Whether that is every stage there is.
    pub(super) fn is_everything(&self, stages: &[VerifyStage]) -> bool {
        stages.iter().all(|stage| self.wants(stage))
    }
}

/// Evaluates the stages that were asked for. Everything that can be wrong with them is found here,
/// before anything runs.
pub(super) fn plan(
    stages: &[VerifyStage],
    selection: &Selection,
    evaluate: &Evaluate<'_>,
) -> Result<Vec<PlannedStage>, Error> {
    if let Some(name) = selection.only.iter().find(|name| !stages.iter().any(|stage| stage.name == **name)) {
        let known = stages.iter().map(|stage| stage.name.clone()).collect();
        return Err(Error::UnknownStage { name: name.clone(), known });
    }
    let plan_one = |(index, stage): (usize, &VerifyStage)| {
        let wanted = selection.wants(stage);
        let commands = stage.commands.iter().enumerate().filter(|_| wanted).map(|(number, command)| {
            let key = format!("verify.stages[{index}].commands[{number}]");
            planned(&format!("{}.{}", stage.name, command.name), &key, command, evaluate)
        });
        Ok(PlannedStage {
            name: stage.name.clone(),
            timeout: selection.timeout.unwrap_or(stage.timeout),
            commands: commands.collect::<Result<_, Error>>()?,
            wanted,
            needs_stack: stage.needs_stack,
            allow_ports: stage.allow_ports.clone(),
        })
    };
    stages.iter().enumerate().map(plan_one).collect()
}

fn planned(name: &str, key: &str, command: &VerifyCommand, evaluate: &Evaluate<'_>) -> Result<PlannedCommand, Error> {
    let text = |part: &str, template: &Template| evaluate(&format!("{key}.{part}"), template);
    let check = match &command.check {
        VerifyCheck::Run(line) => PlannedCheck::Shell(text("run", line)?),
        VerifyCheck::Http { host, port, path } => {
            let value = text("http_get.port", port)?;
            let port = value.trim().parse().ok().filter(|port| *port > 0);
            PlannedCheck::Http {
                host: host.as_ref().map(|host| text("http_get.host", host)).transpose()?,
                port: port.ok_or_else(|| Error::Port { command: name.to_owned(), value })?,
                path: text("http_get.path", path)?,
            }
        }
    };
    let environment = command.environment.iter();
    let environment = environment.map(|(name, value)| Ok((name.clone(), text(&format!("environment.{name}"), value)?)));
    let pattern = command.error_pattern.as_deref().map(Regex::new).transpose();
    Ok(PlannedCommand {
        name: command.name.clone(),
        check,
        working_dir: command.working_dir.clone().unwrap_or_default(),
        environment: environment.collect::<Result<_, Error>>()?,
        inputs: command.inputs.clone(),
        error_pattern: pattern
            .map_err(|source| Error::Pattern { command: name.to_owned(), source: Box::new(source) })?,
    })
}

/// The plan as a document.
pub fn list(stages: &[VerifyStage]) -> report::verify::VerifyPlan {
    let does = |check: &VerifyCheck| match check {
        VerifyCheck::Run(line) => line.0.clone(),
        VerifyCheck::Http { host, port, path } => {
            let host = host.as_ref().map_or("localhost", |host| &host.0);
            format!("GET http://{host}:{}{}", port.0, path.0)
        }
    };
    let stage = |stage: &VerifyStage| report::verify::PlannedStage {
        name: stage.name.clone(),
        full: stage.full,
        timeout_ms: u64::try_from(stage.timeout.as_millis()).unwrap_or(u64::MAX),
        commands: stage
            .commands
            .iter()
            .map(|command| report::verify::PlannedCommand { name: command.name.clone(), does: does(&command.check) })
            .collect(),
    };
    report::verify::VerifyPlan {
        schema: "harness/verify-list/1".to_owned(),
        stages: stages.iter().map(stage).collect(),
    }
}

/// Names a plan: a pass of other stages, or of weaker ones, is no pass of these.
pub(super) fn digest(stages: &[VerifyStage]) -> String {
    use std::fmt::Write;
    let hash = Sha256::digest(format!("{stages:?}"));
    hash.iter().take(6).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(name: &str, full: bool, line: &str) -> VerifyStage {
        VerifyStage {
            name: name.into(),
            full,
            needs_stack: false,
            watched: true,
            allow_ports: Vec::new(),
            timeout: Duration::from_mins(10),
            commands: vec![VerifyCommand {
                name: "all".into(),
                check: VerifyCheck::Run(Template(line.into())),
                working_dir: None,
                environment: Vec::new(),
                inputs: Vec::new(),
                error_pattern: None,
            }],
        }
    }

    fn wanted(selection: &Selection) -> Vec<String> {
        let stages = [stage("lint", false, "true"), stage("e2e", true, "true")];
        let planned = plan(&stages, selection, &|_, template| Ok(template.0.clone())).unwrap();
        planned.into_iter().filter(|stage| stage.wanted).map(|stage| stage.name).collect()
    }

    #[test]
    fn stages_are_chosen_by_full_and_by_name() {
        assert_eq!(wanted(&Selection::default()), ["lint"]);
        assert_eq!(wanted(&Selection { full: true, ..Selection::default() }), ["lint", "e2e"]);
        assert_eq!(
            wanted(&Selection { only: vec!["e2e".into()], ..Selection::default() }),
            ["e2e"],
            "a name is enough"
        );
    }

    #[test]
    fn a_stage_that_does_not_exist_is_named_with_those_that_do() {
        let selection = Selection { only: vec!["lnit".into()], ..Selection::default() };
        let error = plan(&[stage("lint", false, "")], &selection, &|_, _| Ok(String::new())).err().unwrap();
        assert_eq!(error.to_string(), "there is no stage `lnit`");
    }

    #[test]
    fn a_pass_of_every_stage_is_a_full_one_even_without_the_flag() {
        let selection = Selection::default();
        assert!(selection.is_everything(&[stage("lint", false, "")]));
        assert!(!selection.is_everything(&[stage("lint", false, ""), stage("e2e", true, "")]));
    }

    #[test]
    fn a_weaker_plan_has_another_name() {
        assert_ne!(digest(&[stage("lint", false, "eslint .")]), digest(&[stage("lint", false, "true")]));
        assert_eq!(digest(&[stage("lint", false, "true")]), digest(&[stage("lint", false, "true")]));
    }
}
