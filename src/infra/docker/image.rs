//! Images: present, pulled with progress, or a message that says what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bollard::Docker;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::TryStreamExt;
use tokio::time::timeout;

use super::error::{Error, Result, is_not_found};
use crate::report::{Events, Task};

/// For a registry to say whether it has an image.
const MANIFEST_LIMIT: Duration = Duration::from_secs(8);
/// For a pull to go on; the engine itself tries again for a while.
const STALL_LIMIT: Duration = Duration::from_mins(2);

/// What harness goes by of an image.
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
/// [`Error::Image`] says why it cannot be had, in a way that can be acted on.
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
            problem: ImageProblem::NotFound,
            said: "it was pulled, but the engine does not have it".to_owned(),
        }),
        // an answer that breaks off between two lines looks like its end
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
        Err(_) => (format!("i/o timeout: its registry says nothing for {} s", MANIFEST_LIMIT.as_secs()), None),
    };
    let problem = ImageProblem::of(status, &said);
    Err(Error::Image { image: image.to_owned(), service: service.to_owned(), problem, said })
}

/// Pulls an image, telling the progress of its layers.
pub(super) async fn pull(docker: &Docker, service: &str, image: &str, events: &Events) -> Result<()> {
    let task = events.task("infra", format!("pull {image}"));
    let failed = |said: String, status: Option<u16>| Error::Image {
        image: image.to_owned(),
        service: service.to_owned(),
        problem: ImageProblem::of(status, &said),
        said,
    };
    let interrupted = |source| Error::Interrupted { image: image.to_owned(), source };
    let options = CreateImageOptionsBuilder::new().from_image(image).build();
    let mut stream = Box::pin(docker.create_image(Some(options), None, None));
    let mut layers = Layers::default();
    loop {
        let item = timeout(STALL_LIMIT, stream.try_next()).await;
        let item =
            item.map_err(|_| failed(format!("i/o timeout: nothing came for {} s", STALL_LIMIT.as_secs()), None))?;
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

/// Why an image cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageProblem {
    /// 401, 403: it is private, or gone from a registry that does not tell the difference.
    Denied,
    /// 404: the registry knows it not.
    NotFound,
    /// The registry counts pulls.
    RateLimited,
    /// The disk of the engine is full.
    NoSpace,
    /// The registry cannot be reached.
    NoNetwork,
    /// It is not made for this processor.
    WrongPlatform,
    /// Something else.
    Other,
}

impl ImageProblem {
    /// By the registry's status, and where that says nothing, by the engine's words.
    pub fn of(status: Option<u16>, said: &str) -> Self {
        let said = said.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if says(&["no space left"]) {
            Self::NoSpace
        } else if says(&["no matching manifest", "no match for platform", "exec format error"]) {
            Self::WrongPlatform
        } else if says(&["toomanyrequests", "too many requests", "rate limit"]) {
            Self::RateLimited
        } else if says(&[
            "no such host",
            "dial tcp",
            "i/o timeout",
            "network is unreachable",
            "connection refused",
            "tls handshake",
            "client.timeout",
            "deadline exceeded",
            "temporary failure in name",
            "eof",
        ]) {
            Self::NoNetwork
        } else if says(&[
            "access denied",
            "unauthorized",
            "denied:",
            "authentication required",
            "no basic auth",
            "forbidden",
        ]) {
            Self::Denied
        } else if status == Some(404) || says(&["not found", "manifest unknown", "does not exist"]) {
            Self::NotFound
        } else {
            Self::Other
        }
    }

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Denied => "image.denied",
            Self::NotFound => "image.not_found",
            Self::RateLimited => "image.rate_limited",
            Self::NoSpace => "image.no_space",
            Self::NoNetwork => "image.no_network",
            Self::WrongPlatform => "image.wrong_platform",
            Self::Other => "image.failed",
        }
    }

    pub(super) fn hint(self, service: &str) -> String {
        let table = match service {
            "db" => "infra.postgres",
            "minio" => "infra.s3",
            "headless-browser" => "infra.browser",
            "mailpit" => "infra.mail",
            _ => "the compose file's service",
        };
        match self {
            Self::Denied | Self::NotFound => {
                format!("set `image` of `[{table}]` to one that exists, or run `docker login` if it is private")
            }
            Self::RateLimited => "run `docker login`, or try again later".to_owned(),
            Self::NoSpace => "free disk space: `docker system df` shows what is used".to_owned(),
            Self::NoNetwork => {
                format!("check the network, or set `image` of `[{table}]` to one of a registry that is reached")
            }
            Self::WrongPlatform => format!("set `image` of `[{table}]` to one that is built for this processor"),
            Self::Other => format!("try `docker pull` by hand, or set `image` of `[{table}]` to another"),
        }
    }
}

impl fmt::Display for ImageProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Denied => "the registry denies it; it is private, or it is gone",
            Self::NotFound => "the registry does not have it",
            Self::RateLimited => "the registry allows no more pulls for now",
            Self::NoSpace => "the engine's disk is full",
            Self::NoNetwork => "the registry cannot be reached",
            Self::WrongPlatform => "it is not built for this processor",
            Self::Other => "the pull failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ImageProblem;

    #[test]
    fn every_problem_is_told_apart_by_the_engines_words() {
        for (status, said, expected) in [
            (
                Some(404),
                "pull access denied for minio/minio, repository does not exist or may require 'docker login'",
                ImageProblem::Denied,
            ),
            (Some(500), "Head \"https://ghcr.io/v2/x/manifests/1\": unauthorized", ImageProblem::Denied),
            (Some(404), "manifest for mailpit:v0 not found: manifest unknown", ImageProblem::NotFound),
            (
                Some(500),
                "Get \"https://registry-1.docker.io/v2/\": dial tcp: lookup registry-1.docker.io: no such host",
                ImageProblem::NoNetwork,
            ),
            (None, "failed to register layer: write /x: no space left on device", ImageProblem::NoSpace),
            (None, "no matching manifest for linux/arm64/v8 in the manifest list entries", ImageProblem::WrongPlatform),
            (Some(500), "toomanyrequests: You have reached your pull rate limit", ImageProblem::RateLimited),
            (Some(500), "something else", ImageProblem::Other),
        ] {
            assert_eq!(ImageProblem::of(status, said), expected, "{said}");
        }
    }
}
