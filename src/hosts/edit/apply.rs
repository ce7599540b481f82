//! One change, put in and taken out.

use super::block;
use super::json::Json;
use super::kinds::Edit;
use super::problem::Problem;
use super::{toml, yaml};

/// The text with the change. `program` is whose file it is; `wishes` are the options that were given.
pub(in crate::hosts) fn add(edit: &Edit, program: &str, wishes: &[&str], text: &str) -> Result<String, Problem> {
    let command = |event: &str| format!("harness hook {program} {event}");
    match edit {
        Edit::JsonCommand { key, instead, event } => {
            let json = Json::parse(text)?;
            json.add_command(key, *instead, &command(event))?;
            Ok(json.into_text())
        }
        Edit::JsonScript { keys, event } => {
            let json = Json::parse(text)?;
            json.add_script(*keys, &command(event))?;
            Ok(json.into_text())
        }
        Edit::ClaudeHook { event, timeout, wish } => {
            if wish.is_some_and(|wish| !wishes.contains(&wish)) {
                // what an earlier call was asked for stays
                return Ok(text.to_owned());
            }
            let json = Json::parse(text)?;
            json.add_hook(event, &command(event), *timeout)?;
            Ok(json.into_text())
        }
        Edit::McpServer => {
            let json = Json::parse(text)?;
            json.add_server()?;
            Ok(json.into_text())
        }
        Edit::Toml { at, keys, text: lines } => toml::add(text, *at, keys, lines),
        Edit::Yaml(section) => yaml::add(text, section),
        Edit::Shell { text: lines } => Ok(block::put(text, text.len(), lines, "")),
    }
}

/// The text without the change.
pub(in crate::hosts) fn take(edit: &Edit, program: &str, text: &str) -> Result<String, Problem> {
    let command = |event: &str| format!("harness hook {program} {event}");
    // what has nothing of ours is not even read
    let has_ours = match edit {
        Edit::McpServer => text.contains("\"mcpServers\"") && text.contains("\"harness\""),
        Edit::Toml { .. } | Edit::Yaml(_) | Edit::Shell { .. } => return Ok(block::take(text)),
        _ => text.contains(&command("")),
    };
    if !has_ours {
        return Ok(text.to_owned());
    }
    let json = Json::parse(text)?;
    match edit {
        Edit::JsonCommand { key, instead, event } => json.take_command([Some(*key), *instead], &command(event)),
        Edit::JsonScript { keys, event } => json.take_script(*keys, &command(event)),
        Edit::ClaudeHook { event, .. } => json.take_hook(event, &command(event)),
        _ => json.take_server(),
    }
    Ok(json.into_text())
}

/// Whether nothing but what harness begins a new file with is left.
pub(in crate::hosts) fn is_ours_alone(text: &str, new: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text == "{}" || text == new.trim()
}
