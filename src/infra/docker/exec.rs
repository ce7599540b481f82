//! A command inside a service's container.

use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures_util::TryStreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::names::Project;
use crate::infra::error::docker::{Error, Result, is_not_found};

/// A command, and what it is given.
pub struct ExecRequest<'a> {
    /// The service whose container it runs in.
    pub service: &'a str,
    /// Program and arguments.
    pub command: &'a [String],
    /// Added to the container's environment.
    pub environment: Vec<(String, String)>,
    /// What it reads; ends when the sender is dropped. `None` is nothing.
    pub input: Option<mpsc::Receiver<Vec<u8>>>,
    /// Gives it a terminal of this size, columns and rows, and then of each further one.
    pub terminal: Option<watch::Receiver<(u16, u16)>>,
}

/// Interval of checks on a command that has closed its streams.
const END_PAUSE: Duration = Duration::from_millis(20);
/// Milliseconds before further attempts to size a terminal, whose command may not have begun yet.
const SIZE_PAUSES: [u64; 5] = [10, 20, 40, 80, 160];

/// Runs a command and passes on what it prints; returns its exit code.
pub(super) async fn exec(
    docker: &Docker,
    project: &Project,
    request: ExecRequest<'_>,
    mut output: impl FnMut(bool, &[u8]),
) -> Result<i64> {
    let name = project.container(request.service);
    let failed = |what: &str| Error::call(format!("{what} in `{name}`"));
    let config = ExecConfig {
        cmd: Some(request.command.to_vec()),
        env: Some(request.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        attach_stdin: Some(request.input.is_some()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(request.terminal.is_some()),
        ..Default::default()
    };
    let id = match docker.create_exec(&name, config).await {
        Ok(created) => created.id,
        Err(error) if is_not_found(&error) => return Err(Error::NoContainer { service: request.service.to_owned() }),
        Err(error) => return Err(failed("prepare a command")(error)),
    };
    let options = StartExecOptions { tty: request.terminal.is_some(), ..Default::default() };
    let started = docker.start_exec(&id, Some(options)).await.map_err(failed("start a command"))?;
    if let StartExecResults::Attached { output: mut pieces, input: mut writer } = started {
        let feed = async {
            let Some(mut input) = request.input else { return };
            while let Some(bytes) = input.recv().await {
                // a command that has ended reads no more
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            let _ = writer.shutdown().await;
        };
        let read = async {
            while let Some(piece) = pieces.try_next().await.map_err(failed("read a command's output"))? {
                let is_error = matches!(piece, LogOutput::StdErr { .. });
                output(is_error, &piece.into_bytes());
            }
            Ok::<_, Error>(())
        };
        let size = async {
            if let Some(sizes) = request.terminal {
                follow_size(docker, &id, sizes).await;
            }
            std::future::pending::<()>().await;
        };
        // the command's end counts, whether it has read everything or not
        tokio::select! {
            outcome = read => outcome?,
            ((), ()) = async { tokio::join!(feed, size) } => {}
        }
    }
    // a command may close its streams and keep running
    loop {
        let inspected = docker.inspect_exec(&id).await.map_err(failed("ask for a command's end"))?;
        if let (Some(code), Some(false)) = (inspected.exit_code, inspected.running) {
            return Ok(code);
        }
        sleep(END_PAUSE).await;
    }
}

/// Keeps the command's terminal at the size of the user's.
async fn follow_size(docker: &Docker, id: &str, mut sizes: watch::Receiver<(u16, u16)>) {
    loop {
        let (columns, rows) = *sizes.borrow_and_update();
        for pause in SIZE_PAUSES {
            let options = ResizeExecOptionsBuilder::new().w(columns.into()).h(rows.into()).build();
            if docker.resize_exec(id, options).await.is_ok() {
                break;
            }
            sleep(Duration::from_millis(pause)).await;
        }
        if sizes.changed().await.is_err() {
            return;
        }
    }
}
