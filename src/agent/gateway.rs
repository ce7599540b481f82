//! The gateway of `harness serve`, as commands know it: which names it gives to ports of agents, and where it listens.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Record;
use crate::project::AgentId;
use crate::system::{self, Home, Versioned, read_versioned, write_versioned};

/// Where the gateway of a home listens: `serve/gateway.json`. It stays while `serve` does not run, so that addresses in
/// environments do not change with it; a `serve` without a gateway removes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gateway {
    /// Whether browsers speak TLS to it.
    pub tls: bool,
    /// The port that browsers use: that of TLS, where there is one.
    pub port: u16,
    /// The port without TLS.
    pub plain_port: u16,
    /// A name of one's own; `localhost` otherwise.
    pub domain: Option<String>,
}

impl Versioned for Gateway {
    const WHAT: &'static str = "address of the gateway";
    const VERSION: u32 = 1;
}

impl Gateway {
    fn path(home: &Home) -> PathBuf {
        home.path().join("serve/gateway.json")
    }

    /// The gateway of a home, where one is on.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read(home: &Home) -> system::Result<Option<Self>> {
        read_versioned(&Self::path(home))
    }

    /// Writes where it listens.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, home: &Home) -> system::Result<()> {
        write_versioned(&Self::path(home), self)
    }

    /// Writes that there is none.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(home: &Home) -> system::Result<()> {
        system::remove_if_exists(&Self::path(home)).map(drop)
    }

    /// `https://localhost:8443`.
    pub fn url(&self) -> String {
        self.url_of(None)
    }

    /// The URL of an agent's port.
    pub fn url_to(&self, record: &Record, port: &str) -> String {
        let name = host_name(port, record.agent, &record.project);
        // a certificate for `*.dev.example.org` covers one part more, not three
        self.url_of(Some(if self.domain.is_some() { flat(&name) } else { name }))
    }

    fn url_of(&self, name: Option<String>) -> String {
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        let domain = self.domain.as_deref().unwrap_or("localhost");
        let name = name.map_or_else(String::new, |name| name + ".");
        let port = if self.port == usual { String::new() } else { format!(":{}", self.port) };
        format!("{scheme}://{name}{domain}{port}")
    }
}

/// A word as a part of a host name: `Board_UI` is `board-ui`.
pub fn host_label(word: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    word.chars().map(letter).collect::<String>().trim_matches('-').to_owned()
}

/// The name of a port before the domain: `web.3.board`.
pub fn host_name(port: &str, agent: AgentId, project: &str) -> String {
    format!("{}.{agent}.{}", host_label(port), host_label(project))
}

/// The same name in one part: `web--3--board`.
pub fn flat(name: &str) -> String {
    name.replace('.', "--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_browsers_take() {
        let agent = AgentId::try_from(3).unwrap();
        assert_eq!(host_name("Web_UI.1", agent, "my_board-"), "web-ui-1.3.my-board");
    }

    #[test]
    fn a_port_that_browsers_assume_is_not_written() {
        let plain = Gateway { tls: false, port: 80, plain_port: 80, domain: None };
        assert_eq!(plain.url_of(Some("web.3.board".to_owned())), "http://web.3.board.localhost");
        let secure = Gateway { tls: true, port: 8443, domain: Some("dev.example.org".to_owned()), ..plain };
        assert_eq!(secure.url(), "https://dev.example.org:8443");
    }
}
