//! Sees to it that a project has as many spare trees as it wants, and that they are of its present commit.

use std::path::{Path, PathBuf};

use super::steps;
use crate::agent::launch::prepare::Preparation;
use crate::agent::worktree::resolved;
use crate::agent::worktree::spare::{self, Making, SpareTree};
use crate::agent::{Context, Error};
use crate::infra::{self, Infra};
use crate::project::{AgentId, FILE, Project};
use crate::render::{self, Renderer};
use crate::report::Failure;
use crate::system::{self, FileLock};

/// More hand-outs than there are ids do not happen while spares are made.
const ROUNDS: u8 = AgentId::MAX;

/// Refills. Does nothing while another process does it for this project.
///
/// # Errors
/// A tree cannot be made or prepared.
pub(super) async fn refill(context: &Context, root: &Path) -> Result<(), Failure> {
    let Some(infra) = infra::open(&context.home).await? else { return Ok(()) };
    for _ in 0..ROUNDS {
        let project = context.project_at(root)?;
        let Some(settings) = &project.worktree else { return sweep(context, &project).await };
        let directory = directory(context, &project)?;
        let making =
            Making { home: &context.home, project: &project, settings, directory: &directory, events: &context.events };
        let wanted = usize::from(settings.spare);
        let Ok(lock) = FileLock::try_acquire(&lock_file(context, &project), "refill spare trees")? else {
            return Ok(());
        };
        fill(context, &making, &infra, wanted).await?;
        drop(lock);
        // one was handed out after they were counted, and that launch found the lock held
        if current(&making).await.len() >= wanted {
            return Ok(());
        }
    }
    Ok(())
}

async fn fill(context: &Context, making: &Making<'_>, infra: &Infra, wanted: usize) -> Result<(), Failure> {
    sweep(context, making.project).await?;
    for spare in of_project(context, making.project) {
        spare::update(making, &spare, async |tree, copied, marker| {
            prepare(context, making.project, infra, (tree, copied), marker).await
        })
        .await?;
    }
    let present = current(making).await;
    let surplus: Vec<&String> = present.iter().skip(wanted).map(|spare| &spare.name).collect();
    spare::sweep(making.home, (false, false), |spare| !surplus.contains(&&spare.name)).await;
    for _ in present.len()..wanted {
        // spares with changes are never removed, so no more are made beside them
        if let Some(changed) = of_project(context, making.project).get(wanted) {
            let why = "it holds changes, so that no further one is made; `git worktree remove --force` gives them up";
            return Err(system::Error::file("use the spare tree", &changed.path)(std::io::Error::other(why)).into());
        }
        spare::make(making, async |tree, copied, marker| {
            prepare(context, making.project, infra, (tree, copied), marker).await
        })
        .await?;
    }
    Ok(())
}

async fn prepare(
    context: &Context,
    project: &Project,
    infra: &Infra,
    (tree, copied): (&Path, &[String]),
    marker: &str,
) -> Result<(), Failure> {
    let in_tree = context.in_tree(project, tree)?;
    let preparation = Preparation {
        home: &context.home,
        events: &context.events,
        subject: "spare tree",
        tree,
        root: &project.root,
        copied,
    };
    steps::prepare(context, &preparation, &in_tree, infra, marker).await
}

/// The spares that a launch could take.
async fn current(making: &Making<'_>) -> Vec<SpareTree> {
    let mut current = Vec::new();
    for spare in spare::all(making.home).into_iter().filter(|spare| spare.project_root == making.project.root) {
        if spare::is_current(&spare).await {
            current.push(spare);
        }
    }
    current
}

fn of_project(context: &Context, project: &Project) -> Vec<SpareTree> {
    spare::all(&context.home).into_iter().filter(|spare| spare.project_root == project.root).collect()
}

/// Removes what is unfinished, and what the settings of its project do not want.
async fn sweep(context: &Context, project: &Project) -> Result<(), Failure> {
    let is_wanted = is_wanted(context);
    spare::sweep(&context.home, (false, false), |spare| spare.project_root != project.root || is_wanted(spare)).await;
    Ok(())
}

/// Which spares of the home are wanted: those that are there, of projects that are there and want any.
pub(in crate::agent) fn is_wanted(context: &Context) -> impl Fn(&SpareTree) -> bool {
    move |spare: &SpareTree| {
        let root = &spare.project_root;
        if !spare.path.exists() || !root.join(FILE).exists() {
            return false;
        }
        // a file that cannot be read is mended some day
        let Ok(project) = context.project_at(root) else { return true };
        project.worktree.is_some_and(|settings| settings.spare > 0)
    }
}

fn lock_file(context: &Context, project: &Project) -> PathBuf {
    spare::directory(&context.home).join(format!("{}.filling", spare::key_of(&project.name, &project.root)))
}

/// Where spares go: where the trees of two agents part, so that a spare is beside them, on their file system.
fn directory(context: &Context, project: &Project) -> Result<PathBuf, Failure> {
    let [one, two] = [path_of(context, project, 1)?, path_of(context, project, 2)?];
    let common: PathBuf =
        one.components().zip(two.components()).take_while(|(one, two)| one == two).map(|(one, _)| one).collect();
    // without an id in it, all agents have one path
    let directory = if common == one { one.parent().map(Path::to_owned).unwrap_or(one) } else { common };
    std::fs::create_dir_all(&directory).map_err(system::Error::file("create", &directory))?;
    Ok(directory)
}

fn path_of(context: &Context, project: &Project, id: u8) -> Result<PathBuf, Failure> {
    let agent = AgentId::try_from(id).map_err(Error::from)?;
    let home = context.home.path().to_owned();
    let values = render::TemplateValues::of(project, agent, project.root.clone(), home);
    let user_home = context.variable("HOME").map(PathBuf::from);
    let path = Renderer::new(project).worktree_path(&values, user_home.as_deref())?;
    Ok(resolved(&path.unwrap_or_default()))
}
