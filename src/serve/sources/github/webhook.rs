//! What GitHub says by itself: `POST /api/sources/github`. The signature stands for the token of the server.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use ring::hmac;
use serde::Deserialize;

use super::issue::Described;
use super::projects::{of_github, take_comment, with_reviews};
use super::review::DescribedComment;
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;
use crate::serve::sources::take::take;

/// Bytes of a delivery: an issue with the longest text, its former text, and all about the repository.
const LONGEST: usize = 1 << 20;

/// What is read of a delivery about an issue.
#[derive(Debug, Deserialize)]
struct Delivery {
    action: String,
    issue: Described,
    repository: Repository,
}

/// What is read of a delivery about a review comment.
#[derive(Debug, Deserialize)]
struct CommentDelivery {
    action: String,
    comment: DescribedComment,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
}

/// Takes a delivery. One that says nothing about an issue or a review comment is well received too.
pub(in crate::serve) async fn receive(State(site): State<Shared>, request: Request) -> Result<StatusCode, Refusal> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LONGEST).await.map_err(|_| Wrong::TooLong(LONGEST))?;
    let signed = site.github.secret.as_ref().is_some_and(|secret| is_signed(secret, &parts.headers, &body));
    if !signed {
        return Err(site.failures.count().map_or(Wrong::Signature, Wrong::TooOften).into());
    }
    let event = parts.headers.get("x-github-event").and_then(|event| event.to_str().ok()).unwrap_or_default();
    match event {
        "issues" => issue(&site, &body).await,
        "pull_request_review_comment" => comment(&site, &body).await,
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

async fn comment(site: &Shared, body: &[u8]) -> Result<StatusCode, Refusal> {
    let delivery: CommentDelivery = serde_json::from_slice(body).map_err(|error| Wrong::Input(error.to_string()))?;
    let comment = delivery.comment.seen().filter(|_| delivery.action == "created");
    let Some(comment) = comment else { return Ok(StatusCode::NO_CONTENT) };
    for project in with_reviews(site).await {
        let own = project.settings.github.as_deref().unwrap_or_default();
        if own.eq_ignore_ascii_case(&delivery.repository.full_name) {
            take_comment(site, &project, comment.clone()).await;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn issue(site: &Shared, body: &[u8]) -> Result<StatusCode, Refusal> {
    let delivery: Delivery = serde_json::from_slice(body).map_err(|error| Wrong::Input(error.to_string()))?;
    for project in of_github(site).await {
        let own = project.settings.github.as_deref().unwrap_or_default();
        if !own.eq_ignore_ascii_case(&delivery.repository.full_name) {
            continue;
        }
        let label = &project.settings.label;
        let issue = match delivery.action.as_str() {
            "deleted" | "transferred" => delivery.issue.gone(label),
            _ => delivery.issue.seen(label),
        };
        if let Some(issue) = issue {
            take("github", site, &project, issue).await;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the body is signed with the secret: `X-Hub-Signature-256: sha256=HEX`.
fn is_signed(secret: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> bool {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()?.strip_prefix("sha256="));
    signature.and_then(bytes).is_some_and(|tag| hmac::verify(secret, body, &tag).is_ok())
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<u32>>>()?;
    if digits.len() % 2 != 0 {
        return None;
    }
    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_checked_as_github_makes_it() {
        // the values that GitHub's documentation gives for testing
        let secret = hmac::Key::new(hmac::HMAC_SHA256, b"It's a Secret to Everybody");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let signed = |signature: &str, body: &[u8]| {
            let headers = HeaderMap::from_iter([("x-hub-signature-256".parse().unwrap(), signature.parse().unwrap())]);
            is_signed(&secret, &headers, body)
        };
        assert!(signed(signature, b"Hello, World!"));
        assert!(!signed(signature, b"Hello, World?"));
        for wrong in ["", "sha256=", "sha1=757107ea", &signature[7..], &signature[..70], "sha256=zz"] {
            assert!(!signed(wrong, b"Hello, World!"), "{wrong}");
        }
        assert!(!is_signed(&secret, &HeaderMap::new(), b"Hello, World!"));
    }
}
