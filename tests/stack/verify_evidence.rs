//! `harness verify --sign` and `--check`: evidence that travels.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use super::evidence::{PAYLOAD_TYPE, Reader, git, payload, project, worked};
use crate::support::{Outcome, TestHome};

#[test]
fn a_full_pass_is_signed_and_whoever_has_the_repository_and_the_key_can_check_it() {
    let home = TestHome::new();
    let project = project(&home);
    let tree = worked(&home, &project);
    let outcome = project.harness(["verify", "3", "--full", "--sign"]).run().succeeds().says("signed: commit");
    let document = outcome.json();
    let commit = git(&tree, &["rev-parse", "HEAD"]);
    assert_eq!(document["evidence"]["commit"], commit.as_str());
    let reader = Reader::of(&home, &project);
    let outcome = reader.check(&commit).succeeds();
    let check = outcome.json();
    assert_eq!((&check["valid"], &check["key_id"]), (&json!(true), &document["evidence"]["key_id"]), "{outcome}");
    let attested = &check["attested"];
    assert_eq!(attested["verified_tree"], document["tree"]["before"]);
    assert_eq!(check["tree"], document["tree"]["before"], "nothing is ignored here");
    assert_eq!(attested["base"]["commit"], git(&tree, &["rev-parse", "main"]));
    assert_eq!(attested["stages"][1]["commands"][0]["does"], "true");
    assert_eq!(attested["configuration"][0]["name"], "harness.toml");
    assert!(attested["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "git"), "{outcome}");
    let rows = |name: &str, keys: [&str; 3]| -> Vec<String> {
        let rows = attested[name].as_array().unwrap().iter();
        rows.map(|row| keys.map(|key| row[key].as_str().unwrap()).join(" ")).collect()
    };
    let expected =
        ["scripts/types.sh modified verify", "tests/a.test.js modified test", "tests/old.test.js deleted test"];
    assert_eq!(rows("changes", ["path", "change", "kind"]), expected);
    let expected = [
        "tests/a.test.js skip_added it.skip('adds', () => {",
        "tests/a.test.js assertion_removed expect(1 + 1).toBe(2)",
        "tests/old.test.js file_deleted 1 of its 1 tests are nowhere else",
    ];
    assert_eq!(rows("weakened", ["path", "what", "text"]), expected);

    // others use the machine meanwhile: the best of some
    let best = (0..5).map(|_| reader.check(&commit).succeeds().duration).min();
    assert!(best < Some(Duration::from_secs(1)), "{best:?}");

    // as another program reads it
    let envelope: Value = serde_json::from_str(&reader.note(&commit)).unwrap();
    let statement = payload(&envelope);
    assert_eq!(
        (&statement["_type"], &envelope["payloadType"]),
        (&json!("https://in-toto.io/Statement/v1"), &json!(PAYLOAD_TYPE))
    );
    assert_eq!(statement["predicate"]["passedTests"], json!(["check.types", "test.unit"]));
    assert_eq!(statement["subject"][0]["digest"]["gitCommit"], commit.as_str());

    // what people read
    let words = ["verify", "--check", "HEAD", "--key", reader.key.to_str().unwrap()];
    let text = project.harness(words).dir(&tree).run().succeeds().stdout;
    assert!(text.contains("skip added") && text.starts_with("valid: commit"), "{text}");

    // an earlier statement of the same key is replaced
    project.harness(["verify", "3", "--status", "--sign"]).run().succeeds().says("signed: commit");
    assert_eq!(git(&tree, &["notes", "--ref", "harness", "show"]).lines().count(), 1);
}

#[test]
fn only_what_was_verified_and_is_committed_is_signed() {
    let home = TestHome::new();
    let project = project(&home);
    let tree = worked(&home, &project);
    let sign = |words: &[&str]| project.harness(["verify", "3"].iter().chain(words).copied()).run();
    let code = |outcome: &Outcome, pointer: &str| outcome.json().pointer(pointer).unwrap().as_str().unwrap().to_owned();
    sign(&["--status", "--sign"]).exits_with(1).says("has not passed yet");
    // before the stages take their time
    fs::write(tree.join("src/a.js"), "three\n").unwrap();
    let outcome = sign(&["--full", "--sign"]).exits_with(5).says("differ in src/a.js");
    assert_eq!(code(&outcome, "/error/code"), "evidence.not_committed");
    assert_eq!(outcome.json()["stages"], json!([]));
    sign(&["--full"]).succeeds();
    let outcome = sign(&["--status", "--sign"]).exits_with(5);
    assert_eq!(code(&outcome, "/evidence/error/code"), "evidence.not_committed");
    git(&tree, &["commit", "--quiet", "--all", "--message", "more"]);
    // what has passed stays at hand, however many runs follow
    for _ in 0..6 {
        sign(&["--stage", "check"]).succeeds();
    }
    sign(&["--status", "--sign"]).succeeds().says("signed: commit");
    fs::remove_dir_all(home.path().join("agents/3/verify/runs")).unwrap();
    let outcome = sign(&["--status", "--sign"]).exits_with(5);
    assert_eq!(code(&outcome, "/evidence/error/code"), "evidence.not_verified");
    sign(&["--sign"]).exits_with(2);
    sign(&["--full", "--stage", "check", "--sign"]).exits_with(2);
    sign(&["--full", "--sign", "--against=no-such"]).exits_with(2);

    let reader = Reader::of(&home, &project);
    let refused = |outcome: Outcome, exit: i32, expected: &str| {
        let outcome = outcome.exits_with(exit);
        assert_eq!(code(&outcome, "/error/code"), expected, "{outcome}");
    };
    refused(reader.check("main"), 5, "evidence.none");
    refused(reader.check("no-such"), 2, "evidence.no_commit");
    refused(reader.check_with(&home.path().join("evidence/key.pem"), "HEAD"), 2, "evidence.private_key");
    refused(reader.check_with(&tree.join("src/a.js"), "HEAD"), 2, "evidence.public_key");
    reader.check_with(&tree.join("no-such"), "HEAD").exits_with(4).says("cannot read");
    reader.put_note("HEAD", &"x".repeat(17 << 20));
    refused(reader.check("HEAD"), 4, "evidence.too_large");
    let key = home.path().join("evidence/key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    // before the stages take their time
    let outcome = sign(&["--full", "--sign"]).exits_with(4).says(&format!("chmod 600 {}", key.display()));
    assert_eq!(code(&outcome, "/error/code"), "evidence.key_exposed");
    assert_eq!(outcome.json()["stages"], json!([]));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "damaged").unwrap();
    let outcome = project.harness(["--json", "verify", "--public-key"]).run().exits_with(4);
    assert_eq!(code(&outcome, "/error/code"), "evidence.key_damaged");
}

#[test]
fn signatures_of_several_agents_at_once_are_all_kept() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3", "4"]).run().succeeds();
    let trees = [3, 4].map(|id| home.directory().join(format!("trees/{id}")));
    for (id, tree) in trees.iter().enumerate() {
        fs::write(tree.join("src/a.js"), format!("{id}\n")).unwrap();
        git(tree, &["commit", "--quiet", "--all", "--message", "work"]);
    }
    let running = ["3", "4"].map(|id| project.harness(["verify", id, "--full", "--sign"]).spawn());
    for running in running {
        running.wait().succeeds();
    }
    let reader = Reader::of(&home, &project);
    for tree in &trees {
        reader.check(&git(tree, &["rev-parse", "HEAD"])).succeeds();
    }
}
