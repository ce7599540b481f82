//! What the evidence of a commit is worth, for somebody who has the repository and the public key.

use std::path::Path;

use serde_json::Value;

use super::super::Error as VerifyError;
use super::super::repository::git;
use super::changes::{changed, differences};
use super::envelope::{Opened, open};
use super::error::Error;
use super::key::VerifyingKey;
use super::kinds::named_files;
use super::notes;
use super::statement::claims;
use crate::report::Failure;
use crate::report::verify::{Attested, ChangedFile, Lie, LieCode, VerifyCheck};

/// Checks the statements that the commit of `revision` has, by the public key in the file `key`.
///
/// # Errors
/// There is no such commit, it has no evidence, or the file holds no public key. That evidence does not hold is an answer.
pub async fn check(directory: &Path, revision: &str, key: &Path) -> Result<VerifyCheck, Failure> {
    let key = VerifyingKey::read(key)?;
    let commit = resolved(directory, revision, "commit").await?.ok_or_else(|| Error::NoCommit(revision.to_owned()))?;
    let tree = resolved(directory, &commit, "tree").await?.unwrap_or_default();
    let note = notes::read(directory, &commit).await?.ok_or_else(|| Error::NoEvidence(commit.clone()))?;
    let mut document = VerifyCheck {
        schema: "harness/verify-check/1".to_owned(),
        valid: false,
        revision: revision.to_owned(),
        commit,
        tree,
        key_id: key.id(),
        attested: None,
        lies: Vec::new(),
        remarks: Vec::new(),
        others: 0,
    };
    let mut foreign = None;
    for line in note.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match open(line, &key) {
            Opened::Foreign(by) => {
                document.others += 1;
                foreign = Some(by);
            }
            Opened::Refused { lies, claimed } => {
                document.lies.extend(lies);
                if let Some(claimed) = claimed {
                    // what it says is compared nevertheless: it tells what was changed
                    compare(directory, &claimed, &mut document).await?;
                }
            }
            Opened::Ours(statement) => {
                let attested = compare(directory, &statement, &mut document).await?;
                let newer = |known: &Attested| attested.as_ref().is_some_and(|it| it.finished_at > known.finished_at);
                if document.attested.as_ref().is_none_or(newer) {
                    document.attested = attested;
                }
            }
        }
    }
    if document.attested.is_none() && document.lies.is_empty() {
        let by = foreign.map_or_else(|| "it is empty".to_owned(), |by| format!("it is signed by the key `{by}`"));
        document.lies.push(Lie::new(LieCode::OtherKey, format!("{by}, not by `{}`", document.key_id)));
    }
    let mut known: Vec<Lie> = Vec::new();
    document.lies.retain(|lie| (!known.contains(lie)).then(|| known.push(lie.clone())).is_some());
    document.valid = document.lies.is_empty();
    if !document.valid {
        document.attested = None;
    }
    Ok(document)
}

async fn resolved(directory: &Path, revision: &str, kind: &str) -> Result<Option<String>, Failure> {
    let named = format!("{revision}^{{{kind}}}");
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
    let git = git(directory);
    let output = git.output(&arguments).await.map_err(VerifyError::from)?;
    if !output.success && !output.stderr.is_empty() {
        let error = git.check(&arguments, output).map(|_| ()).map_err(|error| {
            let missing = error.is_no_repository();
            if missing { VerifyError::NoRepository(directory.to_owned()) } else { VerifyError::from(error) }
        });
        error?;
        return Ok(None);
    }
    Ok(output.success.then(|| output.text()))
}

/// Compares what a statement says with what the repository says; adds what is not so to `document`.
async fn compare(directory: &Path, statement: &Value, document: &mut VerifyCheck) -> Result<Option<Attested>, Failure> {
    let claims = claims(statement);
    document.lies.extend(claims.lies);
    let mut elsewhere = false;
    for (code, what, said, own) in [
        (LieCode::OtherCommit, "commit", &claims.commit, &document.commit),
        (LieCode::OtherTree, "tree", &claims.tree, &document.tree),
    ] {
        if let Some(said) = said.as_ref().filter(|said| *said != own) {
            let message = format!("it is about {what} `{said}`, and stands with {what} `{own}`");
            document.lies.push(Lie::new(code, message).about("subject"));
            elsewhere = true;
        }
    }
    if let Some(attested) = &claims.attested
        && !elsewhere
    {
        compare_files(directory, attested, document).await?;
        remark(attested, document);
    }
    Ok(claims.attested)
}

async fn compare_files(directory: &Path, attested: &Attested, document: &mut VerifyCheck) -> Result<(), Failure> {
    let Some(base) = &attested.base else {
        document.remarks.push("there was no commit to compare files with".to_owned());
        return Ok(());
    };
    let is_name = matches!(base.commit.len(), 40 | 64) && base.commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_name || resolved(directory, &base.commit, "commit").await?.is_none() {
        let message = format!("the list of files was not compared: this repository does not have `{}`", base.commit);
        document.remarks.push(message);
        return Ok(());
    }
    let mut say = |part: &str, message: String| {
        document.lies.push(Lie::new(LieCode::Changes, message).about(part));
    };
    let all = changed(directory, &base.commit, &document.commit).await?;
    let so = |file: &ChangedFile| all.iter().any(|(path, change)| *path == file.path && *change == file.change);
    for file in attested.changes.iter().filter(|file| !so(file)) {
        say("changes", format!("it says that `{}` is {}, which is not so", file.path, file.change));
    }
    // another version may take other files for tests
    if attested.harness != env!("CARGO_PKG_VERSION") {
        return Ok(());
    }
    let named = named_files(&attested.stages, &attested.directory);
    let found = differences(directory, &base.commit, &document.commit, &all, &named).await?;
    for file in found.changes.iter().filter(|file| !attested.changes.contains(file)) {
        say("changes", format!("it does not say that `{}`, of kind {}, is {}", file.path, file.kind, file.change));
    }
    for test in found.weakened.iter().filter(|test| !attested.weakened.contains(test)) {
        say("weakened", format!("it does not say `{}: {}: {}`", test.path, test.what, test.text));
    }
    for test in attested.weakened.iter().filter(|test| !found.weakened.contains(test)) {
        say("weakened", format!("it says `{}: {}: {}`, which is not so", test.path, test.what, test.text));
    }
    Ok(())
}

/// What is so, and should be known.
fn remark(attested: &Attested, document: &mut VerifyCheck) {
    if !attested.plan_differences.is_empty() {
        let what = attested.plan_differences.join("; ");
        document.remarks.push(format!("the `[verify]` in force is not that of the commit: {what}"));
    }
    if attested.harness != env!("CARGO_PKG_VERSION") {
        let message = format!("harness {} made it: which files it leaves out was not compared", attested.harness);
        document.remarks.push(message);
    }
}
