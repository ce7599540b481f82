//! Asking a process whether it is well. Where no host is named, both loopback addresses are asked, and one
//! that answers is enough: what binds only `[::1]` is as ready as what binds only `127.0.0.1`.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::parent_id;
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::outcome::{Fate, look, reap};
use super::spawn::Program;
use crate::supervisor::exchange::exchange;
use crate::supervisor::machine::Outcome;
use crate::supervisor::readiness::readable;
use crate::supervisor::spec::{ProbeCheckSpec, ProbeSpec};
use crate::system::proc::descendants;
use crate::system::{MARKER, stranger_at};

/// What an answer is read up to, after its status line.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How long the rest of an answer is waited for once its status is known.
const COURTESY: Duration = Duration::from_millis(100);

/// Asks once. `program` is what an `exec` probe's command runs with. On the ports that the process must listen on,
/// `listens_on`, the answer of a program of another stack, or of none, is no answer.
pub(super) async fn ask(probe: &ProbeSpec, program: Program<'_>, listens_on: &[u16]) -> Outcome {
    let marker = program.environment.get(MARKER).map(String::as_str);
    let own = |port: u16| marker.filter(|_| listens_on.contains(&port));
    let limit = Duration::try_from_secs_f64(probe.timeout_seconds).unwrap_or(Duration::from_secs(1));
    match &probe.check {
        ProbeCheckSpec::HttpGet { host, port, path } => {
            any_address(host.as_deref(), *port, (limit, own(*port)), |address| get(address, host.as_deref(), path))
                .await
        }
        ProbeCheckSpec::TcpConnect { host, port } => {
            any_address(host.as_deref(), *port, (limit, own(*port)), |address| async move {
                TcpStream::connect(address).await.map(|_| None)
            })
            .await
        }
        ProbeCheckSpec::Exchange { port, send, expect } => {
            any_address(Some("127.0.0.1"), *port, (limit, None), |_| exchange(*port, send, expect)).await
        }
        ProbeCheckSpec::Exec { command } => execute(&Program { command, ..program }, limit).await,
    }
}

/// Asks every address that is meant; passes when one of them does. `ask` returns what is wrong, if anything.
async fn any_address<F>(
    host: Option<&str>,
    port: u16,
    (limit, own): (Duration, Option<&str>),
    ask: impl Fn(SocketAddr) -> F,
) -> Outcome
where
    F: Future<Output = io::Result<Option<String>>>,
{
    let addresses = match addresses(host, port).await {
        Ok(addresses) => addresses,
        Err(error) => return fail(format!("cannot resolve `{}`: {error}", host.unwrap_or_default()), false),
    };
    let mut answers = Vec::new();
    for address in addresses {
        match timeout(limit, ask(address)).await {
            Ok(Ok(None)) => match own.and_then(|marker| stranger(address, marker)) {
                None => return Outcome::Pass,
                Some(complaint) => answers.push((complaint, false)),
            },
            Ok(Ok(Some(complaint))) => answers.push((complaint, false)),
            Ok(Err(error)) if is_nobody(&error) => answers.push((format!("connection refused on {port}"), true)),
            Ok(Err(error)) => answers.push((format!("port {port}: {error}"), false)),
            Err(_) => answers.push((format!("no answer on {port} within {} s", limit.as_secs_f64()), false)),
        }
    }
    let refused = answers.iter().all(|(_, refused)| *refused);
    let telling = answers.iter().find(|(_, refused)| refused.eq(&false)).or(answers.first());
    fail(telling.map_or_else(|| "it has no address".to_owned(), |(reason, _)| reason.clone()), refused)
}

/// Who else than the stack answered.
fn stranger(address: SocketAddr, marker: &str) -> Option<String> {
    if !address.ip().to_canonical().is_loopback() {
        return None;
    }
    // all that the stack runs hangs below the guardian, as long as that lives
    let guardian = Some(parent_id()).filter(|parent| *parent > 1);
    let likely = guardian.map(|guardian| descendants(&[guardian])).unwrap_or_default();
    let holder = stranger_at(address, marker, likely.into_iter().map(|stat| stat.pid))?;
    let (port, pid) = (address.port(), holder.pid?);
    Some(format!("port {port} is answered by pid {pid} (`{}`), which is not of this stack", holder.command))
}

fn fail(reason: String, refused: bool) -> Outcome {
    Outcome::Fail { reason, refused }
}

/// Nobody listens, or there is no such address on this machine (IPv6 off).
fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::AddrNotAvailable)
        || matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::ENETUNREACH))
}

async fn addresses(host: Option<&str>, port: u16) -> io::Result<Vec<SocketAddr>> {
    let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    let Some(host) = host.filter(|host| *host != "localhost") else {
        return Ok(loopback.map(|ip| (ip, port).into()).to_vec());
    };
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => Ok(loopback.map(|ip| (ip, port).into()).to_vec()),
        Ok(ip) => Ok(vec![(ip, port).into()]),
        Err(_) => Ok(tokio::net::lookup_host((host, port)).await?.collect()),
    }
}

/// `GET` by hand: of the answer, only the status counts.
async fn get(address: SocketAddr, host: Option<&str>, path: &str) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(address).await?;
    let host = host.unwrap_or("localhost");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}:{}\r\nUser-Agent: harness\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        address.port()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while status_of(&answer).is_none() && answer.len() < LONGEST_ANSWER && read_more(&mut stream, &mut answer).await? {}
    // the rest is taken too, so that the server does not see its answer cut off; but not every server ends
    // it in a way that can be recognised, and it changes nothing
    let rest = async {
        while answer.len() < LONGEST_ANSWER
            && !is_complete(&answer)
            && read_more(&mut stream, &mut answer).await.unwrap_or(false)
        {}
    };
    let _ = timeout(COURTESY, rest).await;
    Ok(match status_of(&answer) {
        Some(200..=399) => None,
        Some(status) => Some(format!("GET {path} on {} answered {status}", address.port())),
        None => Some(format!("port {} does not speak HTTP", address.port())),
    })
}

/// Adds what comes next; false at the end.
async fn read_more(stream: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 2048];
    let read = stream.read(&mut buffer).await?;
    answer.extend_from_slice(&buffer[..read]);
    Ok(read > 0)
}

/// Whether an answer that says its length is all there.
fn is_complete(answer: &[u8]) -> bool {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(head)) = response.parse(answer) else { return false };
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() - head >= length)
}

fn status_of(answer: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(answer.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

/// Runs a command; when it takes too long, or no caller waits any more, its whole group is killed.
async fn execute(program: &Program<'_>, limit: Duration) -> Outcome {
    let spawned = match program.spawn() {
        Ok(spawned) => spawned,
        Err(why) => return fail(why, false),
    };
    let group = KilledOnDrop(spawned.identity.pid);
    let (pidfd, _) = spawned.release();
    let Ok(pidfd) = readable(pidfd) else {
        return fail("cannot watch the probe".to_owned(), false);
    };
    let ended = timeout(limit, pidfd.readable()).await.is_ok();
    let fate = look(&pidfd);
    drop(group);
    if !ended {
        let _ = timeout(Duration::from_secs(1), pidfd.readable()).await;
    }
    reap(&pidfd);
    let command = program.command.join(" ");
    match fate {
        Fate::Own(status) if status.code == Some(0) => Outcome::Pass,
        Fate::Own(status) => fail(format!("`{command}` ended with {}", status.code.unwrap_or(-1)), false),
        Fate::Others => fail(format!("`{command}` took longer than {} s", limit.as_secs_f64()), false),
    }
}

/// A probe's process group. It is not reaped before this is dropped, so its number is still its own.
struct KilledOnDrop(u32);

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        if let Some(group) = rustix::process::Pid::from_raw(self.0.cast_signed()) {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_first_line() {
        assert_eq!(status_of(b"HTTP/1.1 204 No Content\r\n"), Some(204));
        assert_eq!(status_of(b"HTTP/1.0 503 x"), Some(503));
        assert_eq!(status_of(b"SSH-2.0-OpenSSH_9.2"), None);
        assert_eq!(status_of(b"HTTP"), None);
    }

    #[test]
    fn an_answer_with_a_length_ends_without_a_close() {
        assert!(is_complete(b"HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"));
        assert!(!is_complete(b"HTTP/1.1 200 OK\r\n\r\nok"));
    }
}
