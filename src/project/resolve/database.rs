//! `[database]`.

use std::path::Path;
use std::time::Duration;

use super::super::document::KeyPath;
use super::super::model::{DatabaseSettings, PostClone, StepAction, TemplateStep};
use super::super::{AgentId, raw};
use super::resolver::Resolver;

/// A step of the template may take this long.
const STEP_TIMEOUT: Duration = Duration::from_mins(10);
/// Clones that are kept ready unless `spares` says otherwise.
const SPARES: u8 = 2;
/// More than as many agents as there can be would never be used.
const MOST_SPARES: u8 = AgentId::MAX;

pub(super) fn database(resolver: &mut Resolver<'_>, raw: &raw::Database) -> DatabaseSettings {
    let path = KeyPath::of("database");
    let steps_path = path.key("template").key("steps");
    let steps = raw.template.steps.iter().enumerate();
    let steps: Vec<TemplateStep> =
        steps.filter_map(|(index, step)| template_step(resolver, step, &steps_path.index(index))).collect();
    let names = raw.template.steps.iter().map(|step| step.name.as_str());
    resolver.unique(names, |index| steps_path.index(index).key("name"));
    let post_clone = raw.post_clone.iter().enumerate();
    let post_clone = post_clone
        .filter_map(|(n, entry)| post_clone_step(resolver, entry, &path.key("post_clone").index(n)))
        .collect();
    DatabaseSettings {
        disabled: raw.disabled,
        extensions: raw.extensions.clone(),
        create: raw.create,
        replication: raw.replication,
        roles: raw.roles.clone(),
        restart_on_replace: raw.on_replace == Some(raw::OnReplace::Restart),
        spares: spares(resolver, raw.spares, &path.key("spares")),
        steps,
        env: resolver.environment(&raw.template.env, &path.key("template").key("env")),
        post_clone,
    }
}

fn spares(resolver: &mut Resolver<'_>, raw: Option<u8>, path: &KeyPath) -> u8 {
    let spares = raw.unwrap_or(SPARES);
    if spares > MOST_SPARES {
        resolver.report(path, format!("`{path}` must be from 0 to {MOST_SPARES}, not {spares}"));
        return SPARES;
    }
    spares
}

fn template_step(resolver: &mut Resolver<'_>, raw: &raw::TemplateStep, path: &KeyPath) -> Option<TemplateStep> {
    let name = resolver.name(&raw.name, &path.key("name"));
    let timeout = resolver.some_duration(raw.timeout.as_ref(), &path.key("timeout"), STEP_TIMEOUT);
    let action = action(resolver, raw.run.as_deref(), raw.sql.as_deref(), path)?;
    if raw.incremental && raw.inputs.is_empty() && raw.sql.is_none() {
        let hint = "add the files that grow, such as `inputs = [\"migrations/**\"]`";
        resolver.report_with(&path.key("incremental"), format!("`{path}` is incremental and has no `inputs`"), hint);
    }
    Some(TemplateStep {
        name,
        action,
        inputs: raw.inputs.clone(),
        incremental: raw.incremental,
        admin: raw.admin,
        working_dir: raw.working_dir.clone(),
        timeout,
    })
}

fn post_clone_step(resolver: &mut Resolver<'_>, raw: &raw::PostClone, path: &KeyPath) -> Option<PostClone> {
    let step = match raw {
        raw::PostClone::Command(run) => raw::PostCloneStep { run: Some(run.clone()), ..Default::default() },
        raw::PostClone::Step(step) => step.clone(),
    };
    let timeout = resolver.some_duration(step.timeout.as_ref(), &path.key("timeout"), STEP_TIMEOUT);
    let action = action(resolver, step.run.as_deref(), step.sql.as_deref(), path)?;
    Some(PostClone { action, working_dir: step.working_dir, timeout })
}

fn action(resolver: &mut Resolver<'_>, run: Option<&str>, sql: Option<&Path>, path: &KeyPath) -> Option<StepAction> {
    resolver.exactly_one(path, &[("run", run.is_some()), ("sql", sql.is_some())]).then_some(())?;
    run.map(|command| StepAction::Run(command.to_owned())).or_else(|| sql.map(|file| StepAction::Sql(file.to_owned())))
}
