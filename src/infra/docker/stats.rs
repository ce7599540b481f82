//! What a container uses.

use bollard::Docker;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::TryStreamExt;

use super::names::Project;
use crate::infra::error::docker::{Error, Result};

/// Memory of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// In use, without the page cache, as `docker stats` shows it; bytes.
    pub used: u64,
    /// Its limit; bytes.
    pub limit: u64,
}

/// The memory of a service's container now.
pub(super) async fn memory(docker: &Docker, project: &Project, service: &str) -> Result<Memory> {
    let name = project.container(service);
    let options = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
    let stats = docker
        .stats(&name, Some(options))
        .try_next()
        .await
        .map_err(Error::call(format!("measure `{name}`")))?
        .ok_or_else(|| Error::NoContainer { service: service.to_owned() })?;
    let memory = stats.memory_stats.unwrap_or_default();
    let detail = memory.stats.unwrap_or_default();
    // cgroup v1 and v2 name the reclaimable page cache differently
    let cache = detail.get("total_inactive_file").or_else(|| detail.get("inactive_file")).copied().unwrap_or(0);
    Ok(Memory { used: memory.usage.unwrap_or(0).saturating_sub(cache), limit: memory.limit.unwrap_or(0) })
}
