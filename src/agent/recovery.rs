//! What can still be known of an agent whose record cannot be read: by what exists and says itself whose it is.
//!
//! - A work tree that was made for it has a note in git's entry of it.
//! - Rendered files carry harness's signature or mark, and have a line in git's exclude file.
//! - The rendered process config names the directories that its processes run in.
//! - Databases, roles, buckets and processes carry the home's id and need no record.
//!
//! A name alone proves nothing: a work tree without the note stays, and is said. Nothing here changes anything.

use std::path::{Path, PathBuf};

use super::record::WorktreeRecord;
use super::{Context, Lifecycle, Record, worktree};
use crate::project::{AgentId, Project, find_root};
use crate::render;
use crate::supervisor;
use crate::system::{Git, Secret};

/// A record in the place of the one that is damaged; `None` where nothing tells whose the agent is. Looks in `standing`,
/// the root of the project that the command stands in, and where the agent's processes run.
pub(super) fn recover(context: &Context, standing: Option<&Path>, agent: AgentId) -> Option<Record> {
    let spec = supervisor::rendered_spec(&context.home.stack_dir(agent.stack())).ok();
    let run_in = spec.into_iter().flat_map(|spec| spec.processes.into_values()).map(|process| process.working_dir);
    let mut run_in: Vec<PathBuf> = run_in.collect();
    run_in.dedup();
    let places = || standing.into_iter().chain(run_in.iter().map(PathBuf::as_path));
    let made = || places().find_map(|place| in_made_tree(context, agent, place));
    let run = || run_in.iter().find_map(|place| where_it_runs(context, agent, place));
    let signed = || standing.and_then(|root| in_root(context, agent, root));
    made().or_else(run).or_else(signed)
}

/// In the work tree that has the note.
fn in_made_tree(context: &Context, agent: AgentId, place: &Path) -> Option<Record> {
    let (origin, worktree) = worktree::made_for(place, context.home.id(), agent).into_iter().next()?;
    let project = context.project_at(&origin.project_root).ok();
    let mut record = blank(agent, origin.project, origin.project_root, origin.tree, project.as_ref());
    let excluded = excluded(&record.tree);
    (record.guides, record.rendered) = excluded.into_iter().partition(|path| render::is_guide(path));
    Some(Record { worktree: Some(worktree), ..record })
}

/// Where the process config says that its processes run: the project's root, or a work tree without the note.
fn where_it_runs(context: &Context, agent: AgentId, place: &Path) -> Option<Record> {
    let tree = find_root(place).ok()?;
    let project_root = main_checkout(&tree).filter(|root| *root != tree);
    let root = project_root.clone().unwrap_or_else(|| tree.clone());
    let project = context.project_at(&root).ok()?;
    let mut record = blank(agent, project.name.clone(), root, tree.clone(), Some(&project));
    (record.guides, record.rendered) = signed_files(agent, &project.name, &tree);
    record.worktree =
        project_root.map(|_| WorktreeRecord { path: tree, branch: None, made: false, populated: true, copied: None });
    Some(record)
}

/// In the project's root, if there are files that harness signed for it.
fn in_root(context: &Context, agent: AgentId, root: &Path) -> Option<Record> {
    let project = context.project_at(root).ok()?;
    let (guides, rendered) = signed_files(agent, &project.name, root);
    if !guides.iter().chain(&rendered).any(|path| path.exists()) {
        return None;
    }
    let record = blank(agent, project.name.clone(), root.to_owned(), root.to_owned(), Some(&project));
    Some(Record { rendered, guides, ..record })
}

/// The guides and the other files in a directory that are this agent's; those too that are gone and have left a line
/// with the agent's number.
fn signed_files(agent: AgentId, project: &str, tree: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let guide = tree.join(format!("CLAUDE.agent.{agent}.md"));
    let env_file = tree.join(format!(".env.agent.{agent}"));
    let is_its_own = |path: &PathBuf| match path {
        path if *path == guide => !path.exists() || render::is_guide(path),
        path if *path == env_file && !path.exists() => true,
        path => render::is_written_for(path, agent, project),
    };
    excluded(tree).into_iter().filter(is_its_own).partition(|path| *path == guide)
}

fn excluded(tree: &Path) -> Vec<PathBuf> {
    let paths = render::excluded_paths(tree).unwrap_or_default();
    paths.into_iter().map(|below| tree.join(below)).collect()
}

/// The checkout that a repository was cloned into, as the directory that corresponds to `tree` there.
fn main_checkout(tree: &Path) -> Option<PathBuf> {
    let asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-prefix"];
    let answer = Git::asking(tree).output_blocking(&asked).ok()?.text();
    let mut lines = answer.lines();
    let top = PathBuf::from(lines.next()?).parent()?.to_owned();
    let root: PathBuf = top.components().chain(Path::new(lines.next().unwrap_or_default()).components()).collect();
    root.join("harness.toml").is_file().then_some(root)
}

/// What is not known counts as there: the servers are asked.
fn blank(agent: AgentId, name: String, root: PathBuf, tree: PathBuf, project: Option<&Project>) -> Record {
    let has_database = project.is_none_or(|project| !project.database.disabled);
    Record {
        agent,
        project: name,
        project_root: root,
        tree,
        worktree: None,
        lifecycle: Lifecycle::Launched,
        kept: false,
        ports: project.map(|project| project.ports_of(agent).into_iter().collect()).unwrap_or_default(),
        web_ports: Vec::new(),
        server: None,
        // that there is one, not which
        database_password: has_database.then(|| Secret::new("")),
        template: None,
        bucket_secret: None,
        mail: false,
        used_servers: true,
        rendered: Vec::new(),
        guides: Vec::new(),
        env_file: None,
        base_environment: std::collections::BTreeMap::new(),
        with: Vec::new(),
        spec_digest: None,
    }
}
