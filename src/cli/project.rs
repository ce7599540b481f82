//! `harness project`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hyper::Method;
use serde_json::{Map, Value, json};

use super::invocation::{Invocation, block_on};
use crate::report::{Failure, QueueProject, QueueProjects};
use crate::serve;
use crate::terminal::Table;

/// Name the repositories that tickets are about, and how jobs in them are done.
///
/// Settings: `base`, `remote`, `github`, `program`, `prompt`, `variables`, `time_limit_s`, `cost_limit_usd`, `rounds`, `attempts`, `backoff_s`,
/// `execution`, `image`, `fallback`, `stack`, `approval`, `source`, `plane`, `reviews`, `label`, `start`, `state_labels` and `comments`; docs/jobs.md explains them. A value is JSON, or else text.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness project add shop                   the repository here
  harness project add shop ~/shop program='[\"codex\"]' rounds=2
  harness project set shop approval=true
  harness project set shop source=github label=agent-task   make tickets of issues
  harness project list")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a project.
    Add {
        /// Its name.
        #[arg(value_name = "NAME")]
        name: String,
        /// Its checkout on the worker's machine [default: the repository here]; then settings.
        #[arg(value_name = "[PATH] [KEY=VALUE]...")]
        words: Vec<String>,
    },
    /// Change settings of a project.
    Set {
        /// The project.
        #[arg(value_name = "NAME")]
        name: String,
        /// Settings.
        #[arg(value_name = "KEY=VALUE", required = true)]
        settings: Vec<String>,
    },
    /// List the projects.
    List,
    /// Show one project.
    Show {
        /// The project.
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Remove a project that no ticket names.
    Remove {
        /// The project.
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Arguments {
    /// The name of the document.
    pub(super) fn document(&self) -> &'static str {
        if matches!(self.verb, Verb::List) { "projects" } else { "project" }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    // `serve` is asked of; where none runs, that is what is said
    let context = invocation.context()?;
    let path = |name: &str| format!("/api/projects/{}", crate::system::text::percent_encode(name));
    let (method, path, body) = match &arguments.verb {
        Verb::List => {
            let projects: QueueProjects = block_on(serve::ask(&context.home, Method::GET, "/api/projects", None))?;
            invocation.output.document(&projects, table);
            return Ok(ExitCode::SUCCESS);
        }
        Verb::Add { name, words } => {
            let (directory, settings): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| !is_setting(word));
            let directory = directory.first().map_or_else(PathBuf::new, PathBuf::from);
            let directory = context.directory.join(directory);
            let mut body = json_of(settings);
            body.insert("name".to_owned(), json!(name));
            body.entry("path").or_insert(json!(directory.canonicalize().unwrap_or(directory)));
            (Method::POST, "/api/projects".to_owned(), Some(Value::Object(body)))
        }
        Verb::Set { name, settings } => (Method::PATCH, path(name), Some(Value::Object(json_of(settings)))),
        Verb::Show { name } => (Method::GET, path(name), None),
        Verb::Remove { name } => (Method::DELETE, path(name), None),
    };
    let project: QueueProject = block_on(serve::ask(&context.home, method, &path, body.as_ref()))?;
    invocation.output.document(&project, text);
    Ok(ExitCode::SUCCESS)
}

fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
}

fn json_of<'a>(settings: impl IntoIterator<Item = &'a String>) -> Map<String, Value> {
    let pairs = settings.into_iter().map(|setting| setting.split_once('=').unwrap_or((setting, "")));
    pairs.map(|(key, value)| (key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| json!(value)))).collect()
}

fn table(projects: &QueueProjects) -> String {
    if projects.projects.is_empty() {
        return "no projects\n".to_owned();
    }
    let mut table = Table::new(&["project", "program", "path"]);
    for project in &projects.projects {
        let settings = &project.settings;
        table.row([
            project.name.clone(),
            settings.program.first().cloned().unwrap_or_default(),
            settings.path.display().to_string(),
        ]);
    }
    table.render()
}

fn text(project: &QueueProject) -> String {
    let settings = serde_json::to_value(&project.settings).unwrap_or_default();
    let mut table = Table::new(&[]);
    table.row(["name".to_owned(), project.name.clone()]);
    for (key, value) in settings.as_object().into_iter().flatten() {
        table.row([key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]);
    }
    table.render()
}
