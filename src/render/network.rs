//! `[network] map` of one agent.

use super::environment::Environment;
use super::error::{RenderError, Result};
use super::renderer::{Renderer, scope};
use super::template_values::TemplateValues;
use crate::system::loopback_map::PortMap;

impl Renderer<'_> {
    /// The loopback map of an agent's processes and commands.
    pub fn network_map(&self, context: &TemplateValues, env: &Environment) -> Result<PortMap> {
        let scope = scope(context, env);
        let entries =
            self.project().network_map.iter().map(|(named, instead)| {
                Ok((*named, self.port_value(&format!("network.map.{named}"), instead, &scope)?))
            });
        Ok(PortMap::new(entries.collect::<Result<Vec<_>>>()?))
    }

    /// The map of what all agents share, the steps of a template: the entries that no agent is needed for.
    pub fn shared_network_map(&self, context: &TemplateValues, env: &Environment) -> Result<PortMap> {
        let scope = scope(context, env);
        let mut entries = Vec::new();
        for (named, instead) in &self.project().network_map {
            match self.port_value(&format!("network.map.{named}"), instead, &scope) {
                Ok(instead) => entries.push((*named, instead)),
                Err(RenderError::Undefined { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(PortMap::new(entries))
    }
}
