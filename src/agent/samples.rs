//! Values to try a project's templates with, before any server or agent exists.

use crate::infra::{Servers, ValuesRequest};
use crate::project::{AgentId, Project};
use crate::render::{Samples, TemplateValues};
use crate::report::Diagnostic;
use crate::stores;
use crate::system::Secret;

/// Those of agent 1, and those that no agent is needed for. Every server that the project does not disable has some.
pub fn samples(project: &Project) -> Samples {
    let agent = AgentId::try_from(1).expect("1 is an id");
    let servers = Servers::sample(&project.infra);
    let database = servers.postgres.as_ref().filter(|_| !project.database.disabled);
    let database = database.map(|server| server.agent_login(agent, &Secret::new("password")));
    let shared = ValuesRequest { agent: None, database, sockets: None, bucket_keys: None };
    let bucket_keys = Some(("key".to_owned(), Secret::new("secret")));
    let sockets = Some("/sockets".into());
    let own = ValuesRequest { agent: Some(agent), sockets, bucket_keys, ..shared.clone() };
    let missing = stores::missing(project, &std::env::var("PATH").unwrap_or_default());
    let (root, home) = (project.root.clone(), project.root.clone());
    Samples {
        agent: TemplateValues {
            servers: servers.template_values(&own),
            stores: stores::samples(project, agent),
            ..TemplateValues::of(project, agent, root.clone(), home.clone())
        },
        shared: TemplateValues {
            servers: servers.template_values(&shared),
            ..TemplateValues::shared(project, root, home)
        },
        missing: missing.iter().map(|error| format!("{error}: {}", error.hint().unwrap_or_default())).collect(),
    }
}
