//! How harness recognises what it made on a server: the comment of a database or role,
//! `harness <home-id> <project> <agent> <kind>`. A second line, if any, holds facts as JSON.
//!
//! Invariant: nothing is altered or dropped unless its mark carries our home's id, or (a database that
//! was being created when its maker died) it belongs to a role whose mark does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::project::AgentId;

use super::leftover_references::LeftoverReference;

/// What a marked object is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OwnedKind {
    /// An agent's database or role.
    Agent,
    /// A snapshot of an agent's database.
    Snapshot,
    /// A copy that will replace an agent's database.
    Incoming,
    /// An agent's database that was replaced.
    Outgoing,
    /// A complete template, or the role that its objects belong to.
    Template,
    /// The state after an incremental step.
    Kept,
    /// A template that is being built.
    Building,
    /// A role that several projects may expect (`[database] roles`).
    Shared,
    /// A clone that no agent has yet, or its role.
    Spare,
    /// The role that owns a home's databases while they are built.
    Builders,
    /// Of a newer harness.
    Other,
}

const KINDS: [(OwnedKind, &str); 11] = [
    (OwnedKind::Agent, "agent"),
    (OwnedKind::Snapshot, "snapshot"),
    (OwnedKind::Incoming, "incoming"),
    (OwnedKind::Outgoing, "outgoing"),
    (OwnedKind::Template, "template"),
    (OwnedKind::Kept, "kept"),
    (OwnedKind::Building, "building"),
    (OwnedKind::Shared, "shared"),
    (OwnedKind::Spare, "spare"),
    (OwnedKind::Builders, "builders"),
    (OwnedKind::Other, "other"),
];

impl fmt::Display for OwnedKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = KINDS.iter().find(|(kind, _)| kind == self).map(|(_, name)| *name);
        formatter.write_str(name.expect("every kind has a name"))
    }
}

/// Whose a database or role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) home: String,
    pub(super) project: String,
    pub(super) agent: Option<AgentId>,
    pub(super) kind: OwnedKind,
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agent = self.agent.map_or_else(|| "-".to_owned(), |agent| agent.to_string());
        write!(formatter, "harness {} {} {agent} {}", self.home, self.project, self.kind)
    }
}

impl Mark {
    pub(super) fn new(home: &str, project: &str, agent: Option<AgentId>, kind: OwnedKind) -> Self {
        Self { home: home.to_owned(), project: project.to_owned(), agent, kind }
    }

    /// The same owner's mark of another kind.
    pub(super) fn with_kind(&self, kind: OwnedKind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// Reads a comment; `None` when it is no mark.
    pub(super) fn parse(comment: &str) -> Option<Self> {
        let words: Vec<&str> = comment.lines().next()?.split(' ').collect();
        let ["harness", home, project, agent, kind] = words[..] else { return None };
        let agent = if agent == "-" { None } else { Some(agent.parse().ok()?) };
        let kind = KINDS.iter().find(|(_, name)| *name == kind).map_or(OwnedKind::Other, |(kind, _)| *kind);
        Some(Self::new(home, project, agent, kind))
    }

    /// Reads a comment that must be of this home.
    pub(super) fn of_home(comment: Option<&str>, home: &str) -> Option<Self> {
        Self::parse(comment?).filter(|mark| mark.home == home)
    }
}

/// Facts that a mark may carry on its second line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    /// When it was made, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) made_at: Option<String>,
    /// Its size when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// Of a state after an incremental step: the digest of everything but that step's files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<String>,
    /// Of a state after an incremental step: that step's files and their digests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<(String, String)>,
    /// Of a template: what each of its steps was made from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<StepFacts>,
    /// Of a template: columns in which its own name stands.
    #[serde(rename = "traces", skip_serializing_if = "Vec::is_empty")]
    pub(super) leftover_references: Vec<LeftoverReference>,
    /// How long it took to copy it, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clone_ms: Option<u64>,
    /// Which template a database was cloned from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
}

/// What a step of a template was made from, with the beginnings of digests: enough to say what differs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StepFacts {
    pub(super) name: String,
    /// The digest of what it does.
    pub(super) action: String,
    /// The server's administrator ran it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) admin: bool,
    /// Variables and the digests of their values.
    pub(super) environment: Vec<(String, String)>,
    /// Input files and their digests.
    pub(super) files: Vec<(String, String)>,
}

impl Facts {
    /// The whole comment.
    pub(super) fn comment(&self, mark: &Mark) -> String {
        let facts = serde_json::to_string(self).unwrap_or_default();
        if facts == "{}" { mark.to_string() } else { format!("{mark}\n{facts}") }
    }

    /// The facts of a comment; none where there are none.
    pub(super) fn parse(comment: &str) -> Self {
        comment.split_once('\n').and_then(|(_, facts)| serde_json::from_str(facts).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_nothing_else_is() {
        let agent = AgentId::try_from(3).ok();
        let mark = Mark::new("0123456789ab", "board", agent, OwnedKind::Agent);
        assert_eq!(mark.to_string(), "harness 0123456789ab board 3 agent");
        assert_eq!(Mark::parse(&mark.to_string()), Some(mark.clone()));
        let facts = Facts { template: Some("tpl_0".into()), ..Facts::default() };
        let comment = facts.comment(&mark);
        assert_eq!(Mark::of_home(Some(&comment), "0123456789ab"), Some(mark.clone()));
        assert_eq!(Facts::parse(&comment), facts);
        assert_eq!(Mark::of_home(Some(&comment), "0123456789a"), None);
        for other in [
            "",
            "default administrative connection database",
            "harness x y 3",
            "harness x y 0 agent",
            "harness x y 3 agent z",
        ] {
            assert_eq!(Mark::parse(other), None, "{other}");
        }
    }
}
