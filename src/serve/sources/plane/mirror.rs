//! What a work item is told of its ticket: a state, and a comment when work begins, is to be looked at, or failed.
//!
//! A comment carries what it is about as `external_id`: a server that was killed meanwhile looks whether it is there.

use std::collections::BTreeMap;

use hyper::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::all;
use super::item::{Ids, Kinds};
use super::projects::path;
use crate::report::QueueProject;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed, Trouble};
use crate::serve::sources::note::note;
use crate::serve::sources::words::{comment, name};
use crate::serve::store::sources::{self, Untold};

/// What the last poll has found, by project.
pub(super) type Found = BTreeMap<u64, (Kinds, Ids)>;

/// A comment as Plane describes it.
#[derive(Debug, Deserialize)]
struct Comment {
    external_id: Option<String>,
}

/// Tells each work item what there is to tell.
///
/// # Errors
/// The first that failed; the others were told.
pub(super) async fn tell(site: &Shared, api: &Api, projects: &[QueueProject], found: &Found) -> Result<(), Trouble> {
    let untold = site.store.read(sources::untold).await.unwrap_or_default();
    let mut first = Ok(());
    for untold in untold {
        let Some(project) = projects.iter().find(|project| project.id == untold.project) else { continue };
        let Some((kinds, ids)) = found.get(&project.id) else { continue };
        // one that is deleted there hears nothing
        let Some(id) = ids.get(&untold.number) else { continue };
        if let Err(failed) = tell_one(site, api, project, kinds, id, &untold).await {
            let patience = matches!(failed, Failed::Wait(_));
            first = first.and(Err(api.trouble(&project.name, failed)));
            if patience {
                break;
            }
        }
    }
    first
}

async fn tell_one(
    site: &Shared,
    api: &Api,
    project: &QueueProject,
    kinds: &Kinds,
    id: &str,
    untold: &Untold,
) -> Result<(), Failed> {
    let item = format!("{}/work-items/{id}", path(project));
    if let Some(state) = state(project, kinds, untold.word) {
        let _: Value = api.ask(Method::PATCH, &format!("{item}/"), Some(&json!({ "state": state }))).await?;
    }
    if let Some(text) = comment(untold).filter(|_| project.settings.comments) {
        let name = name(untold);
        let comments = format!("{item}/comments/");
        let is_there = untold.begun == untold.word && {
            let known: Option<Vec<Comment>> = all(api, &comments).await?;
            known.into_iter().flatten().any(|comment| comment.external_id.as_ref() == Some(&name))
        };
        if !is_there {
            note(site, untold, sources::begin).await?;
            let body = json!({ "comment_html": paragraph(&text).into_string(), "external_source": "harness", "external_id": name });
            let _: Value = api.ask(Method::POST, &comments, Some(&body)).await?;
        }
    }
    note(site, untold, sources::told).await
}

fn paragraph(text: &str) -> Markup {
    html! { p { (text) } }
}

/// The state for that of a ticket: the one that the project names, or else the first of the group that means it.
fn state<'a>(project: &QueueProject, kinds: &'a Kinds, word: &str) -> Option<&'a str> {
    let group = match word {
        "in_progress" => "started",
        "done" => "completed",
        "cancelled" => "cancelled",
        "failed" => "unstarted",
        // under work still
        _ => "",
    };
    kinds.state(project.settings.state_labels.of(word), group)
}
