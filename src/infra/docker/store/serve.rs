//! The life of one container.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerState;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, StopContainerOptionsBuilder,
};
use futures_util::StreamExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use super::container::{HOME, body, name, port};
use super::kept::engine;
use super::request::Request;
use crate::infra::docker::names::whose;
use crate::infra::docker::{apply, forward};
use crate::infra::error::docker::{Error, Result, is_not_found};

/// Between two attempts to reach the server inside.
const PAUSE: Duration = Duration::from_millis(50);
/// For one attempt: an address that leads nowhere answers nothing.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Between two looks at a container whose output has ended.
const END_PAUSE: Duration = Duration::from_millis(100);

/// Makes and starts the container, and returns its status when it has ended.
pub(super) async fn run(request: &Request) -> Result<i64> {
    let docker = engine(&request.home).await?;
    let name = name(request.home.id(), &request.stack, &request.store);
    let failed = |what: &str| Error::call(format!("{what} `{name}`"));
    // of a process that was killed
    if is_there(&docker, request, &name).await? {
        apply::remove(&docker, &name, &name).await?;
    }
    let image = docker.inspect_image(&request.container.image).await.map_err(failed("look at the image of"))?;
    let image = image.config.unwrap_or_default();
    let inner = port(request, &image)?;
    let made = body(request, request.home.id(), &request.stack, &image)?;
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    docker.create_container(Some(options), made).await.map_err(failed("make the container"))?;
    let options = AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).build();
    let attached = docker.attach_container(&name, Some(options)).await.map_err(failed("attach to the container"))?;
    docker.start_container(&name, None).await.map_err(failed("start the container"))?;
    let mut output = attached.output;
    let print = async {
        // it has ended, or the engine has
        while let Some(Ok(piece)) = output.next().await {
            pass_on(piece);
        }
    };
    tokio::select! {
        () = print => {}
        error = listen(&docker, request, &name, inner) => return Err(error),
    }
    loop {
        let state = inspect(&docker, &name).await?.0;
        if state.running != Some(true) {
            return Ok(state.exit_code.unwrap_or(1));
        }
        sleep(END_PAUSE).await;
    }
}

/// Stops the container in order, and removes it; nothing where there is none.
pub(super) async fn stop(request: &Request) -> Result<()> {
    let docker = engine(&request.home).await?;
    let name = name(request.home.id(), &request.stack, &request.store);
    if !is_there(&docker, request, &name).await? {
        return Ok(());
    }
    let options = StopContainerOptionsBuilder::new().t(request.container.stop_seconds).build();
    match docker.stop_container(&name, Some(options)).await {
        Err(error) if !is_not_found(&error) => Err(Error::call(format!("stop the container `{name}`"))(error)),
        _ => apply::remove(&docker, &name, &name).await,
    }
}

/// Whether there is one of this name.
///
/// # Errors
/// It is not this home's.
async fn is_there(docker: &Docker, request: &Request, name: &str) -> Result<bool> {
    let labels = match docker.inspect_container(name, None).await {
        Ok(found) => found.config.and_then(|config| config.labels),
        Err(error) if is_not_found(&error) => return Ok(false),
        Err(error) => return Err(Error::call(format!("look at the container `{name}`"))(error)),
    };
    if labels.as_ref().and_then(|labels| labels.get(HOME)).map(String::as_str) != Some(request.home.id()) {
        return Err(Error::Foreign { kind: "container", name: name.to_owned(), whose: whose(labels.as_ref()) });
    }
    Ok(true)
}

/// Listens on the agent's port once the server inside accepts connections. Returns only why it cannot.
async fn listen(docker: &Docker, request: &Request, name: &str, inner: u16) -> Error {
    let address = match inspect(docker, name).await {
        Ok((_, Some(address))) => SocketAddr::new(address, inner),
        // it has ended at once: its output ends too
        Ok((state, None)) if state.running != Some(true) => return std::future::pending().await,
        Ok((_, None)) => return problem(request, "the engine gives it no address on this machine"),
        Err(error) => return error,
    };
    let mut silent = 0;
    loop {
        match timeout(ATTEMPT, TcpStream::connect(address)).await {
            Ok(Ok(_)) => break,
            // refused: it is not ready yet
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => silent = 0,
            _ => silent += 1,
        }
        if silent > 30 {
            let text = format!(
                "this machine does not reach its address {address}: the engine is in a virtual machine or runs without root"
            );
            return problem(request, &text);
        }
        sleep(PAUSE).await;
    }
    match TcpListener::bind(("127.0.0.1", request.port)).await {
        Ok(listener) => {
            forward::accept(listener, address).await;
            std::future::pending().await
        }
        Err(error) => problem(request, &format!("port {} cannot be listened on: {error}", request.port)),
    }
}

fn problem(request: &Request, problem: &str) -> Error {
    Error::StoreContainer { store: request.store.clone(), problem: problem.to_owned() }
}

async fn inspect(docker: &Docker, name: &str) -> Result<(ContainerState, Option<IpAddr>)> {
    let found = docker.inspect_container(name, None).await;
    let found = found.map_err(Error::call(format!("look at the container `{name}`")))?;
    let networks = found.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let address = networks.into_values().find_map(|network| network.ip_address?.parse().ok());
    Ok((found.state.unwrap_or_default(), address))
}

/// A reader that is gone ends nothing.
fn pass_on(piece: LogOutput) {
    match piece {
        LogOutput::StdErr { message } => {
            let _ = std::io::stderr().write_all(&message);
        }
        other => {
            let mut output = std::io::stdout();
            let _ = output.write_all(&other.into_bytes()).and_then(|()| output.flush());
        }
    }
}
