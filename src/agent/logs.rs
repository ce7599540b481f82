//! `logs`: what a stack's processes printed, by time.

use std::time::Duration;

use futures_util::TryStreamExt;

use super::{Context, Error, Record, undone};
use crate::infra::docker::{self, LogRange};
use crate::infra::{Engine, InfraRecord};
use crate::project::AgentId;
use crate::report::Failure;
use crate::supervisor::logs::{self, Follower, LogLine, LogQuery};
use crate::system::StackName;

/// The supervisor's messages are a log too.
const OWN: &str = "supervisor";

/// Which lines.
#[derive(Debug, Clone)]
pub struct LogRequest {
    /// An agent's stack, the infra's, or that of `harness serve`.
    pub stack: StackName,
    /// These processes; all when empty.
    pub processes: Vec<String>,
    /// Go on as lines are written.
    pub follow: bool,
    /// Only this number of last lines; by default 100, or all with `since`.
    pub lines: Option<usize>,
    /// Only lines of this long ago or newer.
    pub since: Option<Duration>,
    /// Only lines that match.
    pub grep: Option<regex::bytes::Regex>,
}

impl LogRequest {
    fn last(&self) -> Option<usize> {
        self.lines.or(self.since.is_none().then_some(100))
    }
}

/// Passes each line to `print`, oldest first. Following ends with SIGINT, which is no failure.
///
/// # Errors
/// There is no such agent.
pub async fn logs(context: &Context, request: LogRequest, print: &mut dyn FnMut(&LogLine)) -> Result<(), Failure> {
    let mut request = request;
    let mut directory = context.home.stack_dir(request.stack);
    if let StackName::Agent(id) = request.stack {
        let agent = AgentId::try_from(id).map_err(Error::from)?;
        if Record::read(&context.home, agent)?.is_none() {
            if !undone::has_logs(&context.home, agent) {
                return Err(Error::Unknown(agent).into());
            }
            context.events.note(
                format!("agent {agent}"),
                "it does not exist: these are the logs of its launch, which failed and was undone",
            );
            (directory, request.follow) = (undone::directory(&context.home, agent), false);
        }
    }
    let watched = request.processes.iter().all(|name| name == docker::autoheal::NAME) && !request.processes.is_empty();
    if request.stack == StackName::Infra
        && let Some(record) = InfraRecord::read(&context.home)?.filter(|record| record.engine == Engine::Docker)
        // it is a process of the stack, as all are of the other engine
        && !watched
    {
        return of_containers(context, &record, request, print).await;
    }
    // what is not run any more, or has not begun, may be asked for too
    let known = logs::processes(&directory);
    if let Some(unknown) = request.processes.iter().find(|name| !known.contains(name) && *name != OWN) {
        return Err(match request.stack {
            StackName::Agent(id) => Error::UnknownProcess {
                agent: AgentId::try_from(id).map_err(Error::from)?,
                name: unknown.clone(),
                known,
            },
            StackName::Infra | StackName::Serve => Error::UnknownService { name: unknown.clone(), known },
        }
        .into());
    }
    let since = request.since.map(|ago| jiff::Timestamp::now() - ago);
    let last = request.last();
    let query = LogQuery { processes: request.processes, last, since, grep: request.grep };
    if !request.follow {
        logs::read(&directory, &query).for_each(|line| print(&line));
        return Ok(());
    }
    let mut follower = Follower::new(&directory, &query)?;
    let follow = async {
        loop {
            let lines = follower.next().await;
            if lines.is_empty() {
                return;
            }
            lines.iter().for_each(&mut *print);
        }
    };
    tokio::select! {
        biased;
        () = super::interrupted() => {}
        () = follow => {}
    }
    Ok(())
}

/// The same of the shared servers where they are containers.
async fn of_containers(
    context: &Context,
    record: &InfraRecord,
    request: LogRequest,
    print: &mut dyn FnMut(&LogLine),
) -> Result<(), Failure> {
    let known = record.service_names();
    if let Some(unknown) = request.processes.iter().find(|name| !known.contains(name)) {
        let known = known.into_iter().chain([docker::autoheal::NAME.to_owned()]).collect();
        return Err(Error::UnknownService { name: unknown.clone(), known }.into());
    }
    let last = request.last();
    let services = if request.processes.is_empty() { known } else { request.processes };
    let since = request.since.map(|ago| (jiff::Timestamp::now() - ago).as_second());
    let range = LogRange {
        // which lines match is only known here
        tail: last.filter(|_| request.grep.is_none()),
        since: since.and_then(|seconds| i32::try_from(seconds).ok()),
    };
    let matches = |line: &LogLine| request.grep.as_ref().is_none_or(|pattern| pattern.is_match(&line.bytes));
    if !request.follow {
        let lines = docker::read_logs(&context.home, record, &services, range).await?;
        let lines: Vec<&LogLine> = lines.iter().filter(|line| matches(line)).collect();
        let first = lines.len().saturating_sub(last.unwrap_or(usize::MAX));
        lines[first..].iter().copied().for_each(print);
        return Ok(());
    }
    let mut lines = docker::follow_logs(&context.home, record, &services, range).await?;
    let follow = async {
        while let Some(line) = lines.try_next().await? {
            if matches(&line) {
                print(&line);
            }
        }
        Ok::<_, docker::Error>(())
    };
    tokio::select! {
        biased;
        () = super::interrupted() => {}
        outcome = follow => outcome?,
    }
    Ok(())
}
