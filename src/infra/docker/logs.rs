//! What containers printed.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use super::names::Project;
use crate::infra::error::docker::{Error, Result};
use crate::supervisor::logs::{LogLine, Stream};

/// Which part of a log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogRange {
    /// This number of last lines; `None` is all.
    pub tail: Option<usize>,
    /// Only what is newer, in seconds since 1970.
    pub since: Option<i32>,
}

/// The lines of these services so far, by time.
pub(super) async fn read(
    docker: &Docker,
    project: &Project,
    services: &[String],
    range: LogRange,
) -> Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    for service in services {
        lines.extend(one(docker, project, service, range, false).try_collect::<Vec<_>>().await?);
    }
    lines.sort_by_key(|line| line.time);
    let surplus = range.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
    Ok(lines.split_off(surplus))
}

/// The lines of these services as they are written, without end.
pub(super) fn follow(
    docker: &Docker,
    project: &Project,
    services: &[String],
    range: LogRange,
) -> BoxStream<'static, Result<LogLine>> {
    stream::select_all(services.iter().map(|service| one(docker, project, service, range, true))).boxed()
}

fn one(
    docker: &Docker,
    project: &Project,
    service: &str,
    range: LogRange,
    follow: bool,
) -> BoxStream<'static, Result<LogLine>> {
    let name = project.container(service);
    let tail = range.tail.map_or_else(|| "all".to_owned(), |lines| lines.to_string());
    let mut options = LogsOptionsBuilder::new().stdout(true).stderr(true).timestamps(true).follow(follow).tail(&tail);
    if let Some(since) = range.since {
        options = options.since(since);
    }
    let docker = docker.clone();
    let process = service.to_owned();
    // the stream borrows nothing of the client, but does not say so
    let pieces: Box<dyn futures_util::Stream<Item = _> + Send + Unpin> =
        Box::new(Box::pin(docker.logs(&name, Some(options.build()))));
    pieces
        .map(move |piece| {
            piece.map(|piece| line(&process, piece)).map_err(Error::call(format!("read the log of `{name}`")))
        })
        .boxed()
}

/// The engine sends a line a piece, its time before it.
fn line(process: &str, piece: LogOutput) -> LogLine {
    let stream = if matches!(piece, LogOutput::StdErr { .. }) { Stream::Stderr } else { Stream::Stdout };
    let bytes = piece.into_bytes();
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let split = text.iter().position(|byte| *byte == b' ').unwrap_or(0);
    let time = std::str::from_utf8(&text[..split]).ok().and_then(|time| time.parse().ok());
    let rest = if time.is_some() { &text[split + 1..] } else { text };
    LogLine {
        time: time.unwrap_or_else(jiff::Timestamp::now),
        process: process.to_owned(),
        stream,
        bytes: rest.to_vec(),
        continued: false,
    }
}

/// The last lines of one service, for an error; nothing where they are not available.
pub(super) async fn tail(docker: &Docker, project: &Project, service: &str, lines: usize) -> Vec<String> {
    let range = LogRange { tail: Some(lines), ..LogRange::default() };
    let lines = read(docker, project, &[service.to_owned()], range).await.unwrap_or_default();
    lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_time_is_taken_off_the_line() {
        let message = "2026-11-21T11:22:33.123456789Z hello there\r\n".into();
        let found = line("db", LogOutput::StdErr { message });
        assert_eq!((found.bytes.as_slice(), found.stream), (&b"hello there"[..], Stream::Stderr));
        assert_eq!(found.time.to_string(), "2026-11-21T11:22:33.123456789Z");
        let odd = line("db", LogOutput::StdOut { message: "no time\n".into() });
        assert_eq!(odd.bytes, b"no time");
    }
}
