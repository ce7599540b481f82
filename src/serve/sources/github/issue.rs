//! An issue as GitHub describes it, in a list and in a webhook, made harmless.

use serde::Deserialize;

use crate::serve::sources::harmless::{text, title};
use crate::serve::store::sources::{Issue, IssueState};

/// What is read of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) number: u64,
    #[serde(default)]
    title: String,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    state: String,
    state_reason: Option<String>,
    html_url: Option<String>,
    #[serde(default)]
    updated_at: String,
    /// Every pull request is an issue too.
    pull_request: Option<serde_json::Value>,
}

/// A label: an object, or its name alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Label {
    Name(String),
    Object { name: Option<String> },
}

impl Label {
    fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Object { name } => name.as_deref().unwrap_or_default(),
        }
    }
}

impl Described {
    /// The issue, seen by who looks for `label`; `None` for a pull request.
    pub(super) fn seen(&self, label: &str) -> Option<Issue> {
        if self.pull_request.is_some() {
            return None;
        }
        let labelled = self.labels.iter().any(|it| it.name().eq_ignore_ascii_case(label));
        let state = match (self.state.as_str(), self.state_reason.as_deref()) {
            ("closed", Some("not_planned" | "duplicate")) => IssueState::Dropped,
            ("closed", _) => IssueState::Completed,
            _ if labelled => IssueState::Wanted,
            _ => IssueState::Unwanted,
        };
        let url = self.html_url.as_ref().filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let updated_at = self.updated_at.parse::<jiff::Timestamp>().unwrap_or_default().to_string();
        Some(Issue {
            number: self.number,
            title: title(&self.title, self.number),
            text: text(self.body.as_deref().unwrap_or_default()),
            url: url.cloned(),
            updated_at,
            state,
        })
    }

    /// The same of one that is deleted or has gone elsewhere.
    pub(super) fn gone(&self, label: &str) -> Option<Issue> {
        Some(Issue { state: IssueState::Unwanted, ..self.seen(label)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<Issue> {
        serde_json::from_str::<Described>(text).unwrap().seen("agent-task")
    }

    #[test]
    fn an_issue_is_read_as_github_describes_it() {
        let issue = seen(
            r#"{"number": 7, "title": "Names\u001b[31m with\nspace\u202e", "body": "one\r\ntwo\u0007", "state": "open",
                "labels": [{"name": "bug"}, {"name": "Agent-Task"}], "updated_at": "2026-11-29T12:00:00Z",
                "html_url": "https://github.com/o/r/issues/7", "more": 1}"#,
        )
        .unwrap();
        assert_eq!((issue.title.as_str(), issue.text.as_str()), ("Names [31m with space", "one\ntwo"));
        assert_eq!((issue.state, issue.number), (IssueState::Wanted, 7));
        let state = |text: &str| seen(text).map(|issue| issue.state);
        assert_eq!(state(r#"{"number": 1, "state": "open", "labels": ["agent-task"]}"#), Some(IssueState::Wanted));
        assert_eq!(state(r#"{"number": 1, "state": "open"}"#), Some(IssueState::Unwanted));
        assert_eq!(
            state(r#"{"number": 1, "state": "closed", "state_reason": "completed"}"#),
            Some(IssueState::Completed)
        );
        assert_eq!(
            state(r#"{"number": 1, "state": "closed", "state_reason": "not_planned"}"#),
            Some(IssueState::Dropped)
        );
        assert_eq!(state(r#"{"number": 1, "state": "open", "labels": ["agent-task"], "pull_request": {}}"#), None);
        let issue =
            seen(r#"{"number": 3, "title": " \u0000 ", "body": null, "html_url": "javascript:alert(1)"}"#).unwrap();
        assert_eq!((issue.title.as_str(), issue.url), ("issue 3", None));
    }
}
