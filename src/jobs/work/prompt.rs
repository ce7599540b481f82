//! What the program is asked to do.
//!
//! The template is harness's own or the project's. What the ticket says is a value in it, and never a part of it; it stands
//! between two lines that its author cannot know.

use std::path::Path;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::json;

use crate::report::{Ticket, WorkerJob};
use crate::system::text::plain;

/// Used where the project has none.
const BUILT_IN: &str = include_str!("prompt.md");

/// What a prompt is made of, beside the ticket.
pub(super) struct Round<'a> {
    pub(super) number: u32,
    /// How the last one ended.
    pub(super) ended: &'a str,
    /// What verify said of it; empty in the first.
    pub(super) verify: &'a str,
    /// The program of harness.
    pub(super) harness: &'a Path,
}

/// The prompt of a round.
///
/// # Errors
/// The project's template is wrong, in words.
pub(super) fn prompt(claimed: &WorkerJob, round: &Round<'_>) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let template = claimed.project.settings.prompt.as_deref().unwrap_or(BUILT_IN);
    let values = json!({
        "number": claimed.ticket.id,
        "title": title(&claimed.ticket),
        "text": text(&claimed.ticket.text),
        "notes": claimed.ticket.notes.iter().map(|note| text(&note.text)).collect::<Vec<_>>(),
        "kind": claimed.job.kind.as_str(),
        "project": claimed.project.name,
        "harness": round.harness.display().to_string(),
        "round": round.number,
        "ended": round.ended,
        "verify": round.verify,
        "boundary": format!("-----{:016x}-----", rand::random::<u64>()),
    });
    environment
        .render_str(template, Serde(values))
        .map_err(|error| format!("the template of the prompt is wrong: {error:#}"))
}

/// A title on one line, without what drives a terminal.
pub(super) fn title(ticket: &Ticket) -> String {
    plain(&ticket.title.replace(['\n', '\r'], " ")).trim().to_owned()
}

/// Lines without what drives a terminal.
pub(super) fn text(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(title: &str, text: &str, prompt: Option<&str>) -> WorkerJob {
        serde_json::from_value(json!({
            "schema": "harness/worker-job/1", "fence": 3, "lease_s": 60,
            "job": {
                "schema": "", "id": 7, "ticket": 4, "project": 1, "kind": "ticket", "state": "claimed", "attempt": 1,
                "worker": "w", "lease_until": null, "ready_at": "", "created_at": "", "claimed_at": null,
                "finished_at": null
            },
            "ticket": {
                "schema": "", "id": 4, "title": title, "text": text, "state": "in_progress",
                "project": { "id": 1, "name": "shop" }, "notes": [], "job": null, "pull_request": null,
                "created_at": "", "updated_at": ""
            },
            "project": { "schema": "", "id": 1, "name": "shop", "path": "/srv", "prompt": prompt, "created_at": "" }
        }))
        .unwrap()
    }

    fn round(number: u32) -> Round<'static> {
        Round { number, ended: "it ended", verify: "{\"status\":\"fail\"}", harness: Path::new("/usr/bin/harness") }
    }

    #[test]
    fn a_ticket_is_data() {
        let hostile = "{{ 7*7 }} {% raw %} $(touch /tmp/x) \u{1b}[31mred\u{7}";
        let made = prompt(&claimed(hostile, "{# x #}\n{{ harness }}", None), &round(1)).unwrap();
        assert!(made.contains("{{ 7*7 }} {% raw %} $(touch /tmp/x) red\n"), "{made}");
        assert!(made.contains("{# x #}\n{{ harness }}\n") && !made.contains('\u{1b}'), "{made}");
        let boundary = made.lines().find(|line| line.starts_with("-----")).unwrap();
        assert_eq!(made.lines().filter(|line| *line == boundary).count(), 2);
        assert!(made.contains("/usr/bin/harness complete") && !made.contains("\"fail\""), "{made}");
    }

    #[test]
    fn a_later_round_has_the_verdict_too() {
        let made = prompt(&claimed("Fix", "it", None), &round(2)).unwrap();
        assert!(made.contains("\"fail\"") && made.contains("it ended") && made.contains("Fix"), "{made}");
    }

    #[test]
    fn a_review_is_named_as_one() {
        let mut claimed = claimed("Fix", "it", None);
        assert!(!prompt(&claimed, &round(1)).unwrap().contains("review comments"));
        claimed.job.kind = crate::report::QueueJobKind::Review;
        assert!(prompt(&claimed, &round(1)).unwrap().contains("review comments"));
    }

    #[test]
    fn the_template_of_a_project_counts_and_its_faults_are_named() {
        let own = Some("{{ project }} #{{ number }}: {{ title }}, {{ round }}");
        assert_eq!(prompt(&claimed("Fix", "", own), &round(2)).unwrap(), "shop #4: Fix, 2");
        assert!(prompt(&claimed("Fix", "", Some("{{ nothing }}")), &round(1)).unwrap_err().contains("template"));
    }
}
