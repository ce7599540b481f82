//! The engine, as whoever runs such a container speaks to it.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerStateStatusEnum;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, ListContainersOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder,
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::files;
use super::spec::TaskSpec;
use crate::infra::docker::connect::{Address, connect_to, find};
use crate::infra::docker::image;
use crate::infra::error::docker::{Error, Result, is_not_found};
use crate::report::Events;

/// How long an engine may take for an answer that is there at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// An engine that answered.
#[derive(Clone)]
pub struct TaskEngine {
    docker: Docker,
    address: Address,
}

/// A container that somebody's labels name.
#[derive(Debug, Clone)]
pub struct TaskContainer {
    /// Its name.
    pub name: String,
    /// All its labels.
    pub labels: HashMap<String, String>,
}

/// What became of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It was made, and did not start.
    Created,
    /// It is at work.
    Running,
    /// It has ended, with this status, for want of memory or not.
    Ended {
        /// Its exit code.
        status: i64,
        /// Whether the kernel ended it.
        out_of_memory: bool,
    },
}

impl TaskEngine {
    /// The engine that this environment leads to.
    ///
    /// # Errors
    /// There is none, it does not answer, or it denies access to this user.
    pub async fn connect(environment: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let address = find(environment)?;
        Ok(Self { docker: connect_to(&address).await?, address })
    }

    /// The file of its socket, where it has one.
    pub fn socket(&self) -> Option<&Path> {
        self.address.url.strip_prefix("unix://").map(Path::new)
    }

    /// Sees to it that it has an image, which `setting` names.
    ///
    /// # Errors
    /// It has not, and no registry gives it.
    pub async fn image(&self, name: &str, setting: &str, events: &Events) -> Result<()> {
        image::ensure(&self.docker, "jobs", name, events).await.map(drop).map_err(|error| match error {
            Error::Image { image, service, problem, said, .. } => {
                Error::Image { image, service, setting: setting.to_owned(), problem, said }
            }
            other => other,
        })
    }

    /// Makes a container, which does not start yet.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn create(&self, spec: &TaskSpec) -> Result<()> {
        let options = CreateContainerOptionsBuilder::new().name(&spec.name).build();
        let created = self.docker.create_container(Some(options), spec.body()).await;
        created.map(drop).map_err(Error::call(format!("make the container `{}`", spec.name)))
    }

    /// Puts files into a directory of a container.
    ///
    /// # Errors
    /// One cannot be read, or the engine refuses.
    pub async fn put(&self, name: &str, directory: &str, files: &[(&str, &Path)]) -> Result<()> {
        files::put(&self.docker, name, directory, files).await
    }

    /// Copies files of a container out, by name: those that are there.
    ///
    /// # Errors
    /// One cannot be written, or the engine refuses.
    pub async fn take(&self, name: &str, directory: &str, wanted: &[&str], to: &Path) -> Result<()> {
        files::take(&self.docker, name, directory, wanted, to).await
    }

    /// Starts a container that was made; the first line that it reads is `line`, and the last.
    ///
    /// # Errors
    /// It does not start, or does not read.
    pub async fn start(&self, name: &str, line: &[u8]) -> Result<()> {
        let failed = |what: &str| Error::call(format!("{what} `{name}`"));
        let options = AttachContainerOptionsBuilder::new().stdin(true).stream(true).build();
        let mut attached =
            self.docker.attach_container(name, Some(options)).await.map_err(failed("attach to the container"))?;
        self.docker.start_container(name, None).await.map_err(failed("start the container"))?;
        let write = async {
            attached.input.write_all(line).await?;
            attached.input.flush().await?;
            attached.input.shutdown().await
        };
        let written = timeout(PATIENCE, write).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        written.map_err(|error| failed("write to the container")(error.into()))
    }

    /// What became of it; `None` where there is no such container.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn state(&self, name: &str) -> Result<Option<TaskState>> {
        let asked = timeout(PATIENCE, self.docker.inspect_container(name, None)).await;
        let asked = asked.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError));
        let state = match asked {
            Ok(found) => found.state.unwrap_or_default(),
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(Error::call(format!("look at the container `{name}`"))(error)),
        };
        Ok(Some(match state.status {
            Some(ContainerStateStatusEnum::CREATED) => TaskState::Created,
            Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD) => TaskState::Ended {
                status: state.exit_code.unwrap_or(-1),
                out_of_memory: state.oom_killed.unwrap_or(false),
            },
            _ => TaskState::Running,
        }))
    }

    /// All that it printed and, with `follow`, prints until it ends: whether it is an error, and bytes.
    pub fn output(&self, name: &str, follow: bool) -> BoxStream<'static, Result<(bool, Bytes)>> {
        let options = LogsOptionsBuilder::new().stdout(true).stderr(true).follow(follow).tail("all").build();
        // the stream borrows nothing of the client, but does not say so
        let pieces: Box<dyn Stream<Item = _> + Send + Unpin> =
            Box::new(Box::pin(self.docker.clone().logs(name, Some(options))));
        let failed = format!("read what `{name}` prints");
        pieces
            .map(move |piece| {
                let piece = piece.map_err(Error::call(failed.clone()))?;
                Ok((matches!(piece, LogOutput::StdErr { .. }), piece.into_bytes()))
            })
            .boxed()
    }

    /// Ends and removes it, with its own volumes; whether there was one.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn remove(&self, name: &str) -> Result<bool> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.docker.remove_container(name, Some(options)).await {
            Ok(()) => Ok(true),
            Err(error) if is_not_found(&error) => Ok(false),
            Err(error) => Err(Error::call(format!("remove the container `{name}`"))(error)),
        }
    }

    /// The containers with these labels, `name` or `name=value`, whatever their state.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn with_labels(&self, labels: &[String]) -> Result<Vec<TaskContainer>> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let asked = timeout(PATIENCE, self.docker.list_containers(Some(options))).await;
        let asked = asked.unwrap_or(Err(bollard::errors::Error::RequestTimeoutError));
        let found = asked.map_err(Error::call("list containers"))?;
        let container = |name: String, labels: Option<HashMap<String, String>>| TaskContainer {
            name: name.trim_start_matches('/').to_owned(),
            labels: labels.unwrap_or_default(),
        };
        Ok(found.into_iter().filter_map(|one| Some(container(one.names?.into_iter().next()?, one.labels))).collect())
    }
}
