//! A review comment as GitHub describes it, in a list and in a webhook, made harmless.

use serde::Deserialize;

use crate::serve::sources::harmless::{line, text};
use crate::serve::sources::words::MARK;
use crate::serve::store::reviews::ReviewComment;
use crate::system::text::cut;

/// Bytes of a comment.
const TEXT: usize = 20_000;
/// Who may let an agent work: people with a say in the repository. Anybody may comment on a public pull request.
const HEEDED: [&str; 3] = ["OWNER", "MEMBER", "COLLABORATOR"];

/// What is read of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DescribedComment {
    id: u64,
    #[serde(default)]
    body: String,
    #[serde(default)]
    path: String,
    line: Option<u64>,
    original_line: Option<u64>,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    pull_request_url: String,
    #[serde(default)]
    author_association: String,
    user: Option<User>,
    #[serde(default)]
    pub(super) updated_at: String,
}

#[derive(Debug, Clone, Deserialize)]
struct User {
    #[serde(default)]
    login: String,
}

impl DescribedComment {
    /// The comment; `None` for one of a stranger, and for an answer of our own.
    pub(super) fn seen(&self) -> Option<ReviewComment> {
        if !HEEDED.contains(&self.author_association.as_str()) || self.body.contains(MARK) {
            return None;
        }
        let pull = self.pull_request_url.rsplit('/').next()?.parse().ok()?;
        let page = self.html_url.split('#').next().unwrap_or_default().to_owned();
        let login = self.user.as_ref().map(|user| line(&user.login)).unwrap_or_default();
        let place = self.line.or(self.original_line).map(|line| format!(":{line}")).unwrap_or_default();
        let body = text(&self.body);
        let text =
            format!("Review comment of {login} on {}{place} ({}):\n\n{}", line(&self.path), line(&self.html_url), body);
        Some(ReviewComment { number: self.id, pull, page, text: cut(&text, TEXT).to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_of_somebody_with_a_say_is_read_and_no_other() {
        let described = |who: &str, body: &str| -> DescribedComment {
            serde_json::from_value(serde_json::json!({
                "id": 10, "body": body, "path": "src/a.rs\u{1b}[31m", "line": null, "original_line": 7,
                "html_url": "https://github.com/o/r/pull/9#discussion_r10", "user": { "login": "ann" },
                "pull_request_url": "https://api.github.com/repos/o/r/pulls/9", "author_association": who,
                "updated_at": "2026-11-29T12:00:00Z", "diff_hunk": "@@ -1 +1 @@"
            }))
            .unwrap()
        };
        let seen = described("MEMBER", "not {{ this }}\u{7}\r\nway").seen().unwrap();
        assert_eq!((seen.number, seen.pull, seen.page.as_str()), (10, 9, "https://github.com/o/r/pull/9"));
        let expected = "Review comment of ann on src/a.rs [31m:7 (https://github.com/o/r/pull/9#discussion_r10):\n\n\
                        not {{ this }}\nway";
        assert_eq!(seen.text, expected);
        for stranger in ["NONE", "CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "MANNEQUIN", ""] {
            assert_eq!(described(stranger, "x").seen(), None, "{stranger}");
        }
        assert_eq!(described("OWNER", &format!("Done.\n\n{MARK} review 10 done 3 -->")).seen(), None, "our own");
    }
}
