//! `[verify]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::super::document::KeyPath;
use super::super::inputs;
use super::super::model::{Template, VerifyCheck, VerifyCommand, VerifyStage};
use super::super::raw;
use super::resolver::Resolver;

/// A stage may take this long.
const STAGE_TIMEOUT: Duration = Duration::from_mins(10);

pub(super) fn stages(resolver: &mut Resolver<'_>, raw: &raw::Verify) -> Vec<VerifyStage> {
    let path = KeyPath::of("verify.stages");
    let allowed = allowed(resolver, &raw.allow_ports);
    let watched = raw.watch_network.unwrap_or(true);
    resolver.unique(raw.stages.iter().map(|stage| stage.name.as_str()), |index| path.index(index).key("name"));
    let stage = |(index, stage)| VerifyStage {
        watched,
        allow_ports: allowed.clone(),
        ..one(resolver, stage, &path.index(index))
    };
    raw.stages.iter().enumerate().map(stage).collect()
}

fn allowed(resolver: &mut Resolver<'_>, raw: &[raw::Scalar]) -> Vec<RangeInclusive<u16>> {
    let path = KeyPath::of("verify.allow_ports");
    let mut allowed = Vec::new();
    for (index, value) in raw.iter().enumerate() {
        let text = value.to_string();
        let (first, last) = text.split_once('-').unwrap_or((&text, &text));
        match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            (Ok(first), Ok(last)) if 0 < first && first <= last => allowed.push(first..=last),
            _ => {
                let hint = "write a port from 1 to 65535, or a range: `\"32768-60999\"`";
                resolver.report_with(
                    &path.index(index),
                    format!("`{text}` is neither a port nor a range of ports"),
                    hint,
                );
            }
        }
    }
    allowed
}

fn one(resolver: &mut Resolver<'_>, raw: &raw::Stage, path: &KeyPath) -> VerifyStage {
    let commands = path.key("commands");
    let names = raw.commands.iter().map(|command| command.name.as_str());
    resolver.unique(names, |index| commands.index(index).key("name"));
    if raw.commands.is_empty() {
        resolver.report(&commands, format!("stage `{}` has no commands", raw.name));
    }
    VerifyStage {
        name: resolver.name(&raw.name, &path.key("name")),
        full: raw.full,
        watched: true,
        allow_ports: Vec::new(),
        needs_stack: raw.needs_stack.unwrap_or_else(|| raw.commands.iter().any(|command| command.http_get.is_some())),
        timeout: resolver.some_duration(raw.timeout.as_ref(), &path.key("timeout"), STAGE_TIMEOUT),
        commands: raw
            .commands
            .iter()
            .enumerate()
            .filter_map(|(index, raw)| command(resolver, raw, &commands.index(index)))
            .collect(),
    }
}

fn command(resolver: &mut Resolver<'_>, raw: &raw::Command, path: &KeyPath) -> Option<VerifyCommand> {
    let name = resolver.name(&raw.name, &path.key("name"));
    let environment = resolver.environment(&raw.environment, &path.key("environment"));
    resolver.exactly_one(path, &[("run", raw.run.is_some()), ("http_get", raw.http_get.is_some())]).then_some(())?;
    let check = match (&raw.run, &raw.http_get) {
        (Some(run), _) => VerifyCheck::Run(Template(run.clone())),
        (None, Some(get)) => {
            let Some(port) = &get.port else {
                resolver.report(&path.key("http_get"), format!("missing key `{path}.http_get.port`"));
                return None;
            };
            VerifyCheck::Http {
                host: get.host.clone().map(Template),
                port: Template(port.to_string()),
                path: Template(get.path.clone().unwrap_or_else(|| "/".to_owned())),
            }
        }
        (None, None) => return None,
    };
    if !raw.inputs.is_empty() {
        inputs_of(resolver, raw, &path.key("inputs"));
    }
    Some(VerifyCommand {
        name,
        check,
        working_dir: raw.working_dir.clone(),
        environment,
        inputs: raw.inputs.clone(),
        error_pattern: resolver.pattern(raw.error_pattern.as_deref(), &path.key("error_pattern"), 0, &["file"]),
    })
}

fn inputs_of(resolver: &mut Resolver<'_>, raw: &raw::Command, path: &KeyPath) {
    if raw.http_get.is_some() {
        let hint = format!("remove `{path}`: files do not decide what a running stack answers");
        resolver.report_with(path, format!("`{path}` belongs to a command with `run`"), hint);
    } else if let Err(error) = inputs::check(&raw.inputs) {
        resolver.report(path, format!("`{path}`: {error}"));
    }
}
