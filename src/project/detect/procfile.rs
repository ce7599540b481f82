//! `Procfile.dev` and `Procfile`: programs beside those that the frameworks' detectors know.

use super::facts::{Facts, PORT, Probe, Program, Role, Step};
use super::tree::Tree;

/// Processes that are run once at a deployment.
const NOT_PROGRAMS: [&str; 2] = ["postdeploy", "console"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let Some(file) = ["Procfile.dev", "Procfile.local", "Procfile"].into_iter().find(|file| tree.has(file)) else {
        return facts;
    };
    let is_python = ["requirements.txt", "pyproject.toml", "Pipfile"].iter().any(|manifest| tree.has(manifest));
    for line in tree.text(file).unwrap_or_default().lines() {
        let Some((name, command)) = line.trim().split_once(':').filter(|(name, _)| !name.starts_with('#')) else {
            continue;
        };
        let (name, command) = (name.trim(), command.trim());
        if command.is_empty() || NOT_PROGRAMS.contains(&name) {
            continue;
        }
        let evidence = format!("{file}: {name}");
        // what brings the schema up to date before a deployment
        if name == "release" {
            facts.see("a step before each deployment", evidence.clone());
            let path = if is_python { "PATH=\"$PWD/.venv/bin:$PATH\"; " } else { "" };
            let run = format!("{path}{}", super::template_text::literal(command));
            let mut step = Step::new("release", "", run, evidence);
            step.inputs = vec![file.to_owned()];
            facts.migrations.push(step);
            continue;
        }
        facts.see(format!("the process {name}"), evidence.clone());
        let takes_port = command.contains("$PORT") || command.contains("${PORT");
        let role = if name == "web" || takes_port { Role::Page } else { Role::Worker };
        let mut program = Program::new("", role, super::template_text::literal(command), evidence);
        program.name = Some(name.to_owned());
        if file == "Procfile" && role == Role::Worker {
            program.disabled = true;
        }
        if is_python {
            program.environment.push(("PATH".to_owned(), "{{ worktree }}/.venv/bin:{{ env.PATH }}".to_owned()));
        }
        if role == Role::Page {
            program = program.listening(5000, Probe::Tcp);
            program.environment.push(("PORT".to_owned(), PORT.to_owned()));
        }
        facts.programs.push(program);
    }
    facts
}
