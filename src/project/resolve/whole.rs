//! The project as a whole, and its smaller tables.

use std::path::Path;
use std::time::Duration;

use super::super::document::{Document, KeyPath};
use super::super::model::{
    BucketSeed, InfraSettings, LaunchSettings, PrepareStep, Project, RenderSettings, Template, VerifyStage,
    WorktreeSettings,
};
use super::super::port_plan;
use super::super::problem::Problem;
use super::super::{AgentId, raw};
use super::resolver::Resolver;
use super::{compose_stores, database, infra, processes, stores, verify};
use crate::system::loopback_map::PortMap;

/// What a work tree takes from the project's root instead of its own file.
pub(crate) struct Shared<'a> {
    /// The project of the root.
    pub(crate) root: &'a Project,
}

/// `[ports]` where the file has no such table.
const DEFAULT_PORTS: [(&str, u16); 4] = [("frontend", 3000), ("api", 8000), ("scheduler", 8001), ("debugger", 9200)];

/// Each is a whole tree on the disk, and one is made while the others are taken.
const MOST_SPARE_TREES: u8 = 9;

/// Resolves a file. `root` is the directory that relative paths start at.
pub(crate) fn project(
    document: &Document,
    raw: &raw::File,
    root: &Path,
    shared: Option<&Shared<'_>>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Project, Vec<Problem>> {
    let mut resolver = Resolver::new(document);
    let (raw_stores, left) = compose_stores::merged(&mut resolver, &raw.stores, root);
    let (name, max_agents, ports, infra) = match shared {
        Some(Shared { root }) => (root.name.clone(), root.max_agents, root.ports.clone(), root.infra.clone()),
        None => foundations(&mut resolver, raw, &raw_stores, root, variable),
    };
    let mut warnings = if shared.is_some() {
        Vec::new()
    } else {
        check_ports(&mut resolver, raw, &raw_stores, (&ports, max_agents), &infra)
    };
    warnings.extend(left);
    let network_map = network_map(&mut resolver, &raw.network.map);
    warnings.extend(shared_targets(&network_map));
    let stores::Stores { stores, servers } = stores::stores(&mut resolver, &raw_stores, &ports, shared.is_some());
    let verify: Vec<VerifyStage> = verify::stages(&mut resolver, &raw.verify);
    for (index, variable) in raw.env.pass_env.iter().enumerate() {
        resolver.variable_name(variable, &KeyPath::of("env.pass_env").index(index));
    }
    let project = Project {
        root: root.to_owned(),
        name,
        max_agents,
        database: database::database(&mut resolver, &raw.database),
        bucket_seed: raw.bucket.seed.as_ref().map(|seed| match seed {
            raw::BucketSeed::Directory(directory) => BucketSeed::Directory(directory.clone()),
            raw::BucketSeed::Command(command) => BucketSeed::Run(Template(command.run.clone())),
        }),
        stores,
        worktree: match shared {
            Some(Shared { root }) => root.worktree.clone(),
            None => raw.worktree.as_ref().map(|raw| worktree(&mut resolver, raw)),
        },
        prepare: prepare(&mut resolver, &raw.prepare.steps),
        env: resolver.environment(&raw.env.variables, &KeyPath::of("env")),
        env_files: raw.env.env_file.clone(),
        pass_env: raw.env.pass_env.clone(),
        render: RenderSettings {
            env_file: Template(raw.render.env_file.clone().unwrap_or_else(|| ".env.agent.{{ id }}".to_owned())),
            env_template: raw.render.env_template.clone(),
            processes_template: raw.render.processes_template.clone(),
            files: raw.render.files.iter().map(|file| (file.template.clone(), Template(file.target.clone()))).collect(),
        },
        launch: LaunchSettings {
            timeout: resolver.some_duration(
                raw.launch.timeout.as_ref(),
                &KeyPath::of("launch.timeout"),
                Duration::from_mins(1),
            ),
            memory_reserve: resolver.memory(raw.launch.memory_reserve.as_ref(), &KeyPath::of("launch.memory_reserve")),
            idle: raw
                .launch
                .idle
                .as_ref()
                .map(|idle| resolver.some_duration(Some(idle), &KeyPath::of("launch.idle"), Duration::from_mins(30))),
        },
        processes: processes::processes(&mut resolver, &raw.processes, servers, &ports),
        network_map,
        ports,
        infra,
        verify,
        files: document.files().map(Path::to_owned).collect(),
        warnings,
    };
    if resolver.problems.is_empty() { Ok(project) } else { Err(resolver.problems) }
}

/// What other tables build on, and what the root decides for every work tree.
fn foundations(
    resolver: &mut Resolver<'_>,
    raw: &raw::File,
    raw_stores: &raw::Ordered<raw::Store>,
    root: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> (String, u8, Vec<(String, u16)>, InfraSettings) {
    let path = KeyPath::of("project.name");
    let name = &raw.project.name;
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if !(first && name.bytes().all(allowed) && name.len() <= 48) {
        let rule = "a project's name begins with a lower-case letter or digit and holds up to 48 lower-case letters, \
                    digits, `-` and `_`";
        resolver.report_with(&path, format!("`{name}` cannot be the name at `{path}`"), rule);
    }
    let mut max_agents = raw.project.max_agents.unwrap_or(AgentId::MAX);
    if !(1..=AgentId::MAX).contains(&max_agents) {
        let path = KeyPath::of("project.max_agents");
        resolver.report(&path, format!("`{path}` must be from 1 to 99, not {max_agents}"));
        max_agents = AgentId::MAX;
    }
    let defaults = || DEFAULT_PORTS.map(|(name, base)| (name.to_owned(), base)).to_vec();
    let mut ports = raw.ports.as_ref().map_or_else(defaults, |ports| ports.0.clone());
    for (name, _) in &ports {
        resolver.name(name, &KeyPath::of("ports").key(name));
    }
    ports.extend(stores::ports(resolver, raw_stores, &ports));
    let mut infra = infra::infra(resolver, &raw.infra, root, variable);
    if raw.database.replication {
        infra::add_replication(&mut infra);
    }
    (name.clone(), max_agents, ports, infra)
}

/// No two servers may want the same port; ports that the kernel may take are worth a warning.
fn check_ports(
    resolver: &mut Resolver<'_>,
    raw: &raw::File,
    raw_stores: &raw::Ordered<raw::Store>,
    (ports, max_agents): (&[(String, u16)], u8),
    infra: &InfraSettings,
) -> Vec<String> {
    let services = port_plan::services(infra);
    for conflict in port_plan::conflicts(ports, max_agents, &services) {
        // a port that no table of ports has is that of a store
        let listed =
            |name: &str| raw.ports.as_ref().is_some_and(|ports| ports.0.iter().any(|(known, _)| known == name));
        let is_store = |name: &str| !listed(name) && raw_stores.0.iter().any(|(store, _)| store == name);
        let path = conflict.key().map_or_else(
            || KeyPath::of("infra"),
            |name| if is_store(name) { KeyPath::of("stores").key(name) } else { KeyPath::of("ports").key(name) },
        );
        resolver.report_with(&path, conflict.to_string(), conflict.hint());
    }
    let ephemeral = crate::system::ephemeral_range();
    port_plan::ephemeral_warnings(ports, max_agents, &services, ephemeral, &crate::system::reserved_ports())
}

/// Its keys are ports.
fn network_map(resolver: &mut Resolver<'_>, raw: &raw::Ordered<raw::PortValue>) -> Vec<(u16, Template)> {
    let path = KeyPath::of("network.map");
    if raw.0.len() > PortMap::LONGEST {
        resolver.report(&path, format!("`{path}` has {} entries, at most {} work", raw.0.len(), PortMap::LONGEST));
    }
    let mut map = Vec::new();
    for (named, instead) in &raw.0 {
        match named.parse::<u16>() {
            // `03000` would be a second entry for the same port
            Ok(port) if port > 0 && port.to_string() == *named => map.push((port, Template(instead.to_string()))),
            _ => resolver.report_with(
                &path.key(named),
                format!("`{named}` cannot be a key of `{path}`: it is no port"),
                "a key is the port that the application names, from 1 to 65535",
            ),
        }
    }
    map
}

/// Keys of the loopback map that lead to one port: right for programs that connect, not for two that listen.
fn shared_targets(map: &[(u16, Template)]) -> Vec<String> {
    let plain = |value: &Template| value.0.split_whitespace().collect::<String>();
    let earlier = |index: usize| map[..index].iter().find(|(_, value)| plain(value) == plain(&map[index].1));
    let shared = map.iter().enumerate().filter_map(|(index, (named, value))| {
        let (first, _) = earlier(index)?;
        Some(format!(
            "`network.map`: `{first}` and `{named}` lead to one port, `{}`: of two programs that bind them, the second \
             gets \"address in use\"",
            value.0
        ))
    });
    shared.collect()
}

fn worktree(resolver: &mut Resolver<'_>, raw: &raw::Worktree) -> WorktreeSettings {
    let (path_of_spare, mut spare) = (KeyPath::of("worktree.spare"), raw.spare.unwrap_or_default());
    if spare > MOST_SPARE_TREES {
        let message = format!("`{path_of_spare}` must be from 0 to {MOST_SPARE_TREES}, not {spare}");
        resolver.report(&path_of_spare, message);
        spare = 0;
    }
    let path = raw.path.clone().unwrap_or_else(|| "~/worktrees/{{ project }}-agent-{{ id }}".to_owned());
    WorktreeSettings {
        path: Template(path),
        branch: Template(raw.branch.clone().unwrap_or_else(|| "agent/{{ id }}".to_owned())),
        copy: raw.copy.clone(),
        clone: raw.clone.clone(),
        spare,
    }
}

fn prepare(resolver: &mut Resolver<'_>, raw: &[raw::PrepareStep]) -> Vec<PrepareStep> {
    let path = KeyPath::of("prepare.steps");
    resolver.unique(raw.iter().map(|step| step.name.as_str()), |index| path.index(index).key("name"));
    let steps = raw.iter().enumerate().map(|(index, step)| {
        let path = path.index(index);
        PrepareStep {
            name: resolver.name(&step.name, &path.key("name")),
            run: Template(step.run.clone()),
            inputs: step.inputs.clone(),
            outputs: step.outputs.clone(),
            working_dir: step.working_dir.clone(),
            timeout: resolver.some_duration(step.timeout.as_ref(), &path.key("timeout"), Duration::from_mins(30)),
        }
    });
    steps.collect::<Vec<PrepareStep>>()
}
