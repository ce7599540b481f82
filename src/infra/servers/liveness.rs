//! Whether a server works at all: the smallest exchange of its protocol.
//!
//! A process that is stopped and a container that is paused still accept connections, because the kernel does that
//! for them; so does a foreign program on the port. Only an answer in the server's own protocol counts. The same
//! question is asked by the supervisor (native engine), by `autoheal` (docker engine) and by `status`.

use std::time::Duration;

use crate::supervisor::{ProbeCheckSpec, ProbeSpec, exchange};

/// Between two questions.
pub(in crate::infra) const PERIOD: Duration = Duration::from_secs(2);
/// For one answer. A machine under load is slow, and a server that is slow must not be restarted.
pub(in crate::infra) const LIMIT: Duration = Duration::from_secs(4);
/// Questions in a row without an answer after which the server is restarted: after 18 s at the latest.
pub(in crate::infra) const FAILURES: u32 = 3;

/// `SSLRequest` of PostgreSQL's protocol: a length of 8 and the code 80877103. The answer is one letter, or an error;
/// a client that then closes the connection leaves no line in the server's log.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What a server is asked, and how its answers begin.
#[derive(Debug, Clone, Copy)]
pub(in crate::infra) struct Liveness {
    port: u16,
    send: &'static [u8],
    expect: &'static [&'static str],
}

/// The result of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::infra) enum Pulse {
    /// It answered.
    Alive,
    /// It accepted the connection, or left it pending, and did not answer.
    Silent,
    /// It refused the connection, or what answered is not this server.
    Broken(String),
}

impl Liveness {
    pub(super) fn postgres(port: u16) -> Self {
        Self { port, send: &SSL_REQUEST, expect: &["N", "S", "E"] }
    }

    /// Any status will do. Chromium closes a connection without an answer if the request has no `Host`.
    pub(super) fn http(port: u16) -> Self {
        let send = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: harness\r\nConnection: close\r\n\r\n";
        Self { port, send, expect: &["HTTP/1."] }
    }

    /// The greeting; without a QUIT some servers log an error.
    pub(super) fn smtp(port: u16) -> Self {
        Self { port, send: b"QUIT\r\n", expect: &["220"] }
    }

    /// For the supervisor.
    pub(super) fn probe(&self) -> ProbeSpec {
        ProbeSpec {
            check: ProbeCheckSpec::Exchange { port: self.port, send: self.send.to_vec(), expect: self.expected() },
            initial_delay_seconds: 0.0,
            period_seconds: PERIOD.as_secs_f64(),
            timeout_seconds: LIMIT.as_secs_f64(),
            success_threshold: 1,
            failure_threshold: FAILURES,
        }
    }

    /// Asks once.
    pub(in crate::infra) async fn ask(&self, limit: Duration) -> Pulse {
        match tokio::time::timeout(limit, exchange(self.port, self.send, &self.expected())).await {
            Ok(Ok(None)) => Pulse::Alive,
            Ok(Ok(Some(wrong))) => Pulse::Broken(wrong),
            Ok(Err(error)) => Pulse::Broken(format!("port {}: {error}", self.port)),
            Err(_) => Pulse::Silent,
        }
    }

    fn expected(&self) -> Vec<String> {
        self.expect.iter().map(|start| (*start).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_that_only_accepts_is_silent_and_a_closed_one_is_broken() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let liveness = Liveness::postgres(listener.local_addr().unwrap().port());
        assert_eq!(liveness.ask(Duration::from_millis(50)).await, Pulse::Silent);
        drop(listener);
        assert!(matches!(liveness.ask(LIMIT).await, Pulse::Broken(_)));
    }
}
