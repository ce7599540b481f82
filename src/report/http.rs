//! The answer of an application to `harness http`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The head of an answer to `harness http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpHead {
    /// The agent.
    pub agent: u8,
    /// What was asked.
    pub url: String,
    /// `HTTP/1.1`.
    pub version: String,
    /// `404`.
    pub status: u16,
    /// `Not Found`; empty for a status that has no usual name.
    pub reason: String,
    /// The headers, in the order in which they came.
    pub headers: Vec<HttpHeader>,
}

/// A header of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpHeader {
    /// In lower case.
    pub name: String,
    /// As it came; bytes that are not UTF-8 are replaced.
    pub value: String,
}

/// `harness http`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpAnswer {
    /// `harness/http/1`.
    pub schema: String,
    /// Status and headers.
    #[serde(flatten)]
    pub head: HttpHead,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// Whether the body was not UTF-8.
    pub binary: bool,
}

impl HttpAnswer {
    /// The document of an answer.
    pub fn new(head: HttpHead, body: Vec<u8>) -> Self {
        let (body, binary) = match String::from_utf8(body) {
            Ok(text) => (text, false),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        };
        Self { schema: "harness/http/1".to_owned(), head, body, binary }
    }
}
