//! A work item as Plane describes it, made harmless.

use std::collections::BTreeMap;

use mail_parser::decoders::html::html_to_text;
use serde::Deserialize;

use crate::serve::sources::harmless::{text, title};
use crate::serve::store::sources::{Issue, IssueState};

/// What is read of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) id: String,
    #[serde(rename = "sequence_id")]
    pub(super) number: u64,
    #[serde(default)]
    name: String,
    description_html: Option<String>,
    /// A state of the project.
    state: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    updated_at: String,
}

/// A label or a state.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
    #[serde(default)]
    pub(super) name: String,
    /// Of a state: `backlog`, `unstarted`, `started`, `completed`, `cancelled` or `triage`.
    #[serde(default)]
    pub(super) group: String,
}

/// What a project has: its label for agents, and its states.
pub(super) struct Kinds {
    pub(super) label: Option<String>,
    pub(super) states: Vec<Named>,
}

impl Kinds {
    /// The first state of a name, or else of a group.
    pub(super) fn state(&self, name: Option<&str>, group: &str) -> Option<&str> {
        let named = |state: &&Named| name.is_some_and(|name| state.name.eq_ignore_ascii_case(name));
        let found = self.states.iter().find(named).or_else(|| self.states.iter().find(|state| state.group == group));
        found.map(|state| state.id.as_str())
    }
}

/// The numbers of work items, and how the API calls each.
pub(super) type Ids = BTreeMap<u64, String>;

impl Described {
    /// The work item, with the address of its page.
    pub(super) fn seen(&self, kinds: &Kinds, page: &str) -> Issue {
        let group = self.state.as_ref().and_then(|state| kinds.states.iter().find(|it| it.id == *state));
        let is_labelled = kinds.label.as_ref().is_some_and(|label| self.labels.contains(label));
        let state = match group.map(|state| state.group.as_str()) {
            Some("completed") => IssueState::Completed,
            Some("cancelled") => IssueState::Dropped,
            _ if is_labelled => IssueState::Wanted,
            _ => IssueState::Unwanted,
        };
        let updated_at = self.updated_at.parse::<jiff::Timestamp>().unwrap_or_default().to_string();
        Issue {
            number: self.number,
            title: title(&self.name, self.number),
            text: text(html_to_text(self.description_html.as_deref().unwrap_or_default()).trim()),
            url: Some(format!("{page}/{}", self.id)),
            updated_at,
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_work_item_is_read_as_plane_describes_it() {
        let named = |id: &str, name: &str, group: &str| Named { id: id.into(), name: name.into(), group: group.into() };
        let states = vec![
            named("s1", "Todo", "unstarted"),
            named("s2", "Building", "started"),
            named("s3", "Done", "completed"),
        ];
        let kinds = Kinds { label: Some("l1".to_owned()), states };
        let seen = |state: &str, labels: &[&str]| {
            let described: Described = serde_json::from_value(serde_json::json!({
                "id": "uuid", "sequence_id": 7, "name": "Names\u{1b}[31m", "state": state, "labels": labels,
                "description_html": "<p>one &lt;b&gt;</p><p>two<script>alert(1)</script></p>",
                "updated_at": "2026-11-29T12:00:00.123456Z", "priority": "high"
            }))
            .unwrap();
            described.seen(&kinds, "https://app.plane.so/w/projects/p/issues")
        };
        let issue = seen("s1", &["l0", "l1"]);
        assert_eq!((issue.number, issue.title.as_str(), issue.state), (7, "Names [31m", IssueState::Wanted));
        assert!(
            issue.text.contains("one <b>") && issue.text.contains("two") && !issue.text.contains("<p>"),
            "{issue:?}"
        );
        assert_eq!(issue.url.unwrap(), "https://app.plane.so/w/projects/p/issues/uuid");
        assert_eq!(seen("s1", &["l0"]).state, IssueState::Unwanted);
        assert_eq!(seen("s3", &["l1"]).state, IssueState::Completed);
        assert_eq!(kinds.state(Some("building"), "completed"), Some("s2"));
        assert_eq!(kinds.state(Some("no such"), "started"), Some("s2"));
        assert_eq!(kinds.state(None, "cancelled"), None);
    }
}
