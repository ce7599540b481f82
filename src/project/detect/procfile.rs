//! `Procfile.dev` and `Procfile`: programs beside those that the frameworks' detectors know.

use super::facts::{Facts, PORT, Probe, Program, Role};
use super::tree::Tree;

/// Processes that are run once at a deployment.
const NOT_PROGRAMS: [&str; 3] = ["release", "postdeploy", "console"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let Some(file) = ["Procfile.dev", "Procfile.local", "Procfile"].into_iter().find(|file| tree.has(file)) else {
        return facts;
    };
    for line in tree.text(file).unwrap_or_default().lines() {
        let Some((name, command)) = line.trim().split_once(':').filter(|(name, _)| !name.starts_with('#')) else {
            continue;
        };
        let (name, command) = (name.trim(), command.trim());
        if command.is_empty() || NOT_PROGRAMS.contains(&name) {
            continue;
        }
        let evidence = format!("{file}: {name}");
        facts.see(format!("the process {name}"), evidence.clone());
        let takes_port = command.contains("$PORT") || command.contains("${PORT");
        let role = if name == "web" || takes_port { Role::Page } else { Role::Worker };
        let mut program = Program::new("", role, super::template_text::literal(command), evidence);
        program.name = Some(name.to_owned());
        if file == "Procfile" && role == Role::Worker {
            program.disabled = true;
        }
        if tree.has("requirements.txt") || tree.has("pyproject.toml") {
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
