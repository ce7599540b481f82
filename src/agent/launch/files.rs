//! The rendered files: env file, process config, and what the project renders besides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::scope::Scope;
use crate::agent::Record;
use crate::agent::claims::Claims;
use crate::agent::template_values::{self, Rendering};
use crate::infra::Infra;
use crate::project::Project;
use crate::render;
use crate::report::Failure;
use crate::supervisor::{ProbeCheckSpec, ProcessSpec, StackSpec};
use crate::system;

/// Writes into the record which files will be rendered, before anything is made: each must be harness's to
/// write, and no other agent's.
///
/// # Errors
/// One is the project's, the user's, or another agent's.
pub(super) fn claim(scope: Scope<'_>, record: &mut Record, rendering: &Rendering<'_>) -> Result<(), Failure> {
    let (renderer, values) = (&rendering.renderer, &rendering.values);
    let paths = renderer.targets(values, &rendering.environment)?;
    let claims = Claims::of_others(scope.context, scope.agent)?;
    for path in &paths {
        claims.file(path)?;
    }
    if record.rendered != paths {
        renderer.check_targets(values, &paths, &record.rendered)?;
        // of a former configuration: not rendered any more
        for old in record.rendered.iter().filter(|old| !paths.contains(old)) {
            system::remove_if_exists(old)?;
        }
        record.env_file = paths.first().cloned();
        record.rendered = paths;
        record.write(&scope.context.home)?;
    }
    Ok(())
}

/// What was rendered.
pub(super) struct Written {
    /// The process config.
    pub(super) spec: StackSpec,
    /// Whether a file changed.
    pub(super) changed: bool,
}

/// Renders everything and writes what differs.
pub(super) fn write(
    scope: Scope<'_>,
    project: &Project,
    record: &mut Record,
    infra: &Infra,
    rendering: &Rendering<'_>,
) -> Result<Written, Failure> {
    let Rendering { renderer, values, environment } = rendering;
    let mut files = vec![renderer.env_file(values, environment)?];
    files.extend(renderer.files(values, environment)?);
    let mut changed = false;
    for file in &files {
        changed |= file.write()?;
    }
    let mut spec = renderer.stack_spec(values, scope.context.home.id(), environment, &record.with)?;
    record.web_ports = web_ports(&spec, &record.ports);
    // servers of stores speak protocols of their own
    record.web_ports.retain(|name| project.stores.iter().all(|(store, _)| store != name));
    changed |= guides(scope, record, rendering)?;
    template_values::add_own_processes(&mut spec, project, record, infra)?;
    Ok(Written { spec, changed })
}

/// The same for what tells a coding agent how to work here. Says whether a file changed.
fn guides(scope: Scope<'_>, record: &mut Record, rendering: &Rendering<'_>) -> Result<bool, Failure> {
    let files = rendering.renderer.guides(&rendering.values, &rendering.environment, &record.urls())?;
    if files.is_empty() {
        let tree = record.tree.display();
        let text = format!("no guide is written: `{tree}` already has files with these names");
        scope.context.events.warning(scope.subject(), text);
    }
    let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    if record.guides != paths {
        for old in record.guides.iter().filter(|old| !paths.contains(old)) {
            render::remove_guide(&record.tree, old)?;
        }
        record.guides = paths;
        record.write(&scope.context.home)?;
    }
    let mut changed = false;
    for file in &files {
        changed |= file.write()?;
    }
    Ok(changed)
}

/// The names of the ports that have a URL: all but those that only disabled processes use. Which protocol a port
/// speaks is not known, and `http` is what most of them speak.
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
