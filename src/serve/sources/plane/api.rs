//! Plane's API, version 1: a key in a header, lists in pages with a cursor.

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::serve::settings::Plane;
use crate::serve::sources::call::{Api, Failed};
use crate::system::text::percent_encode;

/// Entries of a page, as many as there may be.
const PAGE: usize = 100;
/// Pages of a list. Plane answers 60 requests a minute.
const PAGES: usize = 20;

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page<T> {
    #[serde(default = "Vec::new")]
    results: Vec<T>,
    #[serde(default)]
    next_cursor: String,
    #[serde(default)]
    next_page_results: bool,
}

/// The API; `None` without a key.
///
/// # Errors
/// This machine trusts no authority.
pub(super) fn api(plane: &Plane) -> std::io::Result<Option<Api>> {
    let Some(key) = &plane.key else { return Ok(None) };
    // checked when it was read: no control characters
    let key = HeaderValue::from_str(key.expose()).map_err(std::io::Error::other)?;
    let base = format!("{}/api/v1/workspaces/{}", plane.api, percent_encode(&plane.workspace));
    Api::new("Plane", &base, vec![(HeaderName::from_static("x-api-key"), key)]).map(Some)
}

/// All entries of a list; `None`: there are more than are asked for.
pub(super) async fn all<T: DeserializeOwned>(api: &Api, path: &str) -> Result<Option<Vec<T>>, Failed> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let from = if cursor.is_empty() { String::new() } else { format!("&cursor={}", percent_encode(&cursor)) };
        let page: Page<T> = api.ask(Method::GET, &format!("{path}?per_page={PAGE}{from}"), None).await?;
        found.extend(page.results);
        if !page.next_page_results {
            return Ok(Some(found));
        }
        cursor = page.next_cursor;
    }
    Ok(None)
}
