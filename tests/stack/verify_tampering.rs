//! `harness verify --check`: what becomes of evidence that somebody changes.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::evidence::{EXTENSION, Reader, changed, git, lies, own_key, project, signed, worked};
use crate::support::TestHome;

/// What somebody did, the note that came of it, and how it is refused.
type Case = (&'static str, String, &'static [&'static str]);

/// Somebody who changes a statement.
struct Forger {
    /// The note as it was.
    note: String,
    envelope: Value,
    /// The id of the right key.
    id: String,
    /// Another key.
    stranger: Ed25519KeyPair,
    /// The commit before.
    base: String,
}

impl Forger {
    fn of(note: String, base: String) -> Self {
        let envelope: Value = serde_json::from_str(&note).unwrap();
        let id = envelope["signatures"][0]["keyid"].as_str().unwrap().to_owned();
        let stranger = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        Self { note, envelope, id, stranger, base }
    }

    /// The envelope with another value of a key.
    fn with(&self, key: &str, value: Value) -> String {
        let mut envelope = self.envelope.clone();
        envelope[key] = value;
        envelope.to_string()
    }

    /// The envelope with another payload.
    fn saying(&self, change: impl Fn(&mut Value)) -> String {
        changed(&self.envelope, change).to_string()
    }

    fn signed_by(&self, key: &Ed25519KeyPair, id: &str, change: impl Fn(&mut Value)) -> String {
        signed(&self.envelope, key, id, change).to_string()
    }

    fn bad_signature(&self) -> Value {
        json!({ "keyid": self.id, "sig": STANDARD.encode([1; 64]) })
    }

    fn without_seals(&self) -> String {
        let mut envelope = changed(&self.envelope, |it| it["predicate"]["result"] = "WARNED".into());
        envelope.as_object_mut().unwrap().remove("seals");
        envelope.to_string()
    }
}

/// The payload is another one.
fn payloads(forger: &Forger) -> Vec<Case> {
    let base = &forger.base;
    let command = |it: &mut Value| it["predicate"][EXTENSION]["stages"][1]["commands"][0]["does"] = "npm test".into();
    let template = |it: &mut Value| drop(it["predicate"][EXTENSION].as_object_mut().unwrap().remove("template"));
    vec![
        (
            "the verdict",
            forger.saying(|it| it["predicate"]["result"] = "FAILED".into()),
            &["signature", "changed:result", "result:result"],
        ),
        ("a command", forger.saying(command), &["signature", "changed:stages"]),
        (
            "the weakened tests",
            forger.saying(|it| it["predicate"][EXTENSION]["weakened"] = json!([])),
            &["signature", "changed:weakened", "changes:weakened", "changes:weakened", "changes:weakened"],
        ),
        ("a part that is gone", forger.saying(template), &["signature", "changed:template"]),
        (
            "another commit",
            forger.saying(|it| it["subject"][0]["digest"]["gitCommit"] = base.clone().into()),
            &["signature", "changed:subject", "other_commit:subject"],
        ),
        (
            "another tree",
            forger.saying(|it| it["subject"][1]["digest"]["gitTree"] = "1".repeat(40).into()),
            &["signature", "changed:subject", "other_tree:subject"],
        ),
        (
            "no subject",
            forger.saying(|it| it["subject"] = json!([])),
            &["signature", "changed:subject", "no_subject:subject", "no_subject:subject"],
        ),
        ("the verdict, without seals", forger.without_seals(), &["signature", "result:result"]),
    ]
}

/// The envelope is another one.
fn envelopes(forger: &Forger) -> Vec<Case> {
    let (note, id, bad) = (&forger.note, &forger.id, forger.bad_signature());
    let good = forger.envelope["signatures"][0].clone();
    let renamed = json!([{ "keyid": "0".repeat(64), "sig": good["sig"] }]);
    let same = |_: &mut Value| {};
    vec![
        ("the signature", forger.with("signatures", json!([bad])), &["signature"]),
        ("one of two signatures", forger.with("signatures", json!([good, bad])), &["signature"]),
        ("no signature", forger.with("signatures", json!([])), &["unsigned"]),
        ("the payload's type", forger.with("payloadType", "application/json".into()), &["payload_type"]),
        ("the key's id", forger.with("signatures", renamed), &["key_id"]),
        ("another key under our id", forger.signed_by(&forger.stranger, id, same), &["signature"]),
        ("another key", forger.signed_by(&forger.stranger, "1234", same), &["other_key"]),
        ("a truncated envelope", note[..note.len() - 30].to_owned(), &["not_json"]),
        ("a note that is no JSON", "reviewed by me\n".to_owned(), &["not_json"]),
        ("a note that is no envelope", "{\"verdict\": \"pass\"}\n".to_owned(), &["envelope"]),
        ("a payload that is not base64", forger.with("payload", "{}".into()), &["encoding"]),
        ("two payloads", format!("{{\"payload\":\"e30=\",{}", &note[1..]), &["duplicate_key"]),
        ("a good one and a bad one", format!("{note}\n{}", forger.with("signatures", json!([bad]))), &["signature"]),
    ]
}

/// Signed by the right key, and not so.
fn signed_lies(forger: &Forger, own: &Ed25519KeyPair) -> Vec<Case> {
    let sign = |change: fn(&mut Value)| forger.signed_by(own, &forger.id, change);
    vec![
        ("a fail", sign(|it| it["predicate"]["result"] = "FAILED".into()), &["result:result"]),
        (
            "a stage that failed",
            sign(|it| it["predicate"][EXTENSION]["stages"][0]["status"] = "fail".into()),
            &["result:stages"],
        ),
        ("no subject", sign(|it| it["subject"] = json!([])), &["no_subject:subject", "no_subject:subject"]),
        (
            "without a deleted test",
            sign(|it| drop(it["predicate"][EXTENSION]["changes"].as_array_mut().unwrap().pop())),
            &["changes:changes"],
        ),
        (
            "another predicate",
            sign(|it| it["predicateType"] = "https://example.com/review/v1".into()),
            &["statement:predicateType"],
        ),
    ]
}

#[test]
fn each_tampering_is_refused_by_name() {
    let home = TestHome::new();
    let project = project(&home);
    let tree = worked(&home, &project);
    project.harness(["verify", "3", "--full", "--sign"]).run().succeeds();
    let (commit, base) = (git(&tree, &["rev-parse", "HEAD"]), git(&tree, &["rev-parse", "main"]));
    let reader = Reader::of(&home, &project);
    let forger = Forger::of(reader.note(&commit), base.clone());
    let cases = [payloads(&forger), envelopes(&forger), signed_lies(&forger, &own_key(&home))].concat();
    assert!(cases.len() > 20);
    for (what, text, expected) in cases {
        reader.put_note(&commit, &text);
        let outcome = reader.check(&commit).exits_with(1);
        assert_eq!(lies(&outcome), expected, "{what}\n{outcome}");
    }
    // moved to another commit
    reader.put_note(&base, &forger.note);
    assert_eq!(lies(&reader.check(&base).exits_with(1)), ["other_commit:subject", "other_tree:subject"]);
    // what another machine has signed besides is none of ours
    let foreign = forger.signed_by(&forger.stranger, "1234", |_| {});
    reader.put_note(&commit, &format!("{foreign}\n{}\n", forger.note));
    assert_eq!(reader.check(&commit).succeeds().json()["others"], 1);
    // by another key
    let other = home.directory().join("other.pub");
    let head = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let key = STANDARD.encode([&head[..], forger.stranger.public_key().as_ref()].concat());
    fs::write(&other, format!("-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n")).unwrap();
    reader.put_note(&commit, &forger.note);
    assert_eq!(lies(&reader.check_with(&other, &commit).exits_with(1)), ["other_key"]);
}
