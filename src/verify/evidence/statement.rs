//! The in-toto statement of a full pass: Statement v1 with the predicate `test-result` of in-toto, so that programs that know
//! nothing of harness read subject and result; all else is an extension field of that predicate.

use serde_json::{Map, Value, json};

use crate::report::verify::{Attested, Lie, LieCode, StageStatus};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The name of the extension field: a type, as in-toto asks for.
const EXTENSION: &str = "https://github.com/harness/harness/attestation/verify/v1";
const PASSED: &str = "PASSED";

/// The statement that `commit`, whose tree is `tree`, has passed.
pub(super) fn statement(commit: &str, tree: &str, attested: &Attested) -> Value {
    let mut extension = serde_json::to_value(attested).unwrap_or_default();
    if let Some(extension) = extension.as_object_mut() {
        // the predicate has a field of its own for it
        extension.shift_remove("configuration");
    }
    let configuration = attested.configuration.iter();
    let configuration: Vec<Value> =
        configuration.map(|file| json!({ "name": file.name, "digest": { "sha256": file.sha256 } })).collect();
    json!({
        "_type": STATEMENT,
        "subject": [
            { "name": "commit", "digest": { "gitCommit": commit } },
            { "name": "tree", "digest": { "gitTree": tree } },
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": PASSED,
            "configuration": configuration,
            "passedTests": passed(attested),
            EXTENSION: extension,
        },
    })
}

/// The commands, as the predicate lists tests.
fn passed(attested: &Attested) -> Vec<String> {
    let each = |stage: &crate::report::verify::AttestedStage| {
        let name = stage.name.clone();
        stage.commands.iter().map(move |command| format!("{name}.{}", command.name)).collect::<Vec<_>>()
    };
    attested.stages.iter().flat_map(each).collect()
}

/// The parts of a statement, each by name, as it is written.
pub(super) fn parts(statement: &Value) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    for (name, value) in statement.as_object().into_iter().flatten() {
        match (name.as_str(), value.as_object()) {
            ("predicate", Some(predicate)) => predicate.iter().for_each(|(name, value)| match value.as_object() {
                Some(extension) if name == EXTENSION => parts.extend(extension.iter().map(written)),
                _ => parts.push(written((name, value))),
            }),
            _ => parts.push(written((name, value))),
        }
    }
    parts
}

fn written((name, value): (&String, &Value)) -> (String, String) {
    (name.clone(), value.to_string())
}

/// What a statement says.
pub(super) struct Claims {
    pub(super) commit: Option<String>,
    pub(super) tree: Option<String>,
    pub(super) attested: Option<Attested>,
    /// What is wrong with it by itself.
    pub(super) lies: Vec<Lie>,
}

/// Reads a statement.
pub(super) fn claims(statement: &Value) -> Claims {
    let mut lies = Vec::new();
    let text = |name: &str| statement.get(name).and_then(Value::as_str).unwrap_or_default();
    for (name, wanted) in [("_type", STATEMENT), ("predicateType", PREDICATE)] {
        if text(name) != wanted {
            let message = format!("`{name}` is `{}`, not `{wanted}`", text(name));
            lies.push(Lie::new(LieCode::Statement, message).about(name));
        }
    }
    let subjects = statement.get("subject").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let digest = |algorithm: &str| {
        let mut found = subjects.iter().filter_map(|subject| subject.get("digest")?.get(algorithm)?.as_str());
        found.next().map(str::to_owned)
    };
    let (commit, tree) = (digest("gitCommit"), digest("gitTree"));
    for (what, found) in [("commit", &commit), ("tree", &tree)] {
        if found.is_none() {
            let message = format!("its subject names no {what}");
            lies.push(Lie::new(LieCode::NoSubject, message).about("subject"));
        }
    }
    let empty = Map::new();
    let predicate = statement.get("predicate").and_then(Value::as_object).unwrap_or(&empty);
    let result = predicate.get("result").and_then(Value::as_str).unwrap_or_default();
    if result != PASSED {
        let message = format!("its result is `{result}`, not `{PASSED}`");
        lies.push(Lie::new(LieCode::Result, message).about("result"));
    }
    let attested = attested(predicate).map_err(|message| lies.push(Lie::new(LieCode::Statement, message))).ok();
    if let Some(attested) = &attested {
        let bad = |status| status != StageStatus::Pass;
        for stage in attested.stages.iter().filter(|it| bad(it.status) || it.commands.iter().any(|it| bad(it.status))) {
            let message = format!("it says that all has passed, and that stage `{}` has not", stage.name);
            lies.push(Lie::new(LieCode::Result, message).about("stages"));
        }
        if predicate.get("passedTests") != Some(&json!(passed(attested))) {
            let message = "`passedTests` are not the commands of its stages";
            lies.push(Lie::new(LieCode::Result, message).about("passedTests"));
        }
    }
    Claims { commit, tree, attested, lies }
}

fn attested(predicate: &Map<String, Value>) -> Result<Attested, String> {
    let mut extension = predicate.get(EXTENSION).cloned().ok_or_else(|| format!("it has no `{EXTENSION}`"))?;
    let files = predicate.get("configuration").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let file = |file: &Value| json!({ "name": file["name"], "sha256": file["digest"]["sha256"] });
    extension["configuration"] = files.iter().map(file).collect();
    serde_json::from_value(extension).map_err(|error| format!("it cannot be read: {error}"))
}
