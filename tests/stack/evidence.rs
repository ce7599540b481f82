//! What tests of signed evidence need: work that is committed, somebody who checks, somebody who changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};

use crate::support::{HarnessCommand, Outcome, TestHome, TestProject};

pub(super) const EXTENSION: &str = "https://github.com/harness/harness/attestation/verify/v1";
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

pub(super) fn project(home: &TestHome) -> TestProject<'_> {
    let path = home.directory().join("trees/{{ id }}");
    let stages = format!(
        "[worktree]\npath = \"{}\"\n\n\
         [[verify.stages]]\nname = \"check\"\ncommands = [{{ name = \"types\", run = \"sh scripts/types.sh\" }}]\n\
         [[verify.stages]]\nname = \"test\"\nfull = true\ncommands = [{{ name = \"unit\", run = \"true\" }}]\n",
        path.display()
    );
    home.project("shop")
        .application("api")
        .toml(&stages)
        .file("scripts/types.sh", "exit 0\n")
        .file("src/a.js", "one\n")
        .file("tests/a.test.js", "it('adds', () => {\n  expect(1 + 1).toBe(2)\n})\nit('subtracts', f)\n")
        .file("tests/old.test.js", "it('is old', f)\n")
        .file(".github/workflows/ci.yml", "on: push\n")
        .write()
}

/// git in `directory`, as anybody.
pub(super) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The agent's tree, with work in it that is committed.
pub(super) fn worked(home: &TestHome, project: &TestProject<'_>) -> PathBuf {
    project.harness(["launch", "3"]).run().succeeds();
    let tree = home.directory().join("trees/3");
    fs::write(tree.join("src/a.js"), "two\n").unwrap();
    fs::write(tree.join("tests/a.test.js"), "it.skip('adds', () => {\n})\nit('subtracts', f)\n").unwrap();
    fs::remove_file(tree.join("tests/old.test.js")).unwrap();
    fs::write(tree.join("scripts/types.sh"), "true\n").unwrap();
    git(&tree, &["add", "--all"]);
    git(&tree, &["commit", "--quiet", "--message", "work"]);
    tree
}

/// Somebody who has a clone of the repository with its notes, and the public key.
pub(super) struct Reader {
    pub(super) clone: PathBuf,
    pub(super) key: PathBuf,
    pub(super) home: PathBuf,
}

impl Reader {
    pub(super) fn of(home: &TestHome, project: &TestProject<'_>) -> Self {
        let directory = home.directory();
        let key = project.harness(["verify", "--public-key"]).run().succeeds().stdout;
        fs::write(directory.join("harness.pub"), key).unwrap();
        let source = project.root().display().to_string();
        git(directory, &["clone", "--quiet", "--no-hardlinks", &source, "clone"]);
        let clone = directory.join("clone");
        git(&clone, &["fetch", "--quiet", "origin", "refs/notes/*:refs/notes/*", "refs/heads/*:refs/remotes/origin/*"]);
        // what they check out need not be in order
        fs::write(clone.join("harness.toml"), "this is = = no TOML").unwrap();
        Self { clone, key: directory.join("harness.pub"), home: directory.join("no-home") }
    }

    pub(super) fn check_with(&self, key: &Path, commit: &str) -> Outcome {
        let path = std::env::var_os("PATH").unwrap();
        let environment = vec![("PATH".into(), path), ("HARNESS_HOME".into(), self.home.clone().into())];
        let words = ["--json", "verify", "--check", commit, "--key", key.to_str().unwrap()];
        let outcome = HarnessCommand::new(&self.clone, environment).args(words).run();
        assert!(!self.home.exists(), "a home was made");
        outcome
    }

    pub(super) fn check(&self, commit: &str) -> Outcome {
        self.check_with(&self.key, commit)
    }

    pub(super) fn note(&self, commit: &str) -> String {
        git(&self.clone, &["notes", "--ref", "harness", "show", commit])
    }

    pub(super) fn put_note(&self, commit: &str, text: &str) {
        let file = self.home.with_file_name("note");
        fs::write(&file, text).unwrap();
        git(&self.clone, &["notes", "--ref", "harness", "add", "--force", "--file", file.to_str().unwrap(), commit]);
    }
}

pub(super) fn payload(envelope: &Value) -> Value {
    serde_json::from_slice(&STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap()
}

/// The envelope with a changed payload.
pub(super) fn changed(envelope: &Value, change: impl Fn(&mut Value)) -> Value {
    let (mut envelope, mut statement) = (envelope.clone(), payload(envelope));
    change(&mut statement);
    envelope["payload"] = STANDARD.encode(statement.to_string()).into();
    envelope
}

/// The same, signed again by `key` under the key id `id`.
pub(super) fn signed(envelope: &Value, key: &Ed25519KeyPair, id: &str, change: impl Fn(&mut Value)) -> Value {
    let mut envelope = changed(envelope, change);
    let body = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), body.len());
    let signature = key.sign(&[head.as_bytes(), &body].concat());
    envelope["signatures"] = json!([{ "keyid": id, "sig": STANDARD.encode(signature) }]);
    envelope
}

pub(super) fn own_key(home: &TestHome) -> Ed25519KeyPair {
    let pem = fs::read_to_string(home.path().join("evidence/key.pem")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    Ed25519KeyPair::from_pkcs8(&STANDARD.decode(body).unwrap()).unwrap()
}

/// The codes of a refusal, and the parts that it names.
pub(super) fn lies(outcome: &Outcome) -> Vec<String> {
    let document = outcome.json();
    assert_eq!((&document["valid"], &document["attested"]), (&json!(false), &Value::Null), "{outcome}");
    let text = |value: &Value| value.as_str().map_or_else(String::new, |text| format!(":{text}"));
    let each = document["lies"].as_array().unwrap().iter();
    each.map(|lie| format!("{}{}", lie["code"].as_str().unwrap(), text(&lie["part"]))).collect()
}
