//! The steps from the launch to the verdict, in a container: made, followed, asked for its result.
//!
//! It belongs to this worker by its labels, and has a name that follows from the job, so that a worker that was killed at any
//! point finds it again: a container that has the job is gone on with, and one that has not is made anew.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt;

use super::handover::{self, Handover, Messages};
use super::images;
use super::job::Job;
use super::kept::{Contained, Kept};
use super::line::Facts;
use super::stop::{Step, Stop};
use crate::agent;
use crate::infra::docker::{Error as DockerError, TaskEngine, TaskSpec};
use crate::system::{self, GitError};

/// Labels: the home and where it is, the worker, the job.
pub(super) const HOME: &str = "harness.job-home";
pub(super) const HOME_PATH: &str = "harness.job-home-path";
const WORKER: &str = "harness.job-worker";
pub(super) const JOB: &str = "harness.job";
/// Where an image is named.
const SETTING: &str = "`AGENT_IMAGE` of the worker, or `image` of the project";
/// The user of the image, who may be named while the container's is root.
const USER: &str = "agent";

/// Why it did not come to a result.
pub(super) enum Uncontained {
    /// The job stops, whatever Docker does.
    Stop(Stop),
    /// Docker has failed.
    Docker(String),
}

impl From<Stop> for Uncontained {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<DockerError> for Uncontained {
    fn from(error: DockerError) -> Self {
        Self::Docker(system::with_causes(&error))
    }
}

impl From<GitError> for Uncontained {
    fn from(error: GitError) -> Self {
        Self::Stop(Stop::machine("git", error))
    }
}

impl Job {
    /// Does all of it in a container, or else on this machine itself.
    pub(super) async fn contain(&mut self) -> Step {
        let brake = Arc::clone(&self.brake);
        let contained = tokio::select! {
            biased;
            () = agent::interrupted() => Err(Uncontained::Stop(brake.interrupted())),
            contained = self.in_container() => contained,
        };
        match contained {
            Ok(()) => Ok(()),
            Err(Uncontained::Stop(stop)) => Err(stop),
            Err(Uncontained::Docker(why)) => self.fall_back(&why).await,
        }
    }

    async fn in_container(&mut self) -> Result<(), Uncontained> {
        let engine = self.engine().await?;
        if !self.has_begun(&engine).await? {
            self.remove_others(&engine).await;
            self.make(&engine).await?;
        }
        // what it said of its state is heard once
        self.line.tell(Facts { state: None, outcome: self.kept.outcome.clone() });
        self.follow(&engine).await?;
        self.collect(&engine).await
    }

    pub(super) async fn engine(&self) -> Result<TaskEngine, DockerError> {
        let environment = &self.settings.environment;
        TaskEngine::connect(&|name| environment.get(name).filter(|value| !value.is_empty()).cloned()).await
    }

    /// Whether the container has the job. An earlier worker may have been killed before it noted that.
    async fn has_begun(&mut self, engine: &TaskEngine) -> Result<bool, Uncontained> {
        let Some(known) = self.kept.container.clone() else { return Ok(false) };
        if known.has_begun {
            return Ok(true);
        }
        if engine.state(&known.name).await?.is_none() {
            return Ok(false);
        }
        let (mut output, mut messages) = (engine.output(&known.name, false), Messages::default());
        while let Some(piece) = output.next().await {
            let (is_error, bytes) = piece?;
            if !is_error && !messages.take(&bytes).is_empty() {
                self.begins(known);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn begins(&mut self, known: Contained) {
        self.kept.container = Some(Contained { has_begun: true, ..known });
        self.save();
    }

    async fn make(&mut self, engine: &TaskEngine) -> Result<(), Uncontained> {
        let image = self.image(engine).await?;
        let name = self.container_name();
        engine.remove(&name).await?;
        let known = Contained { name: name.clone(), image: image.clone(), has_begun: false, heard: 0 };
        self.kept.container = Some(known.clone());
        self.save();
        let mut spec = TaskSpec {
            name: name.clone(),
            image: image.clone(),
            command: ["harness", "work", "--handed"].map(str::to_owned).into(),
            labels: self.labels(),
            ..TaskSpec::default()
        };
        self.settings.containers.apply(&mut spec, engine, &self.variables.all);
        engine.create(&spec).await?;
        self.fill(engine, &name).await?;
        self.brake.check()?;
        let mut line = serde_json::to_vec(&self.handover(&name).await?).unwrap_or_default();
        line.push(b'\n');
        engine.start(&name, &line).await?;
        self.line.say(&format!("container {name} of {image}"));
        self.begins(known);
        Ok(())
    }

    /// The first image that can be had.
    async fn image(&self, engine: &TaskEngine) -> Result<String, Uncontained> {
        let project = &self.kept.claimed.project;
        let (own, worker) = (project.settings.image.as_deref(), self.settings.containers.image.as_deref());
        let mut first = None;
        for image in images::candidates(&self.settings.images, &project.name, own, worker) {
            match engine.image(&image, SETTING, &self.context.events).await {
                Ok(()) => return Ok(image),
                Err(error) => {
                    self.line.say(&system::with_causes(&error));
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.map_or_else(|| Uncontained::Docker("it has no image".to_owned()), Uncontained::from))
    }

    /// Puts the repository into the container.
    async fn fill(&self, engine: &TaskEngine, name: &str) -> Result<(), Uncontained> {
        let repository = self.repository();
        let branch = self.kept.branch.clone().unwrap_or_default();
        let mut refs = vec![format!("refs/heads/{branch}")];
        let [base, _] = self.names();
        if repository.commit_of(&base).await.is_ok() {
            refs.push(base);
        }
        let bundle = self.files.of_container(handover::REPOSITORY);
        repository.bundle(&bundle, &refs).await?;
        let shallow = repository.shallow().await?;
        let mut files = vec![(handover::REPOSITORY, bundle.as_path())];
        files.extend(shallow.as_deref().map(|path| (handover::SHALLOW, path)));
        let put = engine.put(name, &format!("{}/in", handover::ROOT), &files).await;
        let _ = system::remove_if_exists(&bundle);
        Ok(put?)
    }

    async fn handover(&self, container: &str) -> Result<Handover, Uncontained> {
        let known = |commit: &Option<String>| commit.clone().unwrap_or_default();
        Ok(Handover {
            version: handover::VERSION,
            claimed: self.kept.claimed.clone(),
            branch: known(&self.kept.branch),
            start: known(&self.kept.start),
            base: known(&self.kept.base),
            identity: self.repository().identity().await?,
            variables: self.variables.all.clone(),
            reach: format!("docker exec -it -u {USER} {container} "),
        })
    }

    fn container_name(&self) -> String {
        container_name(self.context.home.id(), &self.kept)
    }

    fn labels(&self) -> HashMap<String, String> {
        let own = [
            (HOME, self.context.home.id().to_owned()),
            (HOME_PATH, self.context.home.path().display().to_string()),
            (WORKER, self.settings.name.clone()),
            (JOB, self.kept.id().to_string()),
        ];
        own.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Removes what an engine that did not answer, or a worker that was killed, has left: containers of this worker whose
    /// job goes on elsewhere.
    async fn remove_others(&self, engine: &TaskEngine) {
        let own = [format!("{HOME}={}", self.context.home.id()), format!("{WORKER}={}", self.settings.name)];
        let Ok(found) = engine.with_labels(&own).await else { return };
        let in_use = self.files.containers_in_use();
        for name in found.iter().map(|container| &container.name).filter(|name| !in_use.contains(name)) {
            if engine.remove(name).await.is_ok() {
                self.line.say(&format!("removed the container {name}, whose job does not run in it any more"));
            }
        }
    }
}

/// The name of a job's container.
fn container_name(home: &str, kept: &Kept) -> String {
    format!("harness-job-{home}-{}-{}", kept.id(), kept.claimed.fence)
}
