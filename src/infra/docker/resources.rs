//! The network and the volumes of a compose project: made when they are missing, refused when they are another's.

use bollard::Docker;
use bollard::models::{Ipam, NetworkCreateRequest, VolumeCreateRequest};

use super::names::{Project, whose};
use super::wanted::Wanted;
use crate::infra::error::docker::{Error, Result, is_not_found};

/// Makes the network and the volumes that are missing; those that exist must be ours.
pub(super) async fn ensure(docker: &Docker, wanted: &Wanted) -> Result<()> {
    let project = &wanted.project;
    // all are looked at before any is made, so that a foreign one leaves nothing incomplete
    let network = network(docker, project).await?;
    let mut missing = Vec::new();
    for key in wanted.document.volumes.keys() {
        if volume(docker, project, key).await?.is_none() {
            missing.push(key);
        }
    }
    if network.is_none() {
        let name = project.network();
        let request = NetworkCreateRequest {
            name: name.clone(),
            labels: Some(project.network_labels(&wanted.document.network_labels)),
            ipam: Some(Ipam::default()),
            ..Default::default()
        };
        docker.create_network(request).await.map_err(Error::call(format!("create the network `{name}`")))?;
    }
    for key in missing {
        let name = project.volume(key);
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(project.volume_labels(key, &wanted.document.volumes[key].labels)),
            ..Default::default()
        };
        docker.create_volume(request).await.map_err(Error::call(format!("create the volume `{name}`")))?;
    }
    Ok(())
}

/// The gateway of the project's network, where there is one; an error when the network is another's.
pub(super) async fn network(docker: &Docker, project: &Project) -> Result<Option<ProjectNetwork>> {
    let name = project.network();
    match docker.inspect_network(&name, None).await {
        Ok(found) if project.owns(found.labels.as_ref()) => {
            let named =
                found.options.as_ref().and_then(|options| options.get("com.docker.network.bridge.name")).cloned();
            let usual = || found.id.as_ref().and_then(|id| Some(format!("br-{}", id.get(..12)?)));
            let bridge = named.or_else(usual);
            let gateway = found
                .ipam
                .and_then(|ipam| ipam.config)
                .and_then(|configs| configs.into_iter().find_map(|config| config.gateway));
            Ok(Some(ProjectNetwork { gateway, bridge }))
        }
        Ok(found) => Err(Error::Foreign { kind: "network", name, whose: whose(found.labels.as_ref()) }),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(Error::call(format!("look at the network `{name}`"))(error)),
    }
}

/// The project's network.
pub(super) struct ProjectNetwork {
    /// Its address of this machine.
    pub(super) gateway: Option<String>,
    /// The interface of this machine that has it.
    pub(super) bridge: Option<String>,
}

/// Whether the project has this volume; an error when it is another's.
pub(super) async fn volume(docker: &Docker, project: &Project, key: &str) -> Result<Option<()>> {
    let name = project.volume(key);
    match docker.inspect_volume(&name).await {
        Ok(found) if project.owns(Some(&found.labels)) => Ok(Some(())),
        Ok(found) => Err(Error::Foreign { kind: "volume", name, whose: whose(Some(&found.labels)) }),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(Error::call(format!("look at the volume `{name}`"))(error)),
    }
}
