//! The number of an agent, which decides its every port and name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A slot of a home: 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct AgentId(u8);

/// How far the ports of neighbouring agents are apart.
pub(super) const STRIDE: u16 = 10;

/// Not an agent id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an agent id: expected a whole number from 1 to 99")]
pub struct InvalidAgentId(String);

impl AgentId {
    /// The highest id.
    pub const MAX: u8 = 99;

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }

    /// What is added to every port base.
    pub fn port_offset(self) -> u16 {
        u16::from(self.0) * STRIDE
    }

    /// The name of its database and of its role: `agent_3`.
    pub fn database(self) -> String {
        format!("agent_{}", self.0)
    }

    /// The name of its bucket, mail user and stack: `agent-3`.
    pub fn bucket(self) -> String {
        format!("agent-{}", self.0)
    }

    /// Its stack in a home.
    pub fn stack(self) -> crate::system::StackName {
        crate::system::StackName::Agent(self.0)
    }
}

impl TryFrom<u8> for AgentId {
    type Error = InvalidAgentId;

    fn try_from(number: u8) -> Result<Self, InvalidAgentId> {
        if (1..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(InvalidAgentId(number.to_string())) }
    }
}

impl From<AgentId> for u8 {
    fn from(id: AgentId) -> Self {
        id.0
    }
}

impl FromStr for AgentId {
    type Err = InvalidAgentId;

    fn from_str(text: &str) -> Result<Self, InvalidAgentId> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let number = plain.then(|| text.parse::<u8>().ok()).flatten();
        number.and_then(|number| Self::try_from(number).ok()).ok_or_else(|| InvalidAgentId(text.to_owned()))
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
