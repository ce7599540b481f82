//! A command inside a shared server's container, as an agent.
//!
//! It has a terminal where harness has one: keys are passed on unchanged, and so are changes of size.

use std::io::{IsTerminal, Read, Write};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::{Captured, Context, Error, Record};
use crate::infra::{Infra, docker};
use crate::report::Failure;
use crate::system::{self, RawTerminal};

/// Runs it; for `db`, the agent's login is in its environment. Returns its exit code, or 128 + n where signal n ended
/// harness first.
pub(super) async fn exec(
    context: &Context,
    infra: &Infra,
    record: &Record,
    service: &str,
    command: &[String],
    mut captured: Option<&mut Captured>,
) -> Result<u8, Failure> {
    let known = infra.record.service_names();
    if !known.iter().any(|name| name == service) {
        return Err(Error::UnknownService { name: service.to_owned(), known }.into());
    }
    let mut environment = Vec::new();
    if let (Some(server), Some(password), "db") = (&infra.servers.postgres, &record.database_password, service) {
        let mut login = server.agent_login(record.agent, password);
        // beside the server, its port is the usual one
        login.port = 5432;
        environment = login.environment();
    }
    let interactive = captured.is_none() && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let raw = interactive.then(RawTerminal::enter);
    let raw = raw.transpose()?;
    if raw.is_some() {
        environment.extend(context.variable("TERM").map(|terminal| ("TERM".to_owned(), terminal)));
    }
    let (keys, sizes) = (mpsc::channel(4), watch::channel(size(raw.as_ref())));
    // a terminal that the command does not use is left to the other programs that read it
    let reads = raw.is_some() || !std::io::stdin().is_terminal();
    let request = docker::ExecRequest {
        service,
        command,
        environment,
        input: reads.then_some(keys.1),
        terminal: raw.is_some().then_some(sizes.1),
    };
    if reads {
        pass_on_standard_input(keys.0.clone());
    }
    let command = docker::exec(&context.home, &infra.record, request, |is_error, bytes| {
        // a reader that went away is not a failure of the command
        let _ = if let Some(captured) = &mut captured {
            let stream = if is_error { &mut captured.stderr } else { &mut captured.stdout };
            stream.extend_from_slice(bytes);
            Ok(())
        } else if is_error {
            write(std::io::stderr(), bytes)
        } else {
            write(std::io::stdout(), bytes)
        };
    });
    let Some(raw) = raw else {
        // the end of what is read is the end of the thread's sender
        drop(keys.0);
        return Ok(u8::try_from(command.await?).unwrap_or(125));
    };
    tokio::pin!(command);
    let mut resized = signal(SignalKind::window_change()).map_err(system::Error::call("follow the terminal"))?;
    let ended = super::ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            code = &mut command => return Ok(u8::try_from(code?).unwrap_or(125)),
            _ = resized.recv() => {
                let _ = sizes.0.send(size(Some(&raw)));
            }
            signal = &mut ended => {
                // the program that reads the terminal inside gets an end of input
                for key in HANG_UP {
                    let _ = keys.0.try_send(vec![key]);
                    if timeout(FAREWELL, &mut command).await.is_ok() {
                        break;
                    }
                }
                return Ok(128 + signal);
            }
        }
    }
}

/// Ctrl-C, then Ctrl-D: one after the other, since an interrupt discards what was typed.
const HANG_UP: [u8; 2] = [3, 4];
/// For a command inside to end by either.
const FAREWELL: Duration = Duration::from_millis(200);

fn size(terminal: Option<&RawTerminal>) -> (u16, u16) {
    terminal.and_then(RawTerminal::size).unwrap_or((80, 24))
}

fn write(mut stream: impl Write, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// Passes on what harness itself is given to read, from a thread that is not joined.
fn pass_on_standard_input(sender: mpsc::Sender<Vec<u8>>) {
    std::thread::spawn(move || {
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = std::io::stdin().read(&mut chunk) {
            if sender.blocking_send(chunk[..length].to_vec()).is_err() {
                return;
            }
        }
    });
}
