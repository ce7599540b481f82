//! Asks for the review comments of a project's repository that are new.

use hyper::Method;

use super::projects::{pulls_path, take_comment};
use super::review::DescribedComment;
use crate::report::QueueProject;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed};
use crate::serve::store::queue::QueueError;
use crate::serve::store::reviews;
use crate::serve::store::sources::repository_of;
use crate::system::text::percent_encode;

/// Comments of a page, as many as there may be.
const PAGE: usize = 100;
/// Pages at a time; the rest comes with the next poll.
const PAGES: usize = 20;

/// Takes the comments since the last time.
pub(super) async fn comments(site: &Shared, api: &Api, project: &QueueProject) -> Result<(), Failed> {
    let unknown = |_: QueueError| Failed::Here("what is known of comments cannot be read");
    let repository = repository_of(project);
    let of = repository.clone();
    let since: String = site.store.change(move |sql| reviews::since(sql, &of)).await.map_err(unknown)?;
    let mut until = since.clone();
    for page in 1..=PAGES {
        let query = format!(
            "{}/comments?sort=updated&direction=asc&since={}&per_page={PAGE}&page={page}",
            pulls_path(project),
            percent_encode(&since)
        );
        let found: Vec<DescribedComment> = api.ask(Method::GET, &query, None).await?;
        for described in &found {
            if let Some(comment) = described.seen() {
                take_comment(site, project, comment).await;
            }
            // times of one form: their order is that of the texts
            if described.updated_at > until && described.updated_at.parse::<jiff::Timestamp>().is_ok() {
                until.clone_from(&described.updated_at);
            }
        }
        if found.len() < PAGE {
            break;
        }
    }
    if until != since {
        site.store.change(move |sql| reviews::known_until(sql, &repository, &until)).await.map_err(unknown)?;
    }
    Ok(())
}
