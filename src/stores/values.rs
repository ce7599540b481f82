//! What templates see of a store: `{{ stores.<name>.url }}`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::AgentStores;
use super::container;
use super::program::Program;
use super::ready::Served;
use crate::project::{AgentId, Project, Store};
use crate::render::{ServerValues, TemplateValue};
use crate::system::Home;

/// Where one copy of a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Its data directory.
    pub dir: PathBuf,
    /// Its port; 0 for one without a server.
    pub port: u16,
    /// The home.
    pub home: PathBuf,
}

impl At {
    pub(super) fn served<'a>(&'a self, name: &'a str, store: &'a Store) -> Served<'a> {
        let image = store.container.as_ref().map(|container| container.image.as_str());
        Served { kind: store.serves, name, dir: &self.dir, port: self.port, image }
    }

    /// What templates see. `places` is a PATH; where it does not have the program, there is no `command`.
    pub(super) fn values(&self, name: &str, store: &Store, places: &str) -> ServerValues {
        let served = self.served(name, store);
        let mut values: ServerValues = BTreeMap::from([
            ("dir", TemplateValue::from(self.dir.display().to_string())),
            ("url", TemplateValue::from(served.url())),
        ]);
        if store.serves.has_server() {
            values.insert("host", TemplateValue::from("127.0.0.1"));
            values.insert("port", TemplateValue::from(self.port));
            values.insert("database", TemplateValue::from(served.database()));
        }
        values.extend(served.file().map(|file| ("file", TemplateValue::from(file))));
        let program = Program::find(store.serves, places);
        let command = match &store.container {
            Some(given) => Some(container::command(given, &self.home, name, &self.dir, self.port)),
            None => program.map(|program| served.command(&program)),
        };
        values.extend(command.map(|command| ("command", TemplateValue::from(command))));
        values
    }
}

/// Values to try templates with, before anything is made and whatever is installed.
pub fn samples(project: &Project, agent: AgentId) -> BTreeMap<String, ServerValues> {
    let values = project.stores.iter().map(|(name, store)| {
        let (dir, port) = (PathBuf::from("/stores").join(name), project.port(agent, name).unwrap_or_default());
        let at = At { dir, port, home: PathBuf::from("/home") };
        let mut values = at.values(name, store, "");
        values.entry("command").or_insert_with(|| TemplateValue::from("server"));
        (name.clone(), values)
    });
    values.collect()
}

/// Those of all stores of an agent.
pub fn of(project: &Project, home: &Home, agent: AgentId, places: &str) -> BTreeMap<String, ServerValues> {
    let own = AgentStores::of(home, agent);
    let values = project.stores.iter().map(|(name, store)| {
        let port = project.port(agent, name).filter(|_| store.serves.has_server());
        let at = At { dir: own.data(name), port: port.unwrap_or_default(), home: home.path().to_owned() };
        (name.clone(), at.values(name, store, places))
    });
    values.collect()
}
