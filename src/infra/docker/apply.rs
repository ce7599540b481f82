//! Executes an action on one service's container.

use std::path::Path;

use bollard::Docker;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder, RestartContainerOptions,
    StartContainerOptions, StopContainerOptionsBuilder,
};

use super::container;
use super::names::{Project, whose};
use super::plan::Action;
use crate::infra::compose::ComposeService;
use crate::infra::error::docker::{Error, Result, is_not_found};

/// One service: its name, what it should be, and the id of its image.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) service: &'a ComposeService,
    pub(super) image_id: &'a str,
}

/// Executes it. `directory` is where the home keeps the compose file.
pub(super) async fn apply(
    docker: &Docker,
    project: &Project,
    subject: &Subject<'_>,
    action: &Action,
    directory: &Path,
) -> Result<()> {
    let name = project.container(subject.name);
    match action {
        Action::Keep => Ok(()),
        Action::Create => create(docker, project, subject, directory).await,
        Action::Recreate(id, _) => {
            stop(docker, id, &name).await?;
            remove(docker, id, &name).await?;
            create(docker, project, subject, directory).await
        }
        Action::Start(id) => start(docker, id, &name).await,
        Action::Unpause(id) => {
            docker.unpause_container(id).await.map_err(Error::call(format!("unpause the container `{name}`")))
        }
        Action::Restart(id) => docker
            .restart_container(id, None::<RestartContainerOptions>)
            .await
            .map_err(Error::call(format!("restart the container `{name}`"))),
    }
}

async fn create(docker: &Docker, project: &Project, subject: &Subject<'_>, directory: &Path) -> Result<()> {
    let name = project.container(subject.name);
    let body = container::body(project, subject.name, subject.service, subject.image_id, directory);
    let options = CreateContainerOptionsBuilder::new().name(&name).build();
    let created = docker
        .create_container(Some(options), body)
        .await
        .map_err(Error::call(format!("create the container `{name}`")))?;
    if let Err(error) = start(docker, &created.id, &name).await {
        // one that never ran would block the next attempt
        let _ = remove(docker, &created.id, &name).await;
        return Err(error);
    }
    Ok(())
}

/// Refuses a container that has the name but does not belong to the compose project: it blocks the name.
pub(super) async fn check_name(docker: &Docker, project: &Project, service: &str) -> Result<()> {
    let name = project.container(service);
    match docker.inspect_container(&name, None::<InspectContainerOptions>).await {
        Ok(found) => {
            let labels = found.config.and_then(|config| config.labels);
            if project.owns(labels.as_ref()) {
                return Ok(());
            }
            Err(Error::Foreign { kind: "container", name, whose: whose(labels.as_ref()) })
        }
        Err(error) if is_not_found(&error) => Ok(()),
        Err(error) => Err(Error::call(format!("look at the container `{name}`"))(error)),
    }
}

async fn start(docker: &Docker, id: &str, name: &str) -> Result<()> {
    docker
        .start_container(id, None::<StartContainerOptions>)
        .await
        .map_err(Error::call(format!("start the container `{name}`")))
}

/// Stops a container in its own grace period; one that is gone or stopped already is no error.
pub(super) async fn stop(docker: &Docker, id: &str, name: &str) -> Result<()> {
    match docker.stop_container(id, Some(StopContainerOptionsBuilder::new().build())).await {
        Err(error) if !is_not_found(&error) && !is_not_modified(&error) => {
            Err(Error::call(format!("stop the container `{name}`"))(error))
        }
        _ => Ok(()),
    }
}

/// Removes a container with its anonymous volumes; named ones stay.
pub(super) async fn remove(docker: &Docker, id: &str, name: &str) -> Result<()> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    match docker.remove_container(id, Some(options)).await {
        Err(error) if !is_not_found(&error) => Err(Error::call(format!("remove the container `{name}`"))(error)),
        _ => Ok(()),
    }
}

fn is_not_modified(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 304, .. })
}
