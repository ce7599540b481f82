//! What has to be done to each service's container: decided from what is wanted and what exists, without I/O.

use std::collections::BTreeMap;

use super::observed::{Container, State};
use crate::infra::compose::ComposeService;

/// What has to be done to one service's container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing: it runs as described.
    Keep,
    /// Make and start it.
    Create,
    /// Replace it; its volumes stay. The id is the old one's, the text says what changed.
    Recreate(String, &'static str),
    /// Start it.
    Start(String),
    /// Unpause it.
    Unpause(String),
    /// Stop and start it, because its health check fails.
    Restart(String),
}

impl Action {
    /// Its name in progress; `None` when nothing is done.
    pub(super) fn verb(&self) -> Option<&'static str> {
        match self {
            Self::Keep => None,
            Self::Create => Some("create"),
            Self::Recreate(..) => Some("recreate"),
            Self::Start(_) => Some("start"),
            Self::Unpause(_) => Some("unpause"),
            Self::Restart(_) => Some("restart the unhealthy"),
        }
    }

    /// Whether its host ports have to be free for this.
    pub(super) fn takes_ports(&self) -> bool {
        matches!(self, Self::Create | Self::Start(_))
    }
}

/// The actions by service. `images` are the ids of the images that the engine has now; a service whose image is not
/// among them is judged by its description alone.
pub(super) fn of(
    wanted: &BTreeMap<String, ComposeService>,
    images: &BTreeMap<String, String>,
    there: &BTreeMap<String, Container>,
) -> BTreeMap<String, Action> {
    wanted.iter().map(|(name, service)| (name.clone(), action(service, images.get(name), there.get(name)))).collect()
}

fn action(service: &ComposeService, image_id: Option<&String>, container: Option<&Container>) -> Action {
    let Some(container) = container else { return Action::Create };
    let id = container.id.clone();
    if container.config_hash != service.config_hash() {
        return Action::Recreate(id, "its definition changed");
    }
    if image_id.is_some_and(|image| *image != container.image_id) {
        return Action::Recreate(id, "its image is another one now");
    }
    match container.state {
        State::Running | State::Starting | State::Restarting => Action::Keep,
        State::Stopped => Action::Start(id),
        State::Paused => Action::Unpause(id),
        State::Unhealthy => Action::Restart(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_action() {
        let service = ComposeService { image: "x:1".to_owned(), ..ComposeService::default() };
        let wanted = BTreeMap::from([("x".to_owned(), service.clone())]);
        let images = BTreeMap::from([("x".to_owned(), "sha256:1".to_owned())]);
        let container = |state, config_hash: String, image_id: &str| Container {
            id: "c".to_owned(),
            name: "p-x-1".to_owned(),
            state,
            config_hash,
            image_id: image_id.to_owned(),
            status: String::new(),
        };
        let decide = |container: Option<Container>| {
            let there = container.map(|container| ("x".to_owned(), container)).into_iter().collect();
            of(&wanted, &images, &there)["x"].clone()
        };
        let hash = service.config_hash();
        let same = |state| decide(Some(container(state, hash.clone(), "sha256:1")));
        assert_eq!(decide(None), Action::Create);
        assert_eq!(same(State::Running), Action::Keep);
        assert_eq!(same(State::Starting), Action::Keep);
        assert_eq!(same(State::Restarting), Action::Keep);
        assert_eq!(same(State::Stopped), Action::Start("c".to_owned()));
        assert_eq!(same(State::Paused), Action::Unpause("c".to_owned()));
        assert_eq!(same(State::Unhealthy), Action::Restart("c".to_owned()));
        let other = container(State::Running, "other".to_owned(), "sha256:1");
        assert!(matches!(decide(Some(other)), Action::Recreate(_, reason) if reason.contains("definition")));
        let older = container(State::Running, hash.clone(), "sha256:0");
        assert!(matches!(decide(Some(older)), Action::Recreate(_, reason) if reason.contains("image")));
    }
}
