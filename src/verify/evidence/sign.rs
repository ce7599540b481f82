//! A recorded full pass becomes a signed statement, if just what was verified is committed.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::super::Error as VerifyError;
use super::super::against::Base;
use super::super::plan::{self, digest};
use super::super::repository::git;
use super::super::runs::{Proof, Runs};
use super::super::work_tree::WorkTree;
use super::changes::{Differences, changed, differences};
use super::error::Error;
use super::key::SigningKey;
use super::kinds::named_files;
use super::notes::{NOTES, keep};
use super::tools::tools;
use super::{envelope, statement};
use crate::agent::{self, Context, VerifyScope};
use crate::project::{AgentId, VerifyStage};
use crate::report::verify::{
    Attested, AttestedBase, AttestedCommand, AttestedStage, AttestedTemplate, ConfigurationFile, Evidence, Verify,
};
use crate::report::{Failure, TemplateState};
use crate::system;

/// The commit that is at hand, and what it holds.
struct Committed {
    work_tree: WorkTree,
    commit: String,
    /// The name of its content, as that of a work tree.
    content: String,
}

impl Committed {
    async fn of(tree: &Path) -> Result<Self, Failure> {
        let scratch = std::env::temp_dir();
        let opened = WorkTree::open(tree, &scratch).await?;
        let work_tree = opened.ok_or_else(|| VerifyError::NoRepository(tree.to_owned()))?;
        let asked = git(tree).output(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await;
        let commit =
            Some(asked.map_err(VerifyError::from)?).filter(|output| output.success).map(|output| output.text());
        let commit = commit.ok_or_else(|| Error::NoCommit("HEAD".to_owned()))?;
        let content = work_tree.name_of_commit(&commit).await?.unwrap_or_default();
        Ok(Self { work_tree, commit, content })
    }

    /// The error of a commit that is not what was verified.
    async fn differs(self, verified: &str) -> Failure {
        let differing = self.work_tree.differing(&self.content, verified).await.unwrap_or_default();
        let differing = differing.into_iter().take(5).collect();
        Error::NotCommitted { commit: self.commit, differing }.into()
    }
}

/// Whether a full pass of the present tree could be signed: before the stages take their time.
///
/// # Errors
/// What is in the tree is not committed, or the key cannot be made.
pub async fn may_be_signed(context: &Context, id: AgentId, reference: Option<&str>) -> Result<(), Failure> {
    let scope = agent::verify_scope(context, id)?;
    SigningKey::of(&context.home)?;
    let committed = Committed::of(&scope.tree).await?;
    base(&scope.tree, &committed.commit, reference).await?;
    match committed.work_tree.name().await? {
        Some(present) if present != committed.content => Err(committed.differs(&present).await),
        _ => Ok(()),
    }
}

/// Signs the last full pass of an agent's tree, which has to be of what is committed, and keeps it with the commit.
/// Files are compared with `reference`: by default the merge base with the default branch.
///
/// # Errors
/// There is no such pass, something else is committed, or the note cannot be written.
pub async fn sign(context: &Context, id: AgentId, reference: Option<&str>) -> Result<Evidence, Failure> {
    let scope = agent::verify_scope(context, id)?;
    let key = SigningKey::of(&context.home)?;
    let (pass, document) = last_full_pass(&scope)?;
    let committed = Committed::of(&scope.tree).await?;
    let verified = pass.run.tree.clone().unwrap_or_default();
    if committed.content != verified {
        return Err(match committed.work_tree.name().await? {
            Some(present) if present == verified => committed.differs(&verified).await,
            _ => not_verified("files have changed since `harness verify --full` last passed"),
        });
    }
    let base = base(&scope.tree, &committed.commit, reference).await?;
    let stages = stages(&scope.project.verify, &document);
    let directory = committed.work_tree.prefix().trim_end_matches('/').to_owned();
    let found = match &base {
        Some(base) => {
            let named = named_files(&stages, &directory);
            let all = changed(&scope.tree, &base.commit, &committed.commit).await?;
            differences(&scope.tree, &base.commit, &committed.commit, &all, &named).await?
        }
        None => Differences::default(),
    };
    let mut environment = context.environment.clone();
    // without the shared servers the caller's own has to do
    if let Ok(own) = agent::environment(context, id).await {
        environment.extend(own.variables);
    }
    let attested = Attested {
        harness: env!("CARGO_PKG_VERSION").to_owned(),
        run: pass.run.run,
        finished_at: pass.run.finished_at,
        agent: Some(id.get()),
        directory,
        verified_tree: verified,
        tools: tools(&stages, &scope.tree, &environment).await,
        stages,
        plan: pass.plan,
        plan_differences: scope.differences.clone(),
        configuration: configuration(&scope.project.root)?,
        template: template(&scope, document.template),
        network: document.network,
        base,
        changes: found.changes,
        weakened: found.weakened,
        weakened_more: found.weakened_more,
    };
    let tree = git(&scope.tree).text(&["rev-parse", "--verify", &format!("{}^{{tree}}", committed.commit)]).await;
    let statement = statement::statement(&committed.commit, &tree.map_err(VerifyError::from)?, &attested);
    let key_id = key.verifying().id();
    keep(&context.home, &scope.tree, &committed.commit, &envelope::seal(&statement, &key), &key_id).await?;
    Ok(Evidence {
        commit: Some(committed.commit),
        key_id: Some(key_id),
        notes: NOTES.to_owned(),
        changes: attested.changes.len(),
        weakened: attested.weakened.len() + attested.weakened_more,
        error: None,
    })
}

fn not_verified(why: &str) -> Failure {
    Error::NotVerified(why.to_owned()).into()
}

/// The last full pass, with its document.
fn last_full_pass(scope: &VerifyScope) -> Result<(Proof, Verify), Failure> {
    let runs = Runs::of(&scope.directory);
    let pass = runs.history()?.last_full_pass;
    let pass = pass.ok_or_else(|| not_verified("`harness verify --full` has not passed yet"))?;
    if pass.plan != digest(&scope.project.verify) {
        return Err(not_verified("`[verify]` has changed since `harness verify --full` last passed"));
    }
    let document = runs.report(&pass.run.run)?;
    let document = document.ok_or_else(|| not_verified("what the last full pass has found is not kept any more"))?;
    Ok((pass, document))
}

/// The commit that files are compared with. On the default branch itself that is the commit before.
async fn base(tree: &Path, commit: &str, reference: Option<&str>) -> Result<Option<AttestedBase>, Failure> {
    let base = match Base::of(tree, reference).await {
        Ok(base) => base,
        Err(VerifyError::NoBase(_)) if reference.is_none() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if base.commit != commit || reference.is_some() {
        return Ok(Some(AttestedBase { reference: base.reference, commit: base.commit }));
    }
    let parent = git(tree).output(&["rev-parse", "--verify", "--quiet", &format!("{commit}^1")]).await;
    let parent = Some(parent.map_err(VerifyError::from)?).filter(|output| output.success);
    Ok(parent.map(|parent| AttestedBase { reference: "the commit before".to_owned(), commit: parent.text() }))
}

/// The plan in force, with how it ended.
fn stages(stages: &[VerifyStage], document: &Verify) -> Vec<AttestedStage> {
    let plan = plan::list(stages);
    let each = plan.stages.into_iter().zip(&document.stages);
    each.map(|(planned, ended)| AttestedStage {
        name: planned.name,
        status: ended.status,
        commands: planned
            .commands
            .into_iter()
            .zip(&ended.commands)
            .map(|(planned, ended)| AttestedCommand {
                name: planned.name,
                does: planned.does,
                status: ended.status,
                duration_ms: ended.duration_ms,
            })
            .collect(),
    })
    .collect()
}

/// The files that `[verify]` in force comes from.
fn configuration(root: &Path) -> Result<Vec<ConfigurationFile>, Failure> {
    let mut files = Vec::new();
    for name in ["harness.toml", "harness.local.toml"] {
        if let Some(bytes) = system::read_optional(&root.join(name))? {
            let sha256 = system::hexadecimal(&Sha256::digest(bytes));
            files.push(ConfigurationFile { name: name.to_owned(), sha256 });
        }
    }
    Ok(files)
}

fn template(scope: &VerifyScope, state: Option<TemplateState>) -> Option<AttestedTemplate> {
    scope.template.clone().map(|name| AttestedTemplate { name, state })
}
