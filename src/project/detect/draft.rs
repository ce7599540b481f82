//! From facts to the parts of a `harness.toml`: names, ports, where migrations run.

use std::collections::BTreeSet;

use super::addresses;
use super::environment::{self, Entry};
use super::facts::{BackingService, Check, Facts, PORT, Program, Role, Step};
use super::meanings::{self, Known};
use super::names::{named, project_name, unique, unique_checks, unique_steps};
use super::ports;
use super::stores::{self, Store};
use super::template_text;
use super::tree::Tree;

/// What is written.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    /// Name, base, where it comes from.
    pub(super) ports: Vec<(String, u16, String)>,
    /// Ports that are written in the source, and the names of those that each agent gets instead.
    pub(super) map: Vec<(u16, String)>,
    /// Why there is a database.
    pub(super) postgres: Option<String>,
    pub(super) needs: Vec<(BackingService, String)>,
    pub(super) stores: Vec<Store>,
    pub(super) extensions: BTreeSet<String>,
    pub(super) creates_databases: Option<String>,
    pub(super) template: Vec<Step>,
    /// Values for the template's steps in place of those that belong to one agent.
    pub(super) template_environment: Vec<(String, String)>,
    pub(super) has_work_trees: bool,
    /// Files that git does not bring along.
    pub(super) copied: Vec<String>,
    pub(super) prepare: Vec<Step>,
    pub(super) pass_env: Vec<&'static str>,
    pub(super) env_files: Vec<String>,
    pub(super) environment: Vec<Entry>,
    pub(super) programs: Vec<(String, Program)>,
    pub(super) checks: Vec<Check>,
    pub(super) slow_start: Option<(&'static str, String)>,
}

/// Decides; what it has to assume for that, it adds to the facts.
pub(super) fn draft(tree: &Tree, facts: &mut Facts) -> Draft {
    let name = project_name(tree, facts);
    without_doubles(&mut facts.programs);
    let mut programs = named(std::mem::take(&mut facts.programs));
    let mut stores = stores::stores(tree, facts, &mut programs);
    example_ports(facts, &mut programs);
    let mut map = addresses::mapped(facts, &mut programs);
    let ports = assign_ports(&mut programs, &stores);
    let postgres = facts.needs.get(&BackingService::Postgres).cloned();
    let mut prepare = unique_steps(std::mem::take(&mut facts.prepare));
    let mut template = Vec::new();
    // a deployment's step, or what a container begins with, is what the framework's own migrations are, as a rule
    for is_less in
        [|step: &Step| step.evidence.contains(": services."), |step: &Step| step.evidence.starts_with("Procfile")]
    {
        if facts.migrations.iter().any(|step| !is_less(step)) {
            facts.migrations.retain(|step| !is_less(step));
        }
    }
    for seed in &facts.seeds {
        let why = seed.left_out.iter().map(|why| format!("the step `{}` is left out: {why}", seed.run));
        facts.assumed.extend(why);
    }
    let mut steps = unique_steps(facts.migrations.drain(..).chain(facts.seeds.drain(..)).collect());
    if steps.iter().all(|step| step.left_out.is_some()) {
        steps.clear();
    }
    match (&postgres, stores::database(&mut stores), &facts.other_database) {
        (Some(_), ..) => template = steps,
        (None, Some(store), _) => store.steps = steps,
        (None, None, Some(other)) => facts.unknown.push(format!(
            "{other}: harness has no such server; give the address of one in [env], and one database for each agent"
        )),
        // a file in the tree, as SQLite's, belongs to its tree
        (None, None, None) => prepare.extend(steps.into_iter().filter(|step| !step.inputs.is_empty())),
    }
    if postgres.is_some() && template.is_empty() && !facts.migrates_itself {
        facts.unknown.push(
            "how the database's schema is made: no migrations were found; give them as steps of [database.template]"
                .to_owned(),
        );
    }
    let mut prepare = unique_steps(prepare);
    // a path may hold what means something in a glob: `app/[slug]/seed.ts`
    let of_stores = stores.iter_mut().flat_map(|store| &mut store.steps);
    for input in prepare.iter_mut().chain(&mut template).chain(of_stores).flat_map(|step| &mut step.inputs) {
        if !input.contains('*') {
            *input = globset::escape(input);
        }
    }
    let known = known(facts, &programs, &ports, &stores);
    if names_no_port(facts) && !map.iter().any(|(number, _)| *number == 5432) {
        facts.assumed.push(
            "the database's host is read from a variable, but no port: [network] leads 5432 to the server".to_owned(),
        );
        map.push((5432, DATABASE_PORT.to_owned()));
    }
    for (number, name) in stores::mapped(&stores, facts).into_iter().chain(addresses::resolve(facts, &known)) {
        if map.iter().all(|(other, _)| *other != number) {
            map.push((number, name));
        }
    }
    let (environment, template_environment) = environment::entries(facts, &known, &mut programs, !template.is_empty());
    if programs.is_empty() {
        facts.unknown.push("which programs to run: none was found; give them in [processes]".to_owned());
    }
    let extensions = if postgres.is_some() { std::mem::take(&mut facts.extensions) } else { BTreeSet::new() };
    Draft {
        name,
        ports,
        map,
        postgres,
        needs: facts
            .needs
            .iter()
            .filter(|(service, _)| environment::service_name(**service).is_some())
            .map(|(service, why)| (*service, why.clone()))
            .collect(),
        stores,
        extensions,
        creates_databases: facts.creates_databases.clone(),
        template,
        template_environment,
        has_work_trees: tree.has_commits,
        copied: [".env", ".env.local"]
            .iter()
            .filter(|name| tree.has(name) && !tree.tracked.contains(**name))
            .map(|name| (*name).to_owned())
            .collect(),
        prepare,
        pass_env: facts.pass_env.iter().copied().collect(),
        env_files: facts.env_files.clone(),
        environment,
        programs,
        checks: unique_checks(std::mem::take(&mut facts.checks)),
        slow_start: facts.slow_start.clone(),
    }
}

/// Stands among the ports of `[network]` for that of the database's server.
pub(super) const DATABASE_PORT: &str = "database.port";

/// Whether examples give the host of PostgreSQL, and neither its port nor an address.
fn names_no_port(facts: &Facts) -> bool {
    let known = Known { services: [BackingService::Postgres].into(), ..Known::default() };
    let templates: Vec<String> = facts
        .variables
        .iter()
        .filter(|one| one.value.is_some())
        .filter_map(|one| meanings::template(&one.name, one.value.as_deref(), &known))
        .collect();
    let has = |field: &str| templates.iter().any(|template| template.contains(&format!("{{{{ database.{field} }}}}")));
    facts.needs.contains_key(&BackingService::Postgres) && has("host") && !has("port") && !has("url")
}

/// A Procfile names again what the detectors of frameworks know better.
fn without_doubles(programs: &mut Vec<Program>) {
    let is_of_file = |program: &Program| program.evidence.starts_with("Procfile");
    let has_server = programs.iter().any(|program| !is_of_file(program) && program.role != Role::Worker);
    let workers: Vec<String> =
        programs.iter().filter(|program| !is_of_file(program)).map(|program| program.command.clone()).collect();
    programs.retain(|program| {
        let is_known = workers.iter().any(|command| command.contains(&program.command));
        !is_of_file(program) || (!has_server || program.role == Role::Worker) && !is_known
    });
}

/// An example that gives a number for the variable of a program's port says more than its source.
fn example_ports(facts: &Facts, programs: &mut [(String, Program)]) {
    let takes =
        |program: &Program, name: &str| program.environment.iter().any(|(known, value)| known == name && value == PORT);
    let counts: Vec<(String, usize)> = facts
        .variables
        .iter()
        .map(|example| example.name.clone())
        .map(|name| (name.clone(), programs.iter().filter(|(_, program)| takes(program, &name)).count()))
        .collect();
    for (_, program) in programs.iter_mut().filter(|(_, program)| program.port.is_some() && !program.port_is_fixed) {
        let found = facts.variables.iter().zip(&counts).find_map(|(example, (_, count))| {
            let of_directory = super::tree::parent(&example.evidence) == program.directory;
            let means_it =
                takes(program, &example.name) && (of_directory && !program.directory.is_empty() || *count == 1);
            let number = example.value.as_ref()?.parse().ok().filter(|_| means_it)?;
            Some((number, format!("{}: {}", example.evidence, example.name)))
        });
        if let Some((number, evidence)) = found {
            (program.port, program.port_evidence) = (Some(number), Some(evidence));
        }
    }
}

/// Chooses the bases, and puts each program's own into its command and environment.
fn assign_ports(programs: &mut [(String, Program)], stores: &[Store]) -> Vec<(String, u16, String)> {
    let mut ports: Vec<(String, u16, String)> = Vec::new();
    let of_stores: Vec<u16> = stores.iter().map(Store::port).collect();
    let taken = |ports: &[(String, u16, String)]| -> Vec<u16> {
        ports.iter().map(|(_, base, _)| *base).chain(of_stores.iter().copied()).collect()
    };
    for (name, program) in programs.iter_mut() {
        let Some(wanted) = program.port.filter(|_| !program.port_is_fixed) else { continue };
        let base = ports::base(wanted, &taken(&ports));
        ports.push((name.clone(), base, port_comment(program, wanted)));
        let own = template_text::port(name);
        program.command = program.command.replace(PORT, &own);
        for (_, value) in &mut program.environment {
            *value = value.replace(PORT, &own);
        }
        for (part, wanted) in program.further_ports.clone() {
            let base = ports::base(wanted, &taken(&ports));
            let further = unique(&format!("{name}_{part}"), "_", |name| ports.iter().any(|(known, ..)| known == name));
            let mark = format!("{{{{ ports.@{part} }}}}");
            for (_, value) in &mut program.environment {
                *value = value.replace(&mark, &template_text::port(&further));
            }
            ports.push((further, base, format!("its further port ({})", program.evidence)));
        }
    }
    ports
}

fn port_comment(program: &Program, wanted: u16) -> String {
    format!("{wanted} without harness ({})", program.port_evidence.as_ref().unwrap_or(&program.evidence))
}

fn known(facts: &Facts, programs: &[(String, Program)], ports: &[(String, u16, String)], stores: &[Store]) -> Known {
    let services = facts.needs.keys().copied().collect();
    let mut known = Known { services, stores: stores::names(stores), ..Known::default() };
    known.ports.extend(stores.iter().map(|store| (store.port(), store.name.clone())));
    for (name, program) in programs.iter().rev() {
        let has_port = ports.iter().any(|(port, ..)| port == name);
        if let Some(number) = program.port.filter(|_| has_port) {
            known.ports.insert(number, name.clone());
        }
    }
    let mut ambiguous = BTreeSet::new();
    for (name, program) in programs {
        let own = template_text::port(name);
        for (variable, _) in program.environment.iter().filter(|(_, value)| *value == own) {
            if known.port_variables.insert(variable.clone(), name.clone()).is_some() {
                ambiguous.insert(variable.clone());
            }
        }
    }
    known.port_variables.retain(|variable, _| !ambiguous.contains(variable));
    let of_role = |role| {
        programs.iter().find(|(name, program)| program.role == role && known.ports.values().any(|port| port == name))
    };
    known.page = of_role(Role::Page).or_else(|| of_role(Role::Api)).map(|(name, _)| name.clone());
    let listening: Vec<&String> =
        programs.iter().filter(|(_, program)| program.role != Role::Worker).map(|(name, _)| name).collect();
    known.only = match listening.as_slice() {
        [only] if ports.iter().any(|(name, ..)| name == *only) => Some((*only).clone()),
        _ => None,
    };
    known
}
