//! `[prepare]`: steps in the agent's tree before its processes start, skipped while nothing they depend
//! on has changed.
//!
//! What was done is recorded by tree, not by agent: agents that share the project's root share its
//! build; a tree that is made again at the same path is another. A lock by tree keeps two launches from
//! building in one directory at once.
//!
//! A step whose outputs were cloned from the project's root counts as done if the root has the same inputs
//! and its outputs are not older than they are, as for `make`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::agent::{Error, prepared_files};
use crate::diagnostic;
use crate::project::{PrepareStep, inputs};
use crate::render::{self, Environment, Renderer};
use crate::report::{Events, Failure};
use crate::system::{self, CommandSpec, FileLock, Home, Versioned};

/// What this step did.
#[derive(Debug, Default)]
pub(in crate::agent) struct Prepared {
    pub(super) changed: bool,
    pub(super) times: Vec<(String, Duration)>,
}

/// The digest of each step's inputs when it was last done, by name.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Memory {
    tree: PathBuf,
    /// Which directory of that name it was: what was done in one that is gone is undone.
    #[serde(default)]
    identity: String,
    done: BTreeMap<String, String>,
}

impl Versioned for Memory {
    const WHAT: &'static str = "record of prepared trees";
    const VERSION: u32 = 1;
}

/// Where to prepare, and who receives the events.
#[derive(Debug)]
pub(in crate::agent) struct Preparation<'a> {
    pub(in crate::agent) home: &'a Home,
    pub(in crate::agent) events: &'a Events,
    /// Whom events are about.
    pub(in crate::agent) subject: &'a str,
    /// The tree.
    pub(in crate::agent) tree: &'a Path,
    /// The project's root.
    pub(in crate::agent) root: &'a Path,
    /// What was copied from there into the tree.
    pub(in crate::agent) copied: &'a [String],
}

/// Runs the steps that have something to do, in order.
pub(in crate::agent) async fn run(
    preparation: &Preparation<'_>,
    steps: &[PrepareStep],
    renderer: &Renderer<'_>,
    context: &render::TemplateValues,
    environment: &Environment,
) -> Result<Prepared, Failure> {
    let mut prepared = Prepared::default();
    if steps.is_empty() {
        return Ok(prepared);
    }
    let tree = preparation.tree;
    let file = memory_path(preparation.home.path(), tree)?;
    let _lock = FileLock::acquire(&file.with_extension("lock"), "prepare", |holder| {
        // the other agents of the same command
        if holder.as_ref().is_some_and(|holder| holder.pid == std::process::id()) {
            return;
        }
        let who = holder.map_or_else(String::new, |holder| format!(" (pid {})", holder.pid));
        preparation
            .events
            .note(preparation.subject, format!("waiting for another launch{who} that prepares the same tree"));
    })
    .await?;
    // a damaged file costs a rebuild, nothing else
    let memory: Option<Memory> = system::read_versioned(&file).ok().flatten();
    let identity = identity(tree)?;
    let mut memory = memory.filter(|memory| memory.identity == identity).unwrap_or_else(|| Memory {
        tree: tree.to_owned(),
        identity,
        done: BTreeMap::new(),
    });
    for step in steps {
        let command = renderer.text(&format!("prepare.steps.{}.run", step.name), &step.run, context, environment)?;
        let digest = digest(step, &command, tree)?;
        let done = match memory.done.get(&step.name) {
            Some(done) => *done == digest,
            None => came_done(preparation, step)?,
        };
        if !step.inputs.is_empty() && done && outputs_exist(step, tree) {
            if memory.done.insert(step.name.clone(), digest).is_none() {
                let text =
                    format!("prepare step `{}` is skipped: its outputs were cloned, of the same inputs", step.name);
                preparation.events.note(preparation.subject, text);
                system::write_versioned(&file, &memory)?;
            }
            continue;
        }
        let began = Instant::now();
        run_step(preparation, step, &command, environment).await?;
        prepared.changed |= !step.inputs.is_empty();
        prepared.times.push((format!("prepare {}", step.name), began.elapsed()));
        memory.done.insert(step.name.clone(), digest);
        system::write_versioned(&file, &memory)?;
    }
    Ok(prepared)
}

/// Takes what is remembered of a tree along to the path that it is about to be moved to.
///
/// # Errors
/// The home cannot be written.
pub(super) fn carry(home: &Home, from: &Path, to: &Path) -> system::Result<()> {
    // a damaged file costs a rebuild, nothing else
    let Some(memory) = system::read_versioned::<Memory>(&memory_path(home.path(), from)?).ok().flatten() else {
        return Ok(());
    };
    system::write_versioned(&memory_path(home.path(), to)?, &Memory { tree: to.to_owned(), ..memory })?;
    system::remove_if_exists(&memory_path(home.path(), from)?).map(drop)
}

async fn run_step(
    preparation: &Preparation<'_>,
    step: &PrepareStep,
    command: &str,
    environment: &Environment,
) -> Result<(), Failure> {
    let dir = step.working_dir.as_ref().map_or_else(|| preparation.tree.to_owned(), |dir| preparation.tree.join(dir));
    let task = preparation.events.task(preparation.subject, format!("prepare {}", step.name));
    let spec = CommandSpec::shell(command, dir, environment.all().into_iter().collect()).with_timeout(step.timeout);
    let output = diagnostic::run_step(spec, command, preparation.tree, |line| task.output(line)).await?;
    if !output.ending.is_success() {
        return Err(Error::Command {
            subject: preparation.subject.to_owned(),
            what: format!("prepare step `{}`", step.name),
            ending: output.ending.to_string(),
            output: output.tail,
        }
        .into());
    }
    task.finish();
    Ok(())
}

/// What decides whether a step must run again: its command and the files it reads.
fn digest(step: &PrepareStep, command: &str, tree: &Path) -> Result<String, Failure> {
    let files = if step.inputs.is_empty() { String::new() } else { inputs::digest(tree, &step.inputs)? };
    let mut hash = Sha256::new();
    for part in [command, &step.working_dir.as_deref().unwrap_or(Path::new("")).to_string_lossy(), &files] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(system::hexadecimal(&hash.finalize()))
}

/// Whether the outputs of a step were cloned from a root in which they are up to date, of the same inputs.
fn came_done(preparation: &Preparation<'_>, step: &PrepareStep) -> Result<bool, Failure> {
    let (root, tree) = (preparation.root, preparation.tree);
    let is_copied = |output: &PathBuf| preparation.copied.iter().any(|copied| output.starts_with(copied));
    // a command that depends on the agent did something else in the root
    let is_agents = step.run.0.contains("{{") || step.run.0.contains("{%");
    if root == tree || is_agents || step.inputs.is_empty() || step.outputs.is_empty() {
        return Ok(false);
    }
    if !step.outputs.iter().map(PathBuf::from).all(|output| is_copied(&output)) {
        return Ok(false);
    }
    // inputs that the root does not have are no reason to fail here
    let Ok(files) = inputs::matching_files(root, &step.inputs) else { return Ok(false) };
    let newest = files.iter().filter_map(|file| modified(&root.join(file))).max();
    let made = step.outputs.iter().map(|output| last_change(&root.join(output))).min().flatten();
    let fresh = matches!((newest, made), (Some(newest), Some(made)) if newest <= made);
    Ok(fresh && inputs::digest(root, &step.inputs).ok() == Some(inputs::digest(tree, &step.inputs)?))
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.symlink_metadata().and_then(|metadata| metadata.modified()).ok()
}

/// When something at `path` or directly in it was last written.
fn last_change(path: &Path) -> Option<SystemTime> {
    let inside = std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| modified(&entry.ok()?.path()));
    inside.chain(modified(path)).max()
}

/// Distinguishes a directory from another one at the same path: its inode, and when it was made where the
/// file system tells.
fn identity(tree: &Path) -> Result<String, Failure> {
    use std::os::unix::fs::MetadataExt;
    let metadata = tree.metadata().map_err(system::Error::file("look at", tree))?;
    let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{}:{}:{}", metadata.dev(), metadata.ino(), made.unwrap_or_default().as_nanos()))
}

fn outputs_exist(step: &PrepareStep, tree: &Path) -> bool {
    step.outputs.iter().all(|output| tree.join(output).exists())
}

fn memory_path(home: &Path, tree: &Path) -> system::Result<PathBuf> {
    let directory = home.join("prepared");
    system::create_private_dir(&directory, 0o700)?;
    Ok(directory.join(prepared_files::name(tree)))
}
