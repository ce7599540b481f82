//! `setup`: the shared servers and the project's template, from the project's root.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Context, Error, engine_choice, identity, status, templates};
use crate::infra::{self, InfraRecord, PortOwners};
use crate::project::{self, AgentId, EngineChoice, InfraPort, InfraPorts, PortSource, Project};
use crate::report::{Failure, Setup};
use crate::system::StackName;

/// Brings the shared servers up and builds the template of the project of the current directory.
/// `engine` overrides the project's setting; with `free_ports`, ports that are in use are replaced first.
///
/// # Errors
/// No project, a server that does not start, a template step that fails.
pub async fn setup(context: &Context, engine: Option<EngineChoice>, free_ports: bool) -> Result<Setup, Failure> {
    let began = Instant::now();
    let mut project = context.project()?;
    if free_ports && let Some(block) = use_free_ports(context, &project).await? {
        project = context.project()?;
        say_what_counts_more(context, &project, &block);
    }
    let mut settings = project.infra.clone();
    settings.engine = engine.unwrap_or(settings.engine);
    if let Some(wish) = engine {
        leave_engine(context, wish).await?;
    }
    engine_choice::stay_with_data(context, settings.engine)?;
    if let Some(wish) = engine {
        // before anything is tried: what fails now is gone on with by any command
        infra::remember_engine(&context.home, engine_choice::named(wish))?;
    }
    let infra = infra::ensure(&context.home, &settings, &project.database.extensions, &context.events).await?;
    for drift in &infra.drift {
        context.events.warning("infra", drift.clone());
    }
    let (template, infra) =
        tokio::join!(templates::ensure(context, &project, &project.root, &infra), status::infra(context));
    let (template, infra) = (template?, infra?);
    Ok(Setup {
        schema: "harness/setup/1".to_owned(),
        infra,
        template,
        duration_ms: crate::report::milliseconds(began.elapsed()),
    })
}

/// Writes a free block of ports to the home's own file of ports, and returns it; `None` where no port that this home
/// wants or has recorded is another program's. Another home of the same user chooses its own.
async fn use_free_ports(context: &Context, project: &Project) -> Result<Option<InfraPorts>, Failure> {
    if let Some(record) = InfraRecord::read(&context.home)?.filter(|record| record.settled) {
        if !others_listen(context, &record).await? {
            context.events.note("infra", "the ports of this home are chosen already, and no other program uses them");
            return Ok(None);
        }
        // data and passwords stay; the ports are decided again
        infra::teardown(&context.home, false, &context.events).await?;
        let agents: Vec<String> = identity::agents(context)?.iter().map(ToString::to_string).collect();
        if !agents.is_empty() {
            let text = format!("the ports change; `harness launch {}` tells the agents", agents.join(" "));
            context.events.warning("infra", text);
        }
    }
    let wanted = project.infra.ports;
    let agents = (1..=project.max_agents).filter_map(|id| AgentId::try_from(id).ok());
    let reserved: BTreeSet<u16> = agents.flat_map(|agent| project.ports_of(agent)).map(|(_, port)| port).collect();
    let block = infra::free_block(&wanted, |port| reserved.contains(&port));
    let Some(block) = block.filter(|block| *block != wanted) else { return Ok(None) };
    let path = project::remember_ports(context.home.path(), &block)?;
    context.events.note("infra", format!("wrote free ports to `{}`", path.display()));
    Ok(Some(block))
}

/// Whether a recorded port is held by what is not this home's.
async fn others_listen(context: &Context, record: &InfraRecord) -> Result<bool, Failure> {
    let servers = infra::status(&context.home).await?.services;
    let owners = PortOwners::read(&context.home, &servers)?;
    let stack = StackName::Infra.to_string();
    let is_foreign = |port: u16| owners.of(port, &stack).is_some_and(|owner| owner.own != Some(true));
    Ok(record.ports().into_iter().any(|(_, port, _)| is_foreign(port)))
}

/// Names the places that set a port and count more than the home's file.
fn say_what_counts_more(context: &Context, project: &Project, block: &InfraPorts) {
    for (port, source) in InfraPort::ALL.into_iter().zip(&project.infra.port_sources) {
        let number = project.infra.ports.get(port);
        if number == block.get(port) {
            continue;
        }
        let place = match source {
            PortSource::File(_, path) | PortSource::Configuration(path) => format!("`{}`", path.display()),
            PortSource::Environment(_) | PortSource::Default => "the environment".to_owned(),
        };
        let text = format!("{} stays {number}: {place} sets it; remove it there", port.variable());
        context.events.warning("infra", text);
    }
}

/// Takes down the servers of the home's engine where another one is asked for by name. Databases and buckets are not
/// copied, so it is refused while agents have some.
async fn leave_engine(context: &Context, wish: EngineChoice) -> Result<(), Failure> {
    let Some(wish) = engine_choice::named(wish) else { return Ok(()) };
    let Some(record) = InfraRecord::read(&context.home)?.filter(|record| record.engine != wish) else { return Ok(()) };
    let agents = identity::agents(context)?;
    if !agents.is_empty() {
        return Err(Error::EngineInUse { agents, engine: record.engine.as_str() }.into());
    }
    let (from, to) = (record.engine.as_str(), wish.as_str());
    let text = format!(
        "changing the engine from {from} to {to}: templates are built again; shared buckets and mail are not kept"
    );
    context.events.warning("infra", text);
    infra::teardown(&context.home, true, &context.events).await?;
    Ok(())
}
