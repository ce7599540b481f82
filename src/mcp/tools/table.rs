//! Every tool. What is not here an agent does not do over MCP: see the agents' guide.

use super::tool::{Tool, tool};
use super::{control, db, health, launch, logs, psql, slow_queries, stats, status, url, verify, wait};

/// The tools, in the order of an agent's work.
pub(in crate::mcp) fn all() -> [Tool; 14] {
    [
        tool!("harness_status", Reads, status::Arguments, status::run),
        tool!("harness_launch", Replaces, launch::Arguments, launch::run, undoes),
        tool!("harness_logs", Reads, logs::Arguments, logs::run),
        tool!("harness_restart", Changes, control::Restart, control::restart),
        tool!("harness_stop", Changes, control::Stop, control::stop),
        tool!("harness_start", Changes, control::Start, control::start),
        tool!("harness_wait", Reads, wait::Arguments, wait::run),
        tool!("harness_health", Reads, health::Arguments, health::run),
        tool!("harness_url", Reads, url::Arguments, url::run),
        tool!("harness_verify", Changes, verify::Arguments, verify::run, undoes),
        tool!("harness_psql", Reads, psql::Arguments, psql::run),
        tool!("harness_db", Replaces, db::Arguments, db::run),
        tool!("harness_stats", Reads, stats::Arguments, stats::run),
        tool!("harness_slow_queries", Reads, slow_queries::Arguments, slow_queries::run),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_says_what_it_takes_and_is_a_verb() {
        for tool in all() {
            let definition = tool.definition();
            let text = definition.description.clone().unwrap_or_default();
            assert!(text.len() > 20 && text.ends_with('.'), "{}: {text}", tool.name);
            for (name, property) in definition.input_schema["properties"].as_object().unwrap() {
                assert!(property["description"].is_string(), "{}: {name}", tool.name);
            }
            assert!(definition.input_schema["properties"].get("worktree").is_some());
            assert_eq!(definition.input_schema["type"], "object", "{}", tool.name);
            assert!(!["teardown", "setup", "gc"].contains(&tool.verb().as_str()), "the guide forbids it");
        }
    }
}
