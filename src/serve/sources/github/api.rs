//! GitHub's API, as its description of version 2022-11-28 has it.

use hyper::header::{ACCEPT, AUTHORIZATION, HeaderName, HeaderValue};

use crate::serve::settings::GitHub;
use crate::serve::sources::call::Api;

/// The API; `None` without a token.
///
/// # Errors
/// This machine trusts no authority.
pub(super) fn api(github: &GitHub) -> std::io::Result<Option<Api>> {
    let Some(token) = &github.token else { return Ok(None) };
    // checked when it was read: no control characters
    let token = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(std::io::Error::other)?;
    let headers = vec![
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (AUTHORIZATION, token),
        (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
    ];
    Api::new("GitHub", &github.api, headers).map(Some)
}
