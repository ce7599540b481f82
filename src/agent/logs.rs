//! `logs`: what a stack's processes printed, by time.

use std::time::Duration;

use super::{Context, Error, Record};
use crate::project::AgentId;
use crate::report::Failure;
use crate::supervisor::logs::{self, Follower, LogLine, LogQuery};
use crate::system::StackName;

/// Which lines.
#[derive(Debug, Clone)]
pub struct LogRequest {
    /// An agent's stack, or the infra's.
    pub stack: StackName,
    /// These processes; all when empty.
    pub processes: Vec<String>,
    /// Go on as lines are written.
    pub follow: bool,
    /// Only the last so many.
    pub lines: usize,
    /// Only lines of this long ago or newer.
    pub since: Option<Duration>,
    /// Only lines that match.
    pub grep: Option<regex::bytes::Regex>,
}

/// Passes each line to `print`, oldest first. Following ends with SIGINT, which is no failure.
///
/// # Errors
/// There is no such agent.
pub async fn logs(context: &Context, request: LogRequest, print: &mut dyn FnMut(&LogLine)) -> Result<(), Failure> {
    let directory = context.home.stack_dir(request.stack);
    if let StackName::Agent(id) = request.stack {
        let agent = AgentId::try_from(id).map_err(Error::from)?;
        Record::read(&context.home, agent)?.ok_or(Error::Unknown(agent))?;
    }
    let since = request.since.map(|ago| jiff::Timestamp::now() - ago);
    let last = since.is_none().then_some(request.lines);
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
        () = follow => {}
        () = super::interrupted() => {}
    }
    Ok(())
}
