//! A command inside a service's container.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures_util::TryStreamExt;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::error::{Error, Result, is_not_found};
use super::names::Project;

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
}

/// Runs a command without a terminal and passes on what it prints; returns its exit code.
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
        ..Default::default()
    };
    let id = match docker.create_exec(&name, config).await {
        Ok(created) => created.id,
        Err(error) if is_not_found(&error) => return Err(Error::NoContainer { service: request.service.to_owned() }),
        Err(error) => return Err(failed("prepare a command")(error)),
    };
    let started = docker.start_exec(&id, None).await.map_err(failed("start a command"))?;
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
        // the command's end counts, whether it has read everything or not
        tokio::pin!(feed);
        tokio::pin!(read);
        tokio::select! {
            outcome = &mut read => outcome?,
            () = &mut feed => read.await?,
        }
    }
    let inspected = docker.inspect_exec(&id).await.map_err(failed("ask for a command's end"))?;
    Ok(inspected.exit_code.unwrap_or(0))
}
