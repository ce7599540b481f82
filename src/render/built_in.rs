//! The built-in templates, for a person who writes another in their place.

use super::error::{RenderError, Result};
use super::files::ENV_TEMPLATE;
use super::stack::PROCESSES_TEMPLATE;
use crate::report::{BuiltInTemplate, ConfigTemplates};

/// All of them, or the one of this name.
pub fn built_in_templates(name: Option<&str>) -> Result<ConfigTemplates> {
    let all =
        [("env", "render.env_template", ENV_TEMPLATE), ("processes", "render.processes_template", PROCESSES_TEMPLATE)];
    let chosen = all.iter().filter(|(known, ..)| name.is_none_or(|name| name == *known));
    let templates: Vec<BuiltInTemplate> = chosen
        .map(|(name, key, text)| BuiltInTemplate {
            name: (*name).to_owned(),
            key: (*key).to_owned(),
            text: (*text).to_owned(),
        })
        .collect();
    match name {
        Some(name) if templates.is_empty() => Err(RenderError::UnknownTemplate(name.to_owned())),
        _ => Ok(ConfigTemplates { schema: "harness/config-templates/1".to_owned(), templates }),
    }
}
