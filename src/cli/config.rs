//! `harness config`.

use std::fmt::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::invocation::Invocation;
use crate::agent;
use crate::project::{self, Project};
use crate::render;
use crate::report::{BuiltInTemplate, ConfigCheck, ConfigShow, ConfigTemplates, Failure, Kind};

/// Check or show `harness.toml`, or print its JSON Schema.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness config check           check harness.toml
  harness config show            print the resolved configuration
  harness config schema          print the JSON Schema, for an editor
  harness config templates env   print the template of the env file, as a start for your own")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check harness.toml.
    Check,
    /// Print the resolved configuration, with the source of each port.
    Show,
    /// Print the JSON Schema of harness.toml.
    Schema,
    /// Print the built-in templates that `[render]` can replace.
    Templates {
        /// Only this one, without a heading: `env` or `processes`.
        name: Option<String>,
    },
}

impl Arguments {
    /// The verb as it is typed.
    pub(super) fn verb_name(&self) -> &'static str {
        match self.verb {
            Verb::Check => "check",
            Verb::Show => "show",
            Verb::Schema => "schema",
            Verb::Templates { .. } => "templates",
        }
    }
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    if let Verb::Schema = arguments.verb {
        let schema = serde_json::to_string_pretty(&project::schema()).unwrap_or_default();
        invocation.output.data(&format!("{schema}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if let Verb::Templates { name } = &arguments.verb {
        let document = render::built_in_templates(name.as_deref())?;
        if invocation.output.json {
            invocation.output.document(&document, |_| String::new());
        } else {
            invocation.output.data(&templates(&document, name.is_none()));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let root = project::find_root(&invocation.directory()?)?;
    let variable = |name: &str| std::env::var(name).ok();
    if let Verb::Check = arguments.verb {
        let report = render::check(&root, &variable, agent::samples)?;
        invocation.output.document(&report, checked);
        let code = if report.valid { 0 } else { Kind::Configuration.exit_code() };
        return Ok(ExitCode::from(code));
    }
    invocation.output.document(&Project::load(&root, &variable)?.show(), shown);
    Ok(ExitCode::SUCCESS)
}

/// The texts, each below the key that names a file in its place.
fn templates(document: &ConfigTemplates, with_headings: bool) -> String {
    let one = |template: &BuiltInTemplate| {
        let heading = if with_headings { format!("{{# {} #}}\n", template.key) } else { String::new() };
        heading + &template.text
    };
    document.templates.iter().map(one).collect()
}

fn checked(report: &ConfigCheck) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        let place = problem.file.as_ref().map_or_else(String::new, |file| {
            let numbers = [problem.line, problem.column].into_iter().flatten().map(|number| format!(":{number}"));
            format!("{file}{}: ", numbers.collect::<String>())
        });
        let said = problem.key.is_empty() || problem.message.contains(&problem.key);
        let key = if said { String::new() } else { format!("{}: ", problem.key) };
        let _ = writeln!(text, "{place}{key}{}", problem.message);
        if let Some(hint) = &problem.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    for warning in &report.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    if report.valid {
        let _ = writeln!(text, "{}/{} is valid", report.root, project::FILE);
    }
    text
}

/// The document as TOML, which is what people wrote.
fn shown(report: &ConfigShow) -> String {
    toml::to_string_pretty(report).unwrap_or_else(|_| serde_json::to_string_pretty(report).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_committed_project_is_valid() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let presets = std::fs::read_dir(repository.join("templates/presets")).unwrap();
        let mut directories: Vec<_> = presets.map(|entry| entry.unwrap().path()).collect();
        directories.extend(["examples/board", "examples/shop"].map(|example| repository.join(example)));
        for directory in directories {
            let document = render::check(&directory, &|_| None, agent::samples).unwrap();
            assert_eq!(document.problems, [], "{}", directory.display());
        }
    }
}
