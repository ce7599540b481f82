//! States kept after `incremental` steps, and whether one of them can be built upon.
//!
//! A kept state fits when everything but the step's files is the same (`base`), every file it was made
//! from is still there unchanged, and every new file comes after its siblings: a migration that was
//! appended. One that was put between others, by a merge say, gives another database than running all
//! in order would, so it rebuilds.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::connection::Connection;
use super::super::copy::{Source, Target, copy};
use super::super::lock::Key;
use super::super::mark::{Facts, Mark, OwnedKind, StepFacts};
use super::super::objects::{database_named, databases};
use super::super::roles::builders;
use super::super::sessions::without_sessions;
use super::super::sql::{identifier, literal};
use super::super::{Result, Server};
use super::chain::{Link, TemplatePlan};
use super::discard::discard;

/// What a build starts from. `link` is an index into the chain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// An empty database.
    Fresh,
    /// The very state after that link.
    After { link: usize, from: String },
    /// A former state after that link: its step has to run again.
    Again { link: usize, from: String },
}

impl Start {
    /// The first step to run: step k is link k + 1.
    pub(super) fn first_step(&self) -> usize {
        match self {
            Self::Fresh => 0,
            Self::After { link, .. } => *link,
            Self::Again { link, .. } => *link - 1,
        }
    }
}

/// Finds the best state to start from, and locks it shared for as long as the session lives.
pub(super) async fn start(connection: &Connection, plan: &TemplatePlan<'_>, links: &[Link]) -> Result<Start> {
    if !links.iter().any(|link| link.incremental) {
        return Ok(Start::Fresh);
    }
    let states: Vec<(String, Facts)> = databases(connection)
        .await?
        .into_iter()
        .filter(|database| database.valid)
        .filter(|database| {
            let kind = database.mark(plan.home_id).map(|mark| mark.kind);
            matches!(kind, Some(OwnedKind::Kept | OwnedKind::Template))
        })
        .map(|database| (database.name.clone(), database.facts()))
        .collect();
    let start = choose(links, &states);
    if let Start::After { from, .. } | Start::Again { from, .. } = &start {
        let key = Key::of(from);
        key.share(connection, || {}).await?;
        // it may have been dropped before the lock was had
        if database_named(connection, from).await?.is_none() {
            key.release_shared(connection).await?;
            return Ok(Start::Fresh);
        }
    }
    Ok(start)
}

fn choose(links: &[Link], states: &[(String, Facts)]) -> Start {
    for (index, link) in links.iter().enumerate().rev().filter(|(_, link)| link.incremental) {
        if let Some((from, _)) = states.iter().find(|(name, _)| *name == link.database()) {
            return Start::After { link: index, from: from.clone() };
        }
        let former = states
            .iter()
            .filter(|(_, facts)| facts.base.as_ref() == Some(&link.base))
            .filter(|(_, facts)| is_appended(&facts.files, &link.files))
            .max_by_key(|(_, facts)| facts.files.len());
        if let Some((from, _)) = former {
            return Start::Again { link: index, from: from.clone() };
        }
    }
    Start::Fresh
}

/// Copies the state that the build is in, as the state after `link`.
pub(super) async fn keep(
    server: &Server,
    connection: &Connection,
    plan: &TemplatePlan<'_>,
    link: &Link,
    building: &str,
    owner: &str,
) -> Result<()> {
    let name = link.database();
    let key = Key::of(&name);
    if !key.try_take(connection).await? {
        // another build makes or clones it: it exists, or will
        return Ok(());
    }
    if database_named(connection, &name).await?.is_none() {
        // drop unfinished copies: a living build would hold the lock
        discard(server, connection, &name, plan.home_id).await?;
        let mark = Mark::new(plan.home_id, plan.project, None, OwnedKind::Building);
        let source = Source::inspect(connection, building).await?;
        let temporary = format!("{name}_building");
        let target = Target {
            name: &temporary,
            owner: &builders(plan.home_id),
            objects: owner,
            mark: &mark,
            facts: &Facts::default(),
            open: false,
        };
        copy(server, connection, &source, &target).await?;
        let comment = facts(link).comment(&mark.with_kind(OwnedKind::Kept));
        let (from, to) = (identifier(&temporary), identifier(&name));
        let sql = format!(
            "ALTER DATABASE {from} OWNER TO CURRENT_USER; COMMENT ON DATABASE {from} IS {}; \
             ALTER DATABASE {from} RENAME TO {to}",
            literal(&comment)
        );
        without_sessions(server, connection, &temporary, &format!("keep the state `{name}`"), &sql).await?;
    }
    key.release(connection).await
}

/// What must be known of a state after an incremental step.
pub(super) fn facts(link: &Link) -> Facts {
    Facts {
        made_at: Some(jiff::Timestamp::now().to_string()),
        base: link.incremental.then(|| link.base.clone()),
        files: if link.incremental { link.files.clone().into_iter().collect() } else { Vec::new() },
        ..Facts::default()
    }
}

impl StepFacts {
    /// What is written down of a step.
    pub(super) fn of(link: &Link) -> Self {
        let brief = |entries: &BTreeMap<String, String>| {
            entries.iter().map(|(name, digest)| (name.clone(), digest.chars().take(8).collect())).collect()
        };
        Self {
            name: link.step.clone(),
            action: link.action.clone(),
            admin: link.admin,
            environment: brief(&link.environment),
            files: brief(&link.files),
        }
    }
}

/// Whether `new` is `old` with files appended.
fn is_appended(old: &[(String, String)], new: &BTreeMap<String, String>) -> bool {
    let unchanged = old.iter().all(|(path, digest)| new.get(path) == Some(digest));
    let known: Vec<Vec<&str>> = old.iter().map(|(path, _)| path.split('/').collect()).collect();
    unchanged && new.keys().filter(|path| !old.iter().any(|(one, _)| one == *path)).all(|path| comes_last(path, &known))
}

/// Whether a new file, or the topmost of its directories that is new, sorts behind all its siblings of
/// the same kind.
fn comes_last(path: &str, known: &[Vec<&str>]) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let shared = |one: &&Vec<&str>| one.iter().zip(&parts).take_while(|(left, right)| left == right).count();
    let depth = known.iter().map(|one| shared(&one)).max().unwrap_or(0);
    let is_file = depth + 1 == parts.len();
    known
        .iter()
        .filter(|one| one.len() > depth && one[..depth] == parts[..depth] && (one.len() == depth + 1) == is_file)
        .all(|one| natural(one[depth], parts[depth]) == Ordering::Less)
}

/// Compares as people number files: `V2` before `V10`.
fn natural(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let digits = |text: &str| text.len() - text.trim_start_matches(|one: char| one.is_ascii_digit()).len();
        let (left_digits, right_digits) = (digits(left), digits(right));
        let order = if left_digits > 0 && right_digits > 0 {
            let (one, other) =
                (left[..left_digits].trim_start_matches('0'), right[..right_digits].trim_start_matches('0'));
            let order = one.len().cmp(&other.len()).then_with(|| one.cmp(other));
            (left, right) = (&left[left_digits..], &right[right_digits..]);
            order
        } else {
            match (left.chars().next(), right.chars().next()) {
                (None, None) => return Ordering::Equal,
                (Some(one), Some(other)) if one == other => {
                    (left, right) = (&left[one.len_utf8()..], &right[other.len_utf8()..]);
                    Ordering::Equal
                }
                (one, other) => one.cmp(&other),
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests;
