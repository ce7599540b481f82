//! Images: present, pulled with progress, or a message that says what to do.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use tokio::time::timeout;

use crate::infra::error::ImageProblem;
use crate::infra::error::docker::{Error, Result, is_not_found};
use crate::infra::servers::list::Hostings;
use crate::project::Service;
use crate::report::{Events, Task};

/// How long a registry may take to answer whether it has an image.
const MANIFEST_LIMIT: Duration = Duration::from_secs(8);
/// How long a pull may make no progress; the engine itself tries again for a while.
const STALL_LIMIT: Duration = Duration::from_mins(2);

/// What harness needs to know of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    /// `sha256:…`.
    pub(super) id: String,
    /// Major version of its PostgreSQL, as official images say.
    pub(super) postgres_major: Option<u32>,
}

/// The image, where the engine has it.
pub(super) async fn inspect(docker: &Docker, image: &str) -> Result<Option<Image>> {
    match docker.inspect_image(image).await {
        Ok(found) => {
            let environment = found.config.and_then(|config| config.env).unwrap_or_default();
            let major = environment.iter().find_map(|variable| variable.strip_prefix("PG_MAJOR="));
            Ok(Some(Image {
                id: found.id.unwrap_or_default(),
                postgres_major: major.and_then(|major| major.parse().ok()),
            }))
        }
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(Error::call(format!("look at the image `{image}`"))(error)),
    }
}

/// The image; pulled when the engine does not have it.
///
/// # Errors
/// [`Error::Image`] says why it is not available, and the remedy.
pub(super) async fn ensure(docker: &Docker, service: &str, image: &str, events: &Events) -> Result<Image> {
    if let Some(found) = inspect(docker, image).await? {
        return Ok(found);
    }
    pull(docker, service, image, events).await?;
    match inspect(docker, image).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Error::Image {
            image: image.to_owned(),
            service: service.to_owned(),
            setting: setting(service),
            problem: ImageProblem::NotFound,
            said: "it was pulled, but the engine does not list it".to_owned(),
        }),
        // an answer that is cut between two lines looks complete
        Err(Error::Call { source, .. }) => Err(Error::Interrupted { image: image.to_owned(), source }),
        Err(other) => Err(other),
    }
}

/// Refuses an image that the engine does not have and that its registry does not give: asked for its manifest alone,
/// so that a refusal costs no download.
pub(super) async fn check_available(docker: &Docker, service: &str, image: &str) -> Result<()> {
    if inspect(docker, image).await?.is_some() {
        return Ok(());
    }
    let (said, status) = match timeout(MANIFEST_LIMIT, docker.inspect_registry_image(image, None)).await {
        Ok(Ok(_)) => return Ok(()),
        // an engine that cannot ask (Podman) finds out when it pulls
        Ok(Err(error)) if is_not_found(&error) && error.to_string().contains("page not found") => return Ok(()),
        Ok(Err(bollard::errors::Error::DockerResponseServerError { status_code, message })) => {
            (message, Some(status_code))
        }
        Ok(Err(other)) => (other.to_string(), None),
        Err(_) => (format!("i/o timeout: no answer from the registry for {} s", MANIFEST_LIMIT.as_secs()), None),
    };
    let problem = ImageProblem::of(status, &said);
    Err(Error::Image { image: image.to_owned(), service: service.to_owned(), setting: setting(service), problem, said })
}

/// Pulls an image, and reports the progress of its layers.
pub(super) async fn pull(docker: &Docker, service: &str, image: &str, events: &Events) -> Result<()> {
    let task = events.task("infra", format!("pull {image}"));
    let failed = |said: String, status: Option<u16>| Error::Image {
        image: image.to_owned(),
        service: service.to_owned(),
        setting: setting(service),
        problem: ImageProblem::of(status, &said),
        said,
    };
    let interrupted = |source| Error::Interrupted { image: image.to_owned(), source };
    let options = CreateImageOptionsBuilder::new().from_image(image).build();
    let mut stream = Box::pin(docker.create_image(Some(options), None, None));
    let mut layers = Layers::default();
    loop {
        let item = timeout(STALL_LIMIT, stream.try_next()).await;
        let item = item.map_err(|_| failed(format!("i/o timeout: no data for {} s", STALL_LIMIT.as_secs()), None))?;
        let item = item.map_err(|error| match error {
            bollard::errors::Error::DockerResponseServerError { status_code, message } => {
                failed(message, Some(status_code))
            }
            bollard::errors::Error::DockerStreamError { error } => failed(error, None),
            other => interrupted(other),
        })?;
        let Some(info) = item else { break };
        if let Some(error) = info.error_detail {
            return Err(failed(error.message.unwrap_or_default(), None));
        }
        layers.take(info, &task);
    }
    task.finish();
    Ok(())
}

/// Where the image of a service is named.
fn setting(service: &str) -> String {
    let all = Hostings::none();
    let table = Service::of_name(service).map(|service| all.get(service).table());
    table.map_or_else(
        || "the service's `image` in the compose file".to_owned(),
        |table| format!("`image` of `[infra.{table}]`"),
    )
}

/// What is known of the layers of a pull.
#[derive(Default)]
struct Layers {
    bytes: BTreeMap<String, (u64, u64)>,
    complete: usize,
}

impl Layers {
    fn take(&mut self, info: CreateImageInfo, task: &Task) {
        let (Some(layer), Some(status)) = (info.id, info.status) else { return };
        match (status.as_str(), info.progress_detail) {
            ("Downloading", Some(progress)) => {
                let number = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or(0);
                self.bytes.insert(layer, (number(progress.current), number(progress.total)));
            }
            ("Download complete", _) => {
                if let Some((done, total)) = self.bytes.get_mut(&layer) {
                    *done = *total;
                }
            }
            ("Pull complete" | "Already exists", _) => {
                self.bytes.entry(layer).or_default();
                self.complete += 1;
            }
            ("Pulling fs layer" | "Waiting", _) => {
                self.bytes.entry(layer).or_default();
            }
            _ => return,
        }
        let (done, total) = self.bytes.values().fold((0, 0), |(done, total), layer| (done + layer.0, total + layer.1));
        task.advance(done, Some(total).filter(|total| *total > 0));
        task.detail(format!("{} of {} layers", self.complete, self.bytes.len()));
    }
}
