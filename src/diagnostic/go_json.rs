//! `go test -json`: what compilers and tests wrote, each line of it in an object of its own.

use serde::Deserialize;

/// What one object tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The import path of the package.
    pub(super) package: String,
    /// The line that it wrote; empty where the object tells something else.
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "Action")]
    _action: String,
    #[serde(rename = "Package", alias = "ImportPath")]
    package: String,
    #[serde(rename = "Output", default)]
    output: String,
}

/// The event of a line; `None` where it is none.
pub(super) fn event(line: &str) -> Option<Event> {
    if !line.starts_with('{') || !line.contains("\"Action\":\"") {
        return None;
    }
    let Raw { package, output, .. } = serde_json::from_str(line).ok()?;
    // `example.com/a [example.com/a.test]`: built for its test
    let package = package.split(' ').next().unwrap_or_default().to_owned();
    Some(Event { package, text: output.trim_end_matches(['\n', '\r']).to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gos_own_objects_are_events() {
        let line = r#"{"ImportPath":"a.b/c [a.b/c.test]","Action":"build-output","Output":"x.go:1:2: no\n"}"#;
        assert_eq!(event(line), Some(Event { package: "a.b/c".into(), text: "x.go:1:2: no".into() }));
        let told = r#"{"Time":"x","Action":"start","Package":"a.b/c"}"#;
        assert_eq!(event(told), Some(Event { package: "a.b/c".into(), text: String::new() }));
        assert_eq!(event(r#"{"level":"info","msg":"\"Action\":\""}"#), None);
        assert_eq!(event("x.go:1:2: no"), None);
    }
}
