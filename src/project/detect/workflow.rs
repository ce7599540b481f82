//! `.github/workflows/agent-task.yml`: an issue with a label becomes a verified pull request.
//!
//! Invariants: nothing that an issue says is part of a shell command or an expression; every action is pinned
//! by its commit. What follows from the project are tools to install and what is cached by which files.

use std::path::Path;

use super::error::InitError;
use crate::project::{FILE, Project, StepAction};
use crate::report::InstructionFile;
use crate::system;

const TEXT: &str = include_str!("../../../templates/github/agent-task.yml");

/// Where it goes, relative to the repository's root.
const PATH: &str = ".github/workflows/agent-task.yml";

const CACHE: &str = "actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0";

/// Words of a command, and the step that installs what it calls.
const TOOLS: [(&[&str], &str); 7] = [
    (
        &["npm", "npx", "pnpm", "yarn", "node"],
        "      - uses: actions/setup-node@49933ea5288caeca8642d1e84afbd3f7d6820020 # v4.4.0\n        with:\n          node-version: 22\n",
    ),
    (&["pnpm", "yarn"], "      - run: corepack enable\n"),
    (&["bun"], "      - run: npm install --global bun\n"),
    (&["uv"], "      - run: pipx install uv\n"),
    (&["poetry"], "      - run: pipx install poetry\n"),
    (
        &["go"],
        "      - uses: actions/setup-go@40f1582b2485089dde7abd97c1529aa768e1baff # v5.6.0\n        with:\n          go-version-file: go.mod\n",
    ),
    (&["bundle"], "      - run: gem install bundler\n"),
];

/// Writes the workflow for a project. One that exists is replaced by `force` only.
///
/// # Errors
/// There is another one already, or the file cannot be written.
pub fn write_workflow(project: &Project, force: bool) -> Result<InstructionFile, InitError> {
    let path = project.root.join(PATH);
    let text = workflow(project);
    let present = system::read_optional(&path)?;
    let changed = present.as_deref() != Some(text.as_bytes());
    if changed && present.is_some() && !force {
        return Err(InitError::Exists { path });
    }
    if changed {
        std::fs::create_dir_all(path.parent().unwrap_or(&project.root))
            .map_err(system::Error::file("create", &path))?;
        system::write_atomic(&path, text.as_bytes(), 0o644)?;
    }
    Ok(InstructionFile { path: path.display().to_string(), changed })
}

/// The text of the workflow.
fn workflow(project: &Project) -> String {
    let steps = &project.database.steps;
    let of_template = steps.iter().filter_map(|step| match &step.action {
        StepAction::Run(run) => Some(run.as_str()),
        StepAction::Sql(_) => None,
    });
    let commands: Vec<&str> = (project.prepare.iter().map(|step| step.run.0.as_str()))
        .chain(of_template)
        .chain(project.processes.iter().map(|(_, process)| process.command.0.as_str()))
        .collect();
    let calls = |words: &[&str]| {
        let is_part = |character: char| character.is_alphanumeric() || "-_".contains(character);
        commands.iter().any(|command| command.split(|character| !is_part(character)).any(|word| words.contains(&word)))
    };
    let toolchains: String = TOOLS.iter().filter(|(words, _)| calls(words)).map(|(_, step)| *step).collect();
    let inputs: Vec<&str> = project.prepare.iter().flat_map(|step| &step.inputs).map(String::as_str).collect();
    let outputs: Vec<&str> = project.prepare.iter().flat_map(|step| &step.outputs).map(String::as_str).collect();
    let dependencies =
        if inputs.is_empty() || outputs.is_empty() { String::new() } else { cache("dependencies", &outputs, &inputs) };
    let mut decides: Vec<&str> = vec![FILE];
    decides.extend(steps.iter().flat_map(|step| &step.inputs).map(String::as_str));
    let template = if project.database.disabled {
        String::new()
    } else {
        cache("template", &["~/.local/state/harness"], &decides)
    };
    TEXT.replace("#@toolchains\n", &toolchains)
        .replace("#@dependencies\n", &dependencies)
        .replace("#@template\n", &template)
}

/// A step that keeps paths until one of the files changes.
fn cache(name: &str, paths: &[&str], files: &[&str]) -> String {
    let mut paths: Vec<&str> = paths.to_vec();
    paths.sort_unstable();
    paths.dedup();
    let lines = paths.join("\n            ");
    let mut quoted: Vec<String> = files
        .iter()
        .filter(|file| !file.starts_with('!') && Path::new(file).is_relative())
        .map(|file| format!("'{}'", file.replace('\'', "''")))
        .collect();
    quoted.sort_unstable();
    quoted.dedup();
    format!(
        "      - name: Look for the {name}\n        uses: {CACHE}\n        with:\n          path: |\n            {lines}\n          key: agent-task-{name}-${{{{ runner.os }}}}-${{{{ hashFiles({}) }}}}\n",
        quoted.join(", ")
    )
}
