//! The DSSE envelope of a statement: what is signed, and how it is read.
//!
//! The signature is over the pre-authentication encoding of payload type and payload, as the protocol of DSSE 1.0 has it.
//! Beside it, which readers of DSSE ignore, stand *seals*: a signature over each part of the statement alone. They are looked
//! at only when the signature does not hold, to say which part was changed; nothing is accepted because of them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::key::{SigningKey, VerifyingKey};
use super::statement::parts;
use super::strict;
use crate::report::verify::{Lie, LieCode};

/// The type of every in-toto statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    #[serde(default)]
    signatures: Vec<Signature>,
    #[serde(default)]
    seals: Map<String, Value>,
}

#[derive(Deserialize)]
struct Signature {
    /// A hint: it decides nothing but whose statement is looked at.
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// What an envelope holds.
pub(super) enum Opened {
    /// A statement that the key has signed.
    Ours(Value),
    /// One that neither is by the key nor says so.
    Foreign(String),
    /// One that must not be believed.
    Refused {
        /// Why.
        lies: Vec<Lie>,
        /// What it says, if that can be read.
        claimed: Option<Value>,
    },
}

/// The envelope of a statement, as one line.
pub(super) fn seal(statement: &Value, key: &SigningKey) -> String {
    let payload = statement.to_string();
    let sign = |payload_type: &str, body: &[u8]| STANDARD.encode(key.sign(&encoding(payload_type, body)));
    let seals = parts(statement).into_iter().map(|(name, body)| {
        let seal = sign(&part_type(&name), body.as_bytes());
        (name, Value::String(seal))
    });
    let seals: Map<String, Value> = seals.collect();
    json!({
        "payloadType": PAYLOAD_TYPE,
        "payload": STANDARD.encode(&payload),
        "signatures": [{ "keyid": key.verifying().id(), "sig": sign(PAYLOAD_TYPE, payload.as_bytes()) }],
        "seals": seals,
    })
    .to_string()
}

/// The id of the key that an envelope says it is signed by; empty where it says nothing.
pub(super) fn claimed_key(line: &[u8]) -> String {
    let envelope = serde_json::from_slice::<Envelope>(line).ok();
    envelope.and_then(|envelope| envelope.signatures.into_iter().next()).map_or_else(String::new, |it| it.keyid)
}

/// Opens an envelope and checks it by `key`.
pub(super) fn open(bytes: &[u8], key: &VerifyingKey) -> Opened {
    let refused = |lie| Opened::Refused { lies: vec![lie], claimed: None };
    let envelope = match parse(bytes, "the envelope") {
        Ok(value) => value,
        Err(lie) => return refused(lie),
    };
    let envelope: Envelope = match serde_json::from_value(envelope) {
        Ok(envelope) => envelope,
        Err(error) => return refused(Lie::new(LieCode::Envelope, format!("it is no DSSE envelope: {error}"))),
    };
    if envelope.signatures.is_empty() {
        return refused(Lie::new(LieCode::Unsigned, "it has no signature"));
    }
    let Some(payload) = decode(&envelope.payload) else {
        return refused(Lie::new(LieCode::Encoding, "its payload is not base64"));
    };
    let own = key.id();
    let holds = |payload_type: &str, signature: &Signature| {
        decode(&signature.sig).is_some_and(|it| key.verifies(&encoding(payload_type, &payload), &it))
    };
    let by_us = |it: &Signature| it.keyid == own || holds(&envelope.payload_type, it) || holds(PAYLOAD_TYPE, it);
    if envelope.signatures.iter().all(|it| !it.keyid.is_empty() && !by_us(it)) {
        return Opened::Foreign(envelope.signatures[0].keyid.clone());
    }
    let statement = parse(&payload, "the payload");
    let mut lies = Vec::new();
    if envelope.payload_type != PAYLOAD_TYPE {
        let message = format!("its payload type is `{}`, not `{PAYLOAD_TYPE}`", envelope.payload_type);
        lies.push(Lie::new(LieCode::PayloadType, message));
    }
    let mut held = false;
    for (position, signature) in envelope.signatures.iter().enumerate() {
        let place = match envelope.signatures.len() {
            1 => "the signature".to_owned(),
            several => format!("signature {} of {several}", position + 1),
        };
        if decode(&signature.sig).is_none() {
            lies.push(Lie::new(LieCode::Encoding, format!("{place} is not base64")));
        } else if !holds(PAYLOAD_TYPE, signature) {
            lies.push(Lie::new(LieCode::Signature, format!("{place} is not by this key over this payload")));
        } else {
            held = true;
            if !signature.keyid.is_empty() && signature.keyid != own {
                let message = format!("{place} is by this key, and names another: `{}`", signature.keyid);
                lies.push(Lie::new(LieCode::KeyId, message));
            }
        }
    }
    let statement = match statement {
        Ok(statement) => statement,
        Err(lie) => {
            lies.push(lie);
            return Opened::Refused { lies, claimed: None };
        }
    };
    if lies.is_empty() {
        return Opened::Ours(statement);
    }
    if !held {
        lies.extend(changed_parts(&statement, &envelope.seals, key));
    }
    Opened::Refused { lies, claimed: Some(statement) }
}

/// Which parts are not what was signed. Where no seal at all holds, they say nothing.
fn changed_parts(statement: &Value, seals: &Map<String, Value>, key: &VerifyingKey) -> Vec<Lie> {
    let parts = parts(statement);
    let holds = |name: &str, body: &str| {
        let seal = seals.get(name).and_then(Value::as_str).and_then(decode);
        seal.is_some_and(|seal| key.verifies(&encoding(&part_type(name), body.as_bytes()), &seal))
    };
    let (held, changed): (Vec<_>, Vec<_>) = parts.iter().partition(|(name, body)| holds(name, body));
    if held.is_empty() {
        return Vec::new();
    }
    let gone = seals.keys().filter(|name| !parts.iter().any(|(known, _)| known == *name));
    let changed = changed.iter().map(|(name, _)| (name, "is not what was signed"));
    let of = |(name, what): (&String, &str)| Lie::new(LieCode::Changed, format!("`{name}` {what}")).about(name);
    changed.chain(gone.map(|name| (name, "was signed, and is gone"))).map(of).collect()
}

/// What is signed: `PAE(type, body)` of DSSE.
fn encoding(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len());
    [head.as_bytes(), body].concat()
}

fn part_type(name: &str) -> String {
    format!("application/vnd.harness.part+json; name={name}")
}

/// Either alphabet, as a reader of DSSE has to.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

fn parse(bytes: &[u8], what: &str) -> Result<Value, Lie> {
    strict::parse(bytes).map_err(|error| {
        let code = if strict::is_duplicate(&error) { LieCode::DuplicateKey } else { LieCode::NotJson };
        let end = if error.is_eof() { "it ends in the middle: " } else { "" };
        Lie::new(code, format!("{what} cannot be read: {end}{error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_the_protocol_says() {
        // the vector of the protocol's own text
        let encoded = encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        assert_eq!(decode("aGVsbG8gd29ybGQ=").unwrap(), b"hello world");
        assert_eq!(decode("-_8="), decode("+/8="));
        assert_eq!(decode("aGVsbG8gd29ybGQ"), None);
    }
}
