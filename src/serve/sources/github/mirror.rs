//! What an issue is told of its ticket: a label for its state, and a comment when work begins, is to be looked at, or failed.
//!
//! What is about to be told is written down first. A server that was killed meanwhile looks whether its comment is there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::{Value, json};

use super::projects::{issues_path, of_github};
use crate::report::QueueProject;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed, Trouble};
use crate::serve::sources::note::note;
use crate::serve::sources::words::{comment, mark};
use crate::serve::store::sources::{self, Untold};
use crate::system::text::percent_encode;

/// An issue that cannot be told is tried again after this time.
const AGAIN: Duration = Duration::from_mins(5);
/// Comments of a page.
const PAGE: usize = 100;

/// What could not be told, by repository and number, and when it is tried again.
#[derive(Default)]
pub(super) struct Mirror(BTreeMap<(String, u64), Instant>);

impl Mirror {
    /// When something is to be tried again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().min().copied()
    }

    /// Tells each issue what there is to tell.
    ///
    /// # Errors
    /// The first that failed; the others were told.
    pub(super) async fn tell(&mut self, site: &Shared, api: &Api) -> Result<(), Trouble> {
        self.0.retain(|_, again| *again > Instant::now());
        let untold = site.store.read(sources::untold).await.unwrap_or_default();
        if untold.is_empty() {
            return Ok(());
        }
        let projects = of_github(site).await;
        let mut first = Ok(());
        for untold in untold {
            let key = (untold.repository.clone(), untold.number);
            let Some(project) = projects.iter().find(|project| project.id == untold.project) else { continue };
            if self.0.contains_key(&key) {
                continue;
            }
            if let Err(failed) = tell_one(site, api, project, &untold).await {
                self.0.insert(key, Instant::now() + AGAIN);
                let patience = matches!(failed, Failed::Wait(_));
                first = first.and(Err(api.trouble(&project.name, failed)));
                if patience {
                    break;
                }
            }
        }
        first
    }
}

async fn tell_one(site: &Shared, api: &Api, project: &QueueProject, untold: &Untold) -> Result<(), Failed> {
    let path = format!("{}/{}", issues_path(project), untold.number);
    let label = |word: &str| project.settings.state_labels.of(word).filter(|label| !label.is_empty());
    let (old, new) = (label(&untold.known), label(untold.word));
    if let Some(new) = new {
        let _: Value = api.ask(Method::POST, &format!("{path}/labels"), Some(&json!({ "labels": [new] }))).await?;
    }
    if let Some(old) = old.filter(|old| Some(*old) != new) {
        let removed: Result<Value, Failed> =
            api.ask(Method::DELETE, &format!("{path}/labels/{}", percent_encode(old)), None).await;
        // somebody took it away already
        if let Err(failed) = removed
            && !failed.is_missing()
        {
            return Err(failed);
        }
    }
    if let Some(text) = comment(untold).filter(|_| project.settings.comments) {
        let mark = mark(untold);
        let is_there = untold.begun == untold.word && has_comment(api, &path, &mark).await?;
        if !is_there {
            note(site, untold, sources::begin).await?;
            let body = json!({ "body": format!("{text}\n\n{mark}") });
            let _: Value = api.ask(Method::POST, &format!("{path}/comments"), Some(&body)).await?;
        }
    }
    note(site, untold, sources::told).await
}

/// Whether one of the comments of an issue, or of a pull request, has the mark.
pub(super) async fn has_comment(api: &Api, path: &str, mark: &str) -> Result<bool, Failed> {
    for page in 1..=PAGE {
        let query = format!("{path}/comments?per_page={PAGE}&page={page}");
        let comments: Vec<Value> = api.ask(Method::GET, &query, None).await?;
        if comments.iter().any(|comment| comment["body"].as_str().is_some_and(|body| body.contains(mark))) {
            return Ok(true);
        }
        if comments.len() < PAGE {
            break;
        }
    }
    Ok(false)
}
