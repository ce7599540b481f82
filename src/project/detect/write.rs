//! The text of `harness.toml`, with a comment where something has a reason.

use std::fmt::Write;

use super::draft::Draft;
use super::environment::service_name;
use super::facts::{BackingService, Check, Probe, Program, Role, Step};
use super::stores::Store;
use super::template_text;
use super::toml_text::{list, pad, quote};

/// The file.
pub(super) fn toml(draft: &Draft, unknown: &[String]) -> String {
    let mut text = String::new();
    text.push_str("# How harness runs this repository, as `harness init` found it. `harness config check` says whether it is right,\n");
    text.push_str("# `harness launch 1` brings a copy up. What every key means: `harness config schema`.\n");
    if !unknown.is_empty() {
        text.push_str("#\n# Not found in the files:\n");
        for line in unknown {
            let _ = writeln!(text, "#   - {}", line.replace('\n', " "));
        }
    }
    let _ = write!(text, "\n[project]\nname = {}\n", quote(&draft.name));
    let comment = if draft.ports.is_empty() { "" } else { "                       # base; agent n gets base + 10 n" };
    let _ = writeln!(text, "\n[ports]{comment}");
    for (name, base, comment) in &draft.ports {
        let _ = writeln!(text, "{name} = {base}{}", pad(&format!("{name} = {base}"), comment));
    }
    if !draft.map.is_empty() {
        text.push_str("\n[network]                     # ports that are written in the source, and each agent's own behind them\n");
        let entries: Vec<String> = draft
            .map
            .iter()
            .map(|(number, name)| {
                // what is no name of a program is the value itself
                let value = if name.contains('.') { format!("{{{{ {name} }}}}") } else { template_text::port(name) };
                format!("{number} = {}", quote(&value))
            })
            .collect();
        let _ = writeln!(text, "map = {{ {} }}", entries.join(", "));
    }
    infra(draft, &mut text);
    if draft.has_work_trees {
        text.push_str(
            "\n[worktree]                    # each agent has a git work tree of its own, on branch agent/<id>\n",
        );
        if !draft.copied.is_empty() {
            let _ = writeln!(text, "copy = {}    # git ignores them", list(&draft.copied));
        }
    }
    if !draft.prepare.is_empty() {
        text.push_str("\n[prepare]                     # once a tree; skipped while inputs and outputs are unchanged\nsteps = [\n");
        for step in &draft.prepare {
            write_step(&mut text, step, Place::Prepare);
        }
        text.push_str("]\n");
    }
    database(draft, &mut text);
    for store in &draft.stores {
        write_store(store, &mut text);
    }
    environment(draft, &mut text);
    if draft.programs.iter().any(|(_, program)| program.role != Role::Worker) {
        let slow = draft.slow_start.as_ref();
        let (timeout, why) = slow.map_or(("10m", "a first start compiles"), |(timeout, why)| (*timeout, why));
        let line = format!("timeout = {}", quote(timeout));
        let _ = writeln!(text, "\n[launch]\n{line}{}", pad(&line, why));
    }
    for (name, program) in &draft.programs {
        process(&mut text, name, program);
    }
    verify(draft, &mut text);
    text
}

fn infra(draft: &Draft, text: &mut String) {
    text.push_str("\n# The servers that all agents share; one that nothing here asks for is disabled.\n");
    if draft.postgres.is_none() {
        text.push_str("[infra.postgres]\ndisabled = true\n");
    }
    for service in [BackingService::S3, BackingService::Mail, BackingService::Browser] {
        let Some(name) = service_name(service) else { continue };
        match draft.needs.iter().find(|(needed, _)| *needed == service) {
            Some((_, why)) => {
                let _ = writeln!(text, "[infra.{name}]{}", pad(&format!("[infra.{name}]"), why));
            }
            None => {
                let _ = writeln!(text, "[infra.{name}]\ndisabled = true");
            }
        }
    }
}

fn database(draft: &Draft, text: &mut String) {
    let Some(why) = &draft.postgres else {
        text.push_str("\n[database]                    # nothing here asks for PostgreSQL\ndisabled = true\n");
        return;
    };
    let _ = writeln!(text, "\n[database]{}", pad("[database]", why));
    if !draft.extensions.is_empty() {
        let extensions: Vec<String> = draft.extensions.iter().cloned().collect();
        let _ = writeln!(text, "extensions = {}", list(&extensions));
    }
    if let Some(why) = &draft.creates_databases {
        let _ = writeln!(text, "create = true{}", pad("create = true", why));
    }
    if draft.template.is_empty() {
        return;
    }
    text.push_str(
        "\n[database.template]           # built once, cloned for each agent; rebuilt when inputs change\nsteps = [\n",
    );
    for step in &draft.template {
        write_step(text, step, Place::Template);
    }
    text.push_str("]\n");
    if !draft.template_environment.is_empty() {
        text.push_str(
            "\n[database.template.env]       # what belongs to one agent has no value here; these stand in\n",
        );
        for (name, value) in &draft.template_environment {
            let _ = writeln!(text, "{name} = {}", quote(value));
        }
    }
}

/// A server that each agent gets its own copy of.
fn write_store(store: &Store, text: &mut String) {
    let header = format!("[stores.{}]", store.name);
    let _ = writeln!(text, "\n{header}{}\nuse = {}", pad(&header, &store.why), quote(store.word()));
    if !store.steps.is_empty() {
        text.push_str("# built once, copied for each agent; rebuilt when inputs change\ntemplate.steps = [\n");
        for step in &store.steps {
            write_step(text, step, Place::Store);
        }
        text.push_str("]\n");
    }
}

/// Where a step stands, which decides its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Prepare,
    Template,
    Store,
}

fn write_step(text: &mut String, step: &Step, place: Place) {
    let mut fields = vec![format!("name = {}", quote(&step.name)), format!("run = {}", quote(&step.run))];
    if !step.directory.is_empty() {
        fields.push(format!("working_dir = {}", quote(&step.directory)));
    }
    if !step.inputs.is_empty() {
        fields.push(format!("inputs = {}", list(&step.inputs)));
    }
    if !step.outputs.is_empty() && place == Place::Prepare {
        fields.push(format!("outputs = {}", list(&step.outputs)));
    }
    if step.incremental && place == Place::Template {
        fields.push("incremental = true".to_owned());
    }
    let (evidence, fields) = (&step.evidence, fields.join(", "));
    let _ = match &step.left_out {
        Some(why) => writeln!(text, "  # {evidence}\n  # left out: {why}\n  # {{ {fields} }},"),
        None => writeln!(text, "  # {evidence}\n  {{ {fields} }},"),
    };
}

fn environment(draft: &Draft, text: &mut String) {
    text.push_str("\n[env]                         # goes into .env.agent.<id> and into every process\n");
    if !draft.env_files.is_empty() {
        let _ = writeln!(
            text,
            "env_file = {}    # git tracks them; what follows replaces what belongs to an agent",
            list(&draft.env_files)
        );
    }
    if !draft.pass_env.is_empty() {
        let names: Vec<String> = draft.pass_env.iter().map(|name| (*name).to_owned()).collect();
        let _ = writeln!(text, "pass_env = {}    # of the caller; everything else is kept away", list(&names));
    }
    for entry in &draft.environment {
        match &entry.value {
            Some(value) => {
                let line = format!("{} = {}", entry.name, quote(value));
                let comment = if entry.comment.is_empty() { String::new() } else { pad(&line, &entry.comment) };
                let _ = writeln!(text, "{line}{comment}");
            }
            None => {
                let _ = writeln!(text, "# {} = \"\"    # {}", entry.name, entry.comment);
            }
        }
    }
}

fn process(text: &mut String, name: &str, program: &Program) {
    let _ = writeln!(text, "\n[processes.{name}]{}", pad(&format!("[processes.{name}]"), &program.evidence));
    for note in &program.notes {
        let _ = writeln!(text, "# {note}");
    }
    let _ = writeln!(text, "command = {}", quote(&program.command));
    if !program.directory.is_empty() {
        let _ = writeln!(text, "working_dir = {}", quote(&program.directory));
    }
    if program.disabled {
        let _ = writeln!(text, "disabled = true               # `harness launch 1 --with {name}` starts it");
    }
    if !program.environment.is_empty() {
        let pairs: Vec<String> =
            program.environment.iter().map(|(name, value)| format!("{name} = {}", quote(value))).collect();
        let _ = writeln!(text, "environment = {{ {} }}", pairs.join(", "));
    }
    let port = match program.port {
        Some(port) if program.port_is_fixed => {
            let _ = writeln!(
                text,
                "port = {port}                   # written in the source: of two agents only one can run"
            );
            port.to_string()
        }
        _ => quote(&format!("{{{{ ports.{name} }}}}")),
    };
    // how long a first start may take is `[launch] timeout`
    match &program.probe {
        Probe::Http(path) => {
            let _ = writeln!(
                text,
                "readiness_probe = {{ http_get = {{ path = {}, port = {port} }}, timeout_seconds = 10 }}",
                quote(path)
            );
        }
        Probe::Tcp => {
            let _ = writeln!(text, "readiness_probe = {{ tcp_connect = {{ port = {port} }} }}");
        }
        Probe::Started => {}
    }
}

fn verify(draft: &Draft, text: &mut String) {
    for stage in ["check", "test", "e2e"] {
        let checks: Vec<&Check> = draft.checks.iter().filter(|check| check.stage == stage).collect();
        if checks.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n[[verify.stages]]\nname = {}", quote(stage));
        if stage == "e2e" {
            text.push_str("full = true                   # only with --full\n");
        }
        text.push_str("commands = [\n");
        for check in checks {
            let mut fields = vec![format!("name = {}", quote(&check.name)), format!("run = {}", quote(&check.run))];
            if !check.directory.is_empty() {
                fields.push(format!("working_dir = {}", quote(&check.directory)));
            }
            if !check.environment.is_empty() {
                let pairs: Vec<String> =
                    check.environment.iter().map(|(name, value)| format!("{name} = {}", quote(value))).collect();
                fields.push(format!("environment = {{ {} }}", pairs.join(", ")));
            }
            let evidence = check.evidence.replace(['\n', '\r'], " ");
            let _ = writeln!(text, "  {{ {} }},  # {evidence}", fields.join(", "));
        }
        text.push_str("]\n");
    }
    let pages = draft.programs.iter().filter_map(|(name, program)| match &program.probe {
        Probe::Http(path) if !program.port_is_fixed => Some((name, path)),
        _ => None,
    });
    let lines: Vec<String> = pages
        .map(|(name, path)| {
            format!(
                "  {{ name = {}, http_get = {{ path = {}, port = \"{{{{ ports.{name} }}}}\" }} }},\n",
                quote(name),
                quote(path)
            )
        })
        .collect();
    if !lines.is_empty() {
        let _ = write!(text, "\n[[verify.stages]]\nname = \"smoke\"\nfull = true\ncommands = [\n{}]\n", lines.concat());
    }
}
