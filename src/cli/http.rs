//! `harness http`.

use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use hyper::Method;

use super::invocation::{Invocation, interruptible};
use crate::agent::{self, HttpRequest};
use crate::report::{Failure, HttpAnswer, HttpHead};
use crate::system::{self, text};

/// Ask an agent's application over HTTP, and print status, headers and body.
///
/// The agent's supervisor makes the connection, so that this works in a sandbox without a network. Redirects are not
/// followed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  harness http 3 api /health                     print the answer as `curl -i` does
  harness http api '/orders?page=2'              inside a work tree, without the id
  harness http 3 api /orders -d '{\"item\": 7}' -H 'content-type: application/json'
  harness http 3 api /orders/7 -X DELETE --fail  exit 1 on a status of 400 or above")]
pub(super) struct Arguments {
    /// The agent, the name of a port, and a path: `3 api /health`, or inside a work tree `api /health`.
    #[arg(value_name = "[ID] PORT [PATH]", num_args = 1..=3, required = true)]
    words: Vec<String>,
    /// The method [default: GET, or POST with `--data`].
    #[arg(short = 'X', long, value_name = "METHOD")]
    method: Option<Method>,
    /// Send a header, `NAME: VALUE`.
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Send a body: its text, `@FILE`, or `@-` for stdin.
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    /// End with status 1 where the answer's status is 400 or above.
    #[arg(short, long)]
    fail: bool,
    /// Send a request that may change something to an agent of another project too.
    #[arg(long)]
    force: bool,
    /// How long the whole answer may take.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = super::duration::parse_some)]
    timeout: Duration,
}

pub(super) fn run(arguments: &Arguments, invocation: &Invocation) -> Result<ExitCode, Failure> {
    let context = invocation.context()?;
    let (named, rest) = agent::split_id(&arguments.words);
    let id = agent::resolve(&context, named)?;
    let (port, path) = match rest {
        [port] => (port.as_str(), "/"),
        [port, path] => (port.as_str(), path.as_str()),
        _ => ("", "/"),
    };
    let request = HttpRequest {
        port: port.to_owned(),
        path: path.to_owned(),
        method: arguments.method.clone(),
        headers: arguments.headers.clone(),
        body: arguments.data.as_deref().map(body).transpose()?,
        timeout: arguments.timeout,
        force: arguments.force,
    };
    let output = invocation.output;
    let (mut answered, mut body) = (None, Vec::new());
    let mut on_head = |head: &HttpHead| {
        if !output.json {
            output.data(&text_of(head));
        }
        answered = Some(head.clone());
    };
    let mut on_body = |part: &[u8]| {
        if output.json {
            body.extend_from_slice(part);
        } else {
            print(part);
        }
    };
    interruptible(agent::http(&context, id, request, &mut on_head, &mut on_body))?;
    let Some(head) = answered else { return Ok(ExitCode::FAILURE) };
    let failed = arguments.fail && head.status >= 400;
    if output.json {
        output.document(&HttpAnswer::new(head, body), |_| String::new());
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text_of(head: &HttpHead) -> String {
    let mut lines = format!("{} {} {}\n", head.version, head.status, head.reason);
    for header in &head.headers {
        lines.push_str(&text::printable(format!("{}: {}", header.name, header.value).as_bytes(), false));
        lines.push('\n');
    }
    lines.push('\n');
    lines
}

/// As it came; on a terminal without what would control it.
fn print(part: &[u8]) {
    let mut stdout = std::io::stdout().lock();
    // a reader that has gone away ends the command at its next write
    let _ = if stdout.is_terminal() {
        let lines = part.split_inclusive(|byte| *byte == b'\n').map(|line| match line.strip_suffix(b"\n") {
            Some(line) => text::printable(line, false) + "\n",
            None => text::printable(line, false),
        });
        stdout.write_all(lines.collect::<String>().as_bytes())
    } else {
        stdout.write_all(part)
    };
    let _ = stdout.flush();
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `NAME: VALUE`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn body(data: &str) -> Result<Vec<u8>, Failure> {
    match data.strip_prefix('@') {
        None => Ok(data.as_bytes().to_vec()),
        Some("-") => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map_err(system::Error::call("read stdin"))?;
            Ok(bytes)
        }
        Some(path) => Ok(std::fs::read(path).map_err(system::Error::file("read", path))?),
    }
}
