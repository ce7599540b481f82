//! Every document that a verb prints is what its committed schema says.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::TestHome;

/// Validates a document by the schema that it names; returns the name.
#[track_caller]
fn validated(line: &[&str], document: &Value) -> String {
    let schema = document["schema"].as_str().unwrap_or_else(|| panic!("{line:?} names no schema: {document}"));
    let name = schema.strip_prefix("harness/").and_then(|name| name.strip_suffix("/1")).expect(schema);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.schema.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{line:?}: {problems:#?}\n{document:#}");
    name.to_owned()
}

#[test]
fn every_document_is_what_its_schema_says() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .with_s3()
        .with_mail()
        .application("api")
        .toml("[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"echo code.ts:1:1: error; exit $FAIL\" }]\n")
        .env("FAIL", "0")
        .write();
    let lines: &[&[&str]] = &[
        &["doctor"],
        &["setup"],
        &["launch", "3"],
        &["launch", "3"],
        &["status"],
        &["status", "3"],
        &["url", "3"],
        &["health", "3"],
        &["ports"],
        &["psql", "3", "select 1, null, 'x'"],
        &["slow-queries", "3"],
        &["db", "snapshot", "3", "before"],
        &["db", "list", "3"],
        &["env", "3"],
        &["verify", "3"],
        &["verify", "3", "--full"],
        &["verify", "3", "--status"],
        &["verify", "--list"],
        &["hook", "install"],
        &["restart", "3"],
        &["wait", "3"],
        &["stats", "3"],
        &["stats"],
        &["stop", "3"],
        &["start", "3"],
        &["infra", "ps"],
        &["config", "check"],
        &["config", "show"],
        &["init", "--print"],
        &["init"],
        &["man"],
        &["gc", "--dry-run"],
        &["gc"],
        &["enable", "--print"],
        &["disable", "3"],
        &["enable", "--down"],
        &["enable", "--up"],
        &["teardown", "3", "--dry-run"],
        &["teardown", "3"],
        &["teardown", "--infra"],
        // and what goes wrong
        &["status", "7"],
        &["verify", "7"],
        &["verify", "7", "--status"],
        &["verify", "--no-such-option"],
        &["launch", "3", "--no-such-option"],
        &["psql", "7", "select 1"],
        &["exec", "7", "--", "true"],
        &["logs", "7"],
        &["restart", "7"],
        &["db", "list", "7"],
        &["no-such-verb"],
    ];
    let mut seen = Vec::new();
    for line in lines {
        let mut words = vec!["--json"];
        words.extend(*line);
        let outcome = project.harness(words).run();
        seen.push(validated(line, &outcome.json()));
    }
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() > 24, "{seen:?}");
    project.replace("harness.toml", "max_agents", "max_agentz");
    let outcome = project.harness(["config", "check", "--json"]).run().exits_with(3);
    validated(&["config", "check"], &outcome.json());
}

#[test]
fn every_line_is_what_its_schema_says() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .toml("[processes.talker]\ncommand = \"echo out; echo err >&2; printf '\\\\377 no text'; exec sleep 1000\"\nready_log_line = \"out\"\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    for line in [&["logs", "3"][..], &["logs", "3", "talker", "-n", "1"], &["logs", "--infra"]] {
        let outcome = project.harness(line.iter().copied().chain(["--json"])).run().succeeds();
        let documents: Vec<Value> = outcome.stdout.lines().map(|text| serde_json::from_str(text).unwrap()).collect();
        assert!(!documents.is_empty() || line.contains(&"--infra"), "{line:?}");
        for document in &documents {
            assert_eq!(validated(line, document), "logs-line");
        }
    }
    let mut watching = Command::new(env!("CARGO_BIN_EXE_harness"))
        .args(["stats", "3", "--watch", "--interval", "100ms", "--json"])
        .current_dir(project.root())
        .env_clear()
        .envs(home.environment())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watching.stdout.take().unwrap()).lines().take(3);
    for text in lines.collect::<Result<Vec<String>, _>>().unwrap() {
        assert_eq!(validated(&["stats", "--watch"], &serde_json::from_str(&text).unwrap()), "stats");
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
}
