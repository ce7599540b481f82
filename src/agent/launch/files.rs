//! The rendered files: env file, process config, and what the project renders besides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::attempt::Attempt;
use crate::agent::claims::Claims;
use crate::agent::template_values;
use crate::infra::Infra;
use crate::render::{self, Environment, Renderer};
use crate::report::Failure;
use crate::supervisor::{ProbeCheckSpec, ProcessSpec, StackSpec};
use crate::system;

/// Writes down which files will be rendered, before anything is made: each must be harness's to write, and
/// no other agent's.
///
/// # Errors
/// One is the project's, the user's, or another agent's.
pub(super) fn claim(
    attempt: &mut Attempt<'_>,
    renderer: &Renderer<'_>,
    context: &render::TemplateValues,
    environment: &Environment,
) -> Result<(), Failure> {
    let paths = renderer.targets(context, environment)?;
    let claims = Claims::of_others(attempt.context, attempt.record.agent)?;
    for path in &paths {
        claims.file(path)?;
    }
    if attempt.record.rendered != paths {
        renderer.check_targets(context, &paths, &attempt.record.rendered)?;
        // of a former configuration: not rendered any more
        for old in attempt.record.rendered.iter().filter(|old| !paths.contains(old)) {
            system::remove_if_exists(old)?;
        }
        attempt.record.env_file = paths.first().cloned();
        attempt.record.rendered = paths;
        attempt.save()?;
    }
    Ok(())
}

/// Renders everything; writes what differs; returns the process config.
pub(super) fn write(
    attempt: &mut Attempt<'_>,
    infra: &Infra,
    renderer: &Renderer<'_>,
    context: &render::TemplateValues,
    environment: &Environment,
) -> Result<StackSpec, Failure> {
    let mut files = vec![renderer.env_file(context, environment)?];
    files.extend(renderer.files(context, environment)?);
    for file in &files {
        attempt.changed |= file.write()?;
    }
    let mut spec = renderer.stack_spec(context, attempt.context.home.id(), environment, &attempt.record.with)?;
    attempt.record.web_ports = web_ports(&spec, &attempt.record.ports);
    guides(attempt, renderer, context, environment)?;
    template_values::add_own_processes(&mut spec, &attempt.project, &attempt.record, infra)?;
    Ok(spec)
}

/// The same for what tells a coding agent how to work here.
fn guides(
    attempt: &mut Attempt<'_>,
    renderer: &Renderer<'_>,
    context: &render::TemplateValues,
    environment: &Environment,
) -> Result<(), Failure> {
    let files = renderer.guides(context, environment, &attempt.record.urls())?;
    if files.is_empty() {
        let tree = attempt.record.tree.display();
        let told = format!("no guide is written: `{tree}` already has files with these names");
        attempt.context.events.warning(attempt.subject(), told);
    }
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    if attempt.record.guides != paths {
        for old in attempt.record.guides.iter().filter(|old| !paths.contains(old)) {
            render::remove_guide(&attempt.record.tree, old)?;
        }
        attempt.record.guides = paths;
        attempt.save()?;
    }
    for file in &files {
        attempt.changed |= file.write()?;
    }
    Ok(())
}

/// The names of the ports that have a URL: all but those that only disabled processes use. Which protocol a port speaks is
/// not known, and `http` is what most of them speak.
fn web_ports(spec: &StackSpec, ports: &BTreeMap<String, u16>) -> Vec<String> {
    let used_by = |disabled: bool| -> BTreeSet<u16> {
        let processes = spec.processes.values().filter(|process| process.disabled == disabled);
        processes.flat_map(ports_of).collect()
    };
    let (enabled, disabled) = (used_by(false), used_by(true));
    let has_url = |port: &u16| enabled.contains(port) || !disabled.contains(port);
    ports.iter().filter(|(_, port)| has_url(port)).map(|(name, _)| name.clone()).collect()
}

/// The ports that a process listens on, as far as its configuration says.
fn ports_of(process: &ProcessSpec) -> Vec<u16> {
    let probed = process.readiness_probe.as_ref().and_then(|probe| match &probe.check {
        ProbeCheckSpec::HttpGet { port, .. }
        | ProbeCheckSpec::TcpConnect { port, .. }
        | ProbeCheckSpec::Exchange { port, .. } => Some(*port),
        ProbeCheckSpec::Exec { .. } => None,
    });
    process.ports.iter().copied().chain(probed).collect()
}
