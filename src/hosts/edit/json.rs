//! Members of a JSON file, by its syntax tree: white space, order and comments of others stay.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};

use super::problem::{Problem, line_of};

/// Comments and commas at the end are what programs let pass.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A file that is being changed.
pub(super) struct Json<'a> {
    text: &'a str,
    root: CstRootNode,
    object: CstObject,
}

impl<'a> Json<'a> {
    /// Reads a file; an empty one is an empty object.
    pub(super) fn parse(text: &'a str) -> Result<Self, Problem> {
        let given = if text.trim().is_empty() { "{}\n" } else { text };
        let broken = |line, why: String| Problem::Broken { line, why };
        let root = CstRootNode::parse(given, &OPTIONS)
            .map_err(|error| broken(error.line_display(), error.kind().to_string()))?;
        let object = root.object_value().ok_or_else(|| broken(1, "it is not a JSON object".to_owned()))?;
        Ok(Self { text, root, object })
    }

    /// The file as it is now.
    pub(super) fn into_text(self) -> String {
        self.root.to_string()
    }

    fn occupied(&self, key: &str, wanted: &str) -> Problem {
        Problem::Occupied { line: line_of(self.text, key), key: key.to_owned(), wanted: wanted.to_owned() }
    }

    fn list(&self, object: &CstObject, key: &str, wanted: &str) -> Result<CstArray, Problem> {
        object.array_value_or_create(key).ok_or_else(|| self.occupied(key, wanted))
    }

    /// Adds a command to a list.
    pub(super) fn add_command(&self, key: &str, instead: Option<&str>, command: &str) -> Result<(), Problem> {
        let key = instead.filter(|key| self.object.get(key).is_some()).unwrap_or(key);
        let list = self.list(&self.object, key, command)?;
        if !list.elements().iter().any(|element| is(element, command)) {
            list.append(CstInputValue::String(command.to_owned()));
        }
        Ok(())
    }

    /// Takes it out of either list.
    pub(super) fn take_command(&self, keys: [Option<&str>; 2], command: &str) {
        for key in keys.into_iter().flatten() {
            let Some(list) = self.object.array_value(key) else { continue };
            let ours: Vec<CstNode> = list.elements().into_iter().filter(|element| is(element, command)).collect();
            let took = !ours.is_empty();
            ours.into_iter().for_each(CstNode::remove);
            if took && list.elements().is_empty() {
                remove(&self.object, key);
            }
        }
    }

    /// Adds a command to a script: after what is there.
    pub(super) fn add_script(&self, [outer, inner]: [&str; 2], command: &str) -> Result<(), Problem> {
        let object = self.object.object_value_or_create(outer).ok_or_else(|| self.occupied(outer, command))?;
        let Some(property) = object.get(inner) else {
            object.append(inner, CstInputValue::String(command.to_owned()));
            return Ok(());
        };
        let script = property.value().and_then(|value| value.as_string_lit());
        let script = script.ok_or_else(|| self.occupied(inner, command))?;
        let raw = script.raw_value();
        let open = raw.strip_suffix('"').unwrap_or(&raw);
        if open.trim() == "\"" {
            script.set_raw_value(format!("\"{command}\""));
        } else if !raw.contains(command) {
            script.set_raw_value(format!("{open} && {command}\""));
        }
        Ok(())
    }

    /// Takes it out.
    pub(super) fn take_script(&self, [outer, inner]: [&str; 2], command: &str) {
        let Some(object) = self.object.object_value(outer) else { return };
        let script = object.get(inner).and_then(|property| property.value()).and_then(|value| value.as_string_lit());
        let Some(script) = script else { return };
        let raw = script.raw_value();
        if raw == format!("\"{command}\"") {
            remove(&object, inner);
            if object.properties().is_empty() {
                remove(&self.object, outer);
            }
        } else if let Some(before) = raw.strip_suffix(&format!(" && {command}\"")) {
            script.set_raw_value(format!("{before}\""));
        }
    }

    /// Adds a hook of Claude Code.
    pub(super) fn add_hook(&self, event: &str, command: &str, timeout: u32) -> Result<(), Problem> {
        let hooks = self.object.object_value_or_create("hooks").ok_or_else(|| self.occupied("hooks", command))?;
        let groups = self.list(&hooks, event, command)?;
        let quoted = format!("\"{command}\"");
        if groups.elements().iter().any(|group| group.to_string().contains(&quoted)) {
            return Ok(());
        }
        let text = |value: &str| CstInputValue::String(value.to_owned());
        if !groups.elements().is_empty() && !groups.to_string().contains('\n') {
            // a list on one line stays on one: what is appended as an object would be spread over several
            if let Some(group) = groups.append(text("")).as_string_lit() {
                let hook = format!(r#"{{ "type": "command", "command": {quoted}, "timeout": {timeout} }}"#);
                group.set_raw_value(format!(r#"{{ "hooks": [ {hook} ] }}"#));
            }
            return Ok(());
        }
        let hook = CstInputValue::Object(vec![
            ("type".to_owned(), text("command")),
            ("command".to_owned(), text(command)),
            ("timeout".to_owned(), CstInputValue::Number(timeout.to_string())),
        ]);
        groups.append(CstInputValue::Object(vec![("hooks".to_owned(), CstInputValue::Array(vec![hook]))]));
        Ok(())
    }

    /// Takes it out, and what is empty without it.
    pub(super) fn take_hook(&self, event: &str, command: &str) {
        let Some(hooks) = self.object.object_value("hooks") else { return };
        let Some(groups) = hooks.array_value(event) else { return };
        let quoted = format!("\"{command}\"");
        let mut took = false;
        for group in groups.elements() {
            let Some(list) = group.as_object().and_then(|group| group.array_value("hooks")) else { continue };
            let ours = list.elements().into_iter().filter(|hook| hook.to_string().contains(&quoted));
            let ours: Vec<CstNode> = ours.collect();
            if ours.is_empty() {
                continue;
            }
            took = true;
            if ours.len() == list.elements().len() {
                group.remove();
            } else {
                ours.into_iter().for_each(CstNode::remove);
            }
        }
        if took && groups.elements().is_empty() {
            remove(&hooks, event);
        }
        if took && hooks.properties().is_empty() {
            remove(&self.object, "hooks");
        }
    }

    /// Registers `harness mcp`; a server of that name stays as it is.
    pub(super) fn add_server(&self) -> Result<(), Problem> {
        let wanted = "\"harness\": {\"command\": \"harness\", \"args\": [\"mcp\"]}";
        let servers = self.object.object_value_or_create("mcpServers");
        let servers = servers.ok_or_else(|| self.occupied("mcpServers", wanted))?;
        if servers.get("harness").is_none() {
            let text = |value: &str| CstInputValue::String(value.to_owned());
            servers.append(
                "harness",
                CstInputValue::Object(vec![
                    ("command".to_owned(), text("harness")),
                    ("args".to_owned(), CstInputValue::Array(vec![text("mcp")])),
                ]),
            );
        }
        Ok(())
    }

    /// Takes it out, if it is as we registered it.
    pub(super) fn take_server(&self) {
        let Some(servers) = self.object.object_value("mcpServers") else { return };
        let Some(value) = servers.get("harness").and_then(|server| server.value()) else { return };
        let plain: String = value.to_string().split_whitespace().collect();
        if plain == r#"{"command":"harness","args":["mcp"]}"# {
            remove(&servers, "harness");
            if servers.properties().is_empty() {
                remove(&self.object, "mcpServers");
            }
        }
    }
}

fn is(element: &CstNode, command: &str) -> bool {
    element.as_string_lit().and_then(|text| text.decoded_value().ok()).is_some_and(|text| text == command)
}

fn remove(object: &CstObject, key: &str) {
    if let Some(property) = object.get(key) {
        property.remove();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str, add: impl Fn(&Json<'_>) -> Result<(), Problem>, take: impl Fn(&Json<'_>)) -> String {
        let json = Json::parse(text).unwrap();
        add(&json).unwrap();
        let with = json.into_text();
        let again = Json::parse(&with).unwrap();
        add(&again).unwrap();
        assert_eq!(again.into_text(), with, "once is enough");
        let json = Json::parse(&with).unwrap();
        take(&json);
        let without = json.into_text();
        if text.trim().contains('\n') {
            assert_eq!(without, text, "as it was; in between:\n{with}");
        } else {
            // what is all on one line is spread over lines
            let plain = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(plain(&without), plain(text));
        }
        with
    }

    #[test]
    fn what_others_wrote_stays_byte_for_byte() {
        let command = "harness hook x setup";
        for text in [
            "{\n  \"setup\": [\"npm ci\"],\n  \"run\": []\n}\n",
            "{\n\t\"setup\": [\n\t\t\"npm ci\"\n\t],\n\t\"a\":   1\n}",
            "{ \"a\": {\"b\": [1,2]} }\n",
            "// mine\n{\n    \"a\": 1, // one\n}\n",
            "{\r\n  \"a\": 1\r\n}\r\n",
        ] {
            let with = round(
                text,
                |json| json.add_command("setup", None, command),
                |json| {
                    json.take_command([Some("setup"), None], command);
                },
            );
            assert!(with.contains(command), "{with}");
        }
        for text in [
            "{\n  \"scripts\": {\n    \"setup\": \"npm ci; echo \\\"a\\\" \\u00e9\"\n  }\n}\n",
            "{\"scripts\":{\"run\":\"x\"}}",
            "{\n  \"name\": \"x\"\n}\n",
        ] {
            let keys = ["scripts", "setup"];
            round(text, |json| json.add_script(keys, command), |json| json.take_script(keys, command));
        }
        for text in [
            "{\n  \"hooks\": {\n    \"SessionStart\": [\n      { \"hooks\": [{ \"type\": \"command\", \"command\": \"date\" }] }\n    ]\n  }\n}\n",
            "{\n  \"hooks\": {\n    \"SessionStart\": [ { \"hooks\": [ { \"type\": \"command\", \"command\": \"x\" } ] } ]\n  }\n}\n",
            "{\n  \"permissions\": { \"allow\": [\"Bash\"] }\n}\n",
        ] {
            round(
                text,
                |json| json.add_hook("SessionStart", command, 60),
                |json| json.take_hook("SessionStart", command),
            );
            let register = |json: &Json<'_>| {
                json.add_server()?;
                Ok(())
            };
            round(text, register, |json| {
                json.take_server();
            });
        }
    }

    #[test]
    fn what_cannot_be_changed_is_named_by_its_line() {
        let json = Json::parse("{\n  \"a\": 1,\n  \"setup\": \"script.sh\"\n}\n").unwrap();
        let problem = json.add_command("setup", None, "x").unwrap_err();
        assert_eq!(problem, Problem::Occupied { line: 3, key: "setup".into(), wanted: "x".into() });
        assert!(matches!(Json::parse("{\n  \"a\": 1\n  \"b\": 2\n}"), Err(Problem::Broken { line: 2 | 3, .. })));
        assert!(matches!(Json::parse("[]"), Err(Problem::Broken { line: 1, .. })));
        let object = Json::parse("{ \"mcpServers\": { \"harness\": { \"command\": \"/opt/harness\" } } }").unwrap();
        object.add_server().unwrap();
        object.take_server();
        assert!(object.into_text().contains("/opt/harness"), "a server of that name stays");
    }
}
