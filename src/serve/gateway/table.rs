//! Which name belongs to which port.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::agent::{Record, flat, host_label, host_name};
use crate::project::AgentId;

/// One port of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) agent: AgentId,
    pub(super) project: String,
    /// Its name in `[ports]`.
    pub(super) name: String,
    pub(super) port: u16,
}

/// All names, and what they lead to.
#[derive(Debug, Default)]
pub(super) struct Table {
    targets: HashMap<String, Arc<Target>>,
    stacks: Vec<Stack>,
}

/// The names of one agent, for who asks what there is.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) agent: AgentId,
    pub(super) project: String,
    /// Ports that speak HTTP first.
    pub(super) names: Vec<String>,
}

impl Table {
    pub(super) fn of<'r>(records: impl Iterator<Item = &'r Record> + Clone) -> Self {
        let mut table = Self::default();
        let mut trees: BTreeMap<(String, String), usize> = BTreeMap::new();
        for record in records.clone() {
            *trees.entry(tree(record)).or_default() += 1;
        }
        for record in records {
            let shown = |name: &String| (!record.web_ports.contains(name), name.clone());
            let mut ports: Vec<(&String, &u16)> = record.ports.iter().collect();
            ports.sort_by_key(|(name, _)| shown(name));
            let mut names = Vec::new();
            for (name, port) in ports {
                let (agent, project) = (record.agent, record.project.clone());
                let target = Arc::new(Target { agent, project, name: name.clone(), port: *port });
                let first = host_name(name, record.agent, &record.project);
                // one that is also an agent's number, or that several agents share, is no name
                let by_tree = Some(tree(record)).filter(|tree| trees.get(tree) == Some(&1) && !is_number(&tree.1));
                let by_tree = by_tree.map(|(project, tree)| format!("{}.{tree}.{project}", host_label(name)));
                for known in [Some(first.clone()), by_tree].into_iter().flatten() {
                    // a certificate for `*.dev.example.org` covers one part more, not three
                    table.targets.entry(flat(&known)).or_insert_with(|| Arc::clone(&target));
                    table.targets.entry(known).or_insert_with(|| Arc::clone(&target));
                }
                names.push(first);
            }
            table.stacks.push(Stack { agent: record.agent, project: record.project.clone(), names });
        }
        table
    }

    /// The port that a name leads to: `web.3.board`.
    pub(super) fn find(&self, name: &str) -> Option<&Arc<Target>> {
        self.targets.get(name)
    }

    pub(super) fn stacks(&self) -> &[Stack] {
        &self.stacks
    }
}

/// The project and the name of the agent's tree.
fn tree(record: &Record) -> (String, String) {
    let name = record.place().file_name().map_or_else(String::new, |name| host_label(&name.to_string_lossy()));
    (host_label(&record.project), name)
}

fn is_number(label: &str) -> bool {
    label.is_empty() || label.bytes().all(|byte| byte.is_ascii_digit())
}
