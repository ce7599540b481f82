//! What a program says that it has cost, and its stream of JSON in readable lines.
//!
//! | program | where | when |
//! |---|---|---|
//! | `claude` | `total_cost_usd` of its `result` | at the end; `--max-budget-usd` ends it in time |
//! | `opencode` | `cost` of each `step_finish` | with each step |
//! | `aider` | `$0.05 session.` | with each answer |
//!
//! `codex` and `gemini` count tokens, and know no prices.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Characters of what a program says in one event that a line has.
const LONGEST: usize = 2000;

/// What a job has cost, in US dollars, as its program says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Cost {
    /// Of earlier rounds.
    before: f64,
    /// Of this round.
    round: f64,
    /// Whether any was said.
    said: bool,
}

impl Cost {
    /// All of it, if any was said.
    pub(super) fn total(self) -> Option<f64> {
        self.said.then_some(self.before + self.round)
    }

    /// What is left of a limit; never nothing, since that means something else to some programs.
    pub(super) fn left(self, limit: f64) -> f64 {
        (limit - self.before - self.round).max(0.01)
    }

    /// Whether no more may be spent.
    pub(super) fn reaches(self, limit: Option<f64>) -> bool {
        limit.is_some_and(|limit| self.before + self.round >= limit)
    }

    /// Another round begins.
    pub(super) fn next_round(&mut self) {
        (self.before, self.round) = (self.before + self.round, 0.0);
    }

    /// Takes a line that the program has printed; whether it was its last word.
    pub(super) fn hear(&mut self, line: &str) -> bool {
        let Some(said) = said(line) else { return false };
        let (Said::Last(cost) | Said::Total(cost) | Said::Step(cost)) = said;
        if cost.is_finite() && cost >= 0.0 {
            self.said = true;
            self.round = if matches!(said, Said::Step(_)) { self.round + cost } else { self.round.max(cost) };
        }
        matches!(said, Said::Last(_))
    }
}

/// A cost that is said.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    /// Of all that this run of the program did, when it ends.
    Last(f64),
    /// Of all that it did so far.
    Total(f64),
    /// Of one step of it.
    Step(f64),
}

fn said(line: &str) -> Option<Said> {
    if let Some(event) = event(line) {
        return match event["type"].as_str()? {
            "result" => event["total_cost_usd"].as_f64().map(Said::Last),
            "step_finish" => event["part"]["cost"].as_f64().map(Said::Step),
            _ => None,
        };
    }
    // `Tokens: 4.2k sent, 1.1k received. Cost: $0.02 message, $0.05 session.`
    let (_, costs) = line.trim().strip_prefix("Tokens: ")?.split_once(" Cost: $")?;
    let (_, session) = costs.split_once(" message, $")?;
    session.strip_suffix(" session.")?.replace(',', "").parse().ok().map(Said::Total)
}

fn event(line: &str) -> Option<Value> {
    let line = line.trim();
    if !line.starts_with("{\"") {
        return None;
    }
    serde_json::from_str(line).ok()
}

/// What a line of such a stream says, as lines for people; the line itself, where it is of no such stream.
pub(super) fn readable(line: &str) -> Vec<String> {
    let Some(event) = event(line) else { return vec![line.to_owned()] };
    let Some(kind) = event["type"].as_str() else { return vec![line.to_owned()] };
    let lines = |text: &Value| -> Vec<String> {
        let text: String = text.as_str().unwrap_or_default().chars().take(LONGEST).collect();
        text.lines().map(str::to_owned).collect()
    };
    match kind {
        "assistant" => {
            let parts = event["message"]["content"].as_array().into_iter().flatten();
            let said = parts.flat_map(|part| match part["type"].as_str() {
                Some("text") => lines(&part["text"]),
                Some("tool_use") => vec![format!("[{}]", part["name"].as_str().unwrap_or_default())],
                _ => Vec::new(),
            });
            said.collect()
        }
        "result" => {
            let cost = event["total_cost_usd"].as_f64().map(|cost| format!(", ${cost:.2}")).unwrap_or_default();
            vec![format!("[{}{cost}]", event["subtype"].as_str().unwrap_or("result"))]
        }
        "text" => lines(&event["part"]["text"]),
        "tool_use" => vec![format!("[{}]", event["part"]["tool"].as_str().unwrap_or_default())],
        "system" | "user" | "stream_event" | "step_start" | "step_finish" => Vec::new(),
        _ => vec![line.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUDE: &str = r#"{"type":"result","subtype":"success","is_error":false,"num_turns":3,"result":"Done.","session_id":"1","total_cost_usd":0.25,"usage":{"input_tokens":9}}"#;
    const OPENCODE: &str = r#"{"type":"step_finish","timestamp":1,"sessionID":"ses_1","part":{"type":"step-finish","reason":"tool-calls","cost":0.125,"tokens":{"input":1}}}"#;
    const AIDER: &str = "Tokens: 4.2k sent, 1.1k received. Cost: $0.02 message, $0.05 session.";

    fn cost(lines: &[&str]) -> Cost {
        let mut cost = Cost::default();
        for line in lines {
            cost.hear(line);
        }
        cost
    }

    #[test]
    fn each_program_is_understood() {
        assert_eq!(cost(&["I spent $5", "{\"type\":\"assistant\"}", "{broken"]).total(), None);
        assert_eq!(cost(&["hello", CLAUDE]).total(), Some(0.25));
        assert_eq!(cost(&[OPENCODE, OPENCODE]).total(), Some(0.25), "steps are added");
        assert_eq!(cost(&[AIDER, AIDER]).total(), Some(0.05), "of the whole session");
        assert_eq!(cost(&[r#"{"type":"result","total_cost_usd":-3}"#]).total(), None);
    }

    #[test]
    fn rounds_are_added_up_to_the_limit() {
        let mut cost = cost(&[CLAUDE]);
        assert!(cost.reaches(Some(0.25)) && !cost.reaches(Some(0.3)) && !cost.reaches(None));
        cost.next_round();
        cost.hear(CLAUDE);
        assert_eq!(cost.total(), Some(0.5));
        assert!(cost.hear(CLAUDE) && !cost.hear(OPENCODE), "what ends by itself is not ended");
        assert!((cost.left(2.0) - 1.375).abs() < 1e-9 && cost.left(0.1) > 0.0, "the step counts too");
    }

    #[test]
    fn a_stream_is_readable() {
        let said = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"I look.\nThen"},{"type":"tool_use","name":"Bash","input":{}}]}}"#;
        assert_eq!(readable(said), ["I look.", "Then", "[Bash]"]);
        assert_eq!(readable(CLAUDE), ["[success, $0.25]"]);
        assert_eq!(readable(OPENCODE), [] as [&str; 0]);
        for own in ["plain", "{\"a\": 1}", "{\"type\":\"mine\"}"] {
            assert_eq!(readable(own), [own]);
        }
    }
}
