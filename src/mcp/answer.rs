//! What a tool answers: the verb's document, and the same as text. Both are for a model, to which every character
//! costs something: long lists are cut, and say how to ask for the rest.

use std::fmt::Write;

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Value, json};

use crate::report::Failure;

/// Bytes of JSON that a list may have.
const LIST: usize = 40_000;
/// Characters that a text inside a document may have.
const TEXT: usize = 4_000;

/// A document on its way to the client.
#[derive(Debug)]
pub(super) struct Answer {
    document: Value,
    text: Option<String>,
    failed: bool,
}

impl Answer {
    /// The document of a verb.
    pub(super) fn of<T: Serialize>(document: &T) -> Self {
        let document = serde_json::to_value(document).expect("a document is JSON");
        Self { document, text: None, failed: false }
    }

    /// The document of a failure, as `harness <verb> --json` prints it.
    pub(super) fn failure(verb: &str, failure: &Failure) -> Self {
        let document = json!({ "schema": format!("harness/{verb}/1"), "error": failure.document() });
        Self { document, text: None, failed: true }
    }

    /// Says that the verb did not do what was asked; its document says why.
    pub(super) fn failed_if(self, failed: bool) -> Self {
        Self { failed, ..self }
    }

    /// Text that is read more easily than the document.
    pub(super) fn with_text(self, text: String) -> Self {
        Self { text: Some(text), ..self }
    }

    /// Keeps as much of the list `name` as fits. Its first element is number `from` of what there is; `more` says
    /// whether there is more after its last. What was cut off is told in the document, as `cut`.
    pub(super) fn page(mut self, name: &str, from: usize, more: bool) -> Self {
        let Some(Value::Array(list)) = self.document.get_mut(name) else { return self };
        list.iter_mut().for_each(shorten);
        let mut bytes = 0;
        let fits = list.iter().take_while(|element| {
            bytes += element.to_string().len();
            bytes <= LIST
        });
        // one that is too long by itself is told all the same
        let kept = fits.count().max(1).min(list.len());
        let more = more || kept < list.len();
        list.truncate(kept);
        if more || from > 0 {
            let next = from + kept;
            let hint = if more { format!("there are more: call again with `offset` {next}") } else { "the end".into() };
            self.document["cut"] = json!({ "list": name, "offset": from, "returned": kept, "hint": hint });
        }
        self
    }

    /// As the protocol has it.
    pub(super) fn into_result(mut self) -> CallToolResult {
        shorten(&mut self.document);
        let text = self.text.unwrap_or_else(|| self.document.to_string());
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.is_error = Some(self.failed);
        result.structured_content = Some(self.document);
        result
    }
}

/// Cuts every long text inside.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((at, _)) = text.char_indices().nth(TEXT) {
                let rest = text.len() - at;
                text.truncate(at);
                let _ = write!(text, "… ({rest} more bytes)");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_cut_and_says_how_to_go_on() {
        let rows: Vec<Value> = (0..3000).map(|number| json!([number.to_string().repeat(10)])).collect();
        let answer = Answer::of(&json!({ "rows": rows })).page("rows", 100, false);
        let kept = answer.document["rows"].as_array().unwrap().len();
        assert!((500..2999).contains(&kept), "{kept}");
        assert_eq!(answer.document["cut"]["returned"], kept);
        let hint = answer.document["cut"]["hint"].as_str().unwrap();
        assert!(hint.contains(&format!("`offset` {}", 100 + kept)), "{hint}");
        let whole = Answer::of(&json!({ "rows": [1, 2] })).page("rows", 0, false);
        assert_eq!(whole.document, json!({ "rows": [1, 2] }));
        let last = Answer::of(&json!({ "rows": [1] })).page("rows", 2, false);
        assert_eq!(last.document["cut"]["hint"], "the end");
        let huge = Answer::of(&json!({ "rows": [["ä".repeat(60_000)], [1]] })).page("rows", 0, false);
        assert_eq!(huge.document["rows"].as_array().unwrap().len(), 2);
        assert!(huge.document["rows"][0][0].as_str().unwrap().ends_with("… (112000 more bytes)"));
    }
}
