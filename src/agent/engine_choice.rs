//! Which engine the shared servers may run on, given the data that agents have there.

use super::{Context, Error, Record, identity};
use crate::infra::{Engine, InfraRecord};
use crate::project::EngineChoice;
use crate::report::Failure;

/// Refuses an engine that would leave agents' databases and buckets behind: after `teardown --infra` everything is
/// decided again, the engine too where the configuration names one.
pub(super) fn stay_with_data(context: &Context, wish: EngineChoice) -> Result<(), Failure> {
    let Some(wish) = named(wish) else { return Ok(()) };
    let record = InfraRecord::read(&context.home)?;
    let Some(record) = record.filter(|record| record.served && !record.settled && record.engine != wish) else {
        return Ok(());
    };
    let mut agents = Vec::new();
    for agent in identity::agents(context)? {
        // one whose first launch has just begun has nothing there yet
        let has_data = |record: &Record| record.database_password.is_some() || record.bucket_secret.is_some();
        if Record::read(&context.home, agent)?.as_ref().is_some_and(has_data) {
            agents.push(agent);
        }
    }
    if agents.is_empty() { Ok(()) } else { Err(Error::EngineInUse { agents, engine: record.engine.as_str() }.into()) }
}

/// The engine that is asked for by name.
pub(super) fn named(wish: EngineChoice) -> Option<Engine> {
    match wish {
        EngineChoice::Docker => Some(Engine::Docker),
        EngineChoice::Native => Some(Engine::Native),
        EngineChoice::Auto => None,
    }
}
