//! The services of a home: their logs, a command inside one, their memory.

use futures_util::stream::BoxStream;

use super::connect::connect;
use super::exec::ExecRequest;
use super::logs::{self, LogRange};
use super::names::Project;
use super::stats::{self, Memory};
use crate::infra::error::docker::Result;
use crate::infra::record::InfraRecord;
use crate::supervisor::logs::LogLine;
use crate::system::Home;

/// The name of a service's container.
pub fn container_name(home: &Home, record: &InfraRecord, service: &str) -> String {
    Project::of(home, record).container(service)
}

/// The lines of these services so far, by time.
pub async fn read_logs(
    home: &Home,
    record: &InfraRecord,
    services: &[String],
    range: LogRange,
) -> Result<Vec<LogLine>> {
    logs::read(&connect().await?, &Project::of(home, record), services, range).await
}

/// The lines of these services as they are written, without end.
pub async fn follow_logs(
    home: &Home,
    record: &InfraRecord,
    services: &[String],
    range: LogRange,
) -> Result<BoxStream<'static, Result<LogLine>>> {
    Ok(logs::follow(&connect().await?, &Project::of(home, record), services, range))
}

/// Runs a command inside a service's container and passes on what it prints (`true` for standard error); returns
/// its exit code.
pub async fn exec(
    home: &Home,
    record: &InfraRecord,
    request: ExecRequest<'_>,
    output: impl FnMut(bool, &[u8]),
) -> Result<i64> {
    super::exec::exec(&connect().await?, &Project::of(home, record), request, output).await
}

/// What a service's container uses of its memory now.
pub async fn memory(home: &Home, record: &InfraRecord, service: &str) -> Result<Memory> {
    stats::memory(&connect().await?, &Project::of(home, record), service).await
}
