//! `harness __on-server HOME-ID WORK...`: the login from the environment, a runtime, until it is done.

use std::ffi::OsString;
use std::process::ExitCode;

use super::super::spare::refill;
use super::super::unfinished::drop_replaced;
use super::super::{Admin, Result};
use super::work::{Background, COMMAND, Work};
use crate::report::Kind;
use crate::system::{with_causes, work_detached};

/// Works when `arguments` (without the program's name) ask for it; `None` when they ask for something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let (command, rest) = arguments.split_first()?;
    if command.to_str() != Some(COMMAND) {
        return None;
    }
    let words: Vec<&str> = rest.iter().filter_map(|word| word.to_str()).collect();
    let Some(background) = Background::read(&words, &|name| std::env::var(name).ok()) else {
        return Some(ExitCode::from(Kind::Usage.exit_code()));
    };
    let work = async {
        let Err(error) = background.run().await else { return Ok(()) };
        // one that was stopped meanwhile is no failure of ours
        let is_up = Admin::connect(&background.server).await.is_ok();
        if is_up { Err(format!("{}: {}", background.subject(), with_causes(&error))) } else { Ok(()) }
    };
    Some(match work_detached(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(Kind::Environment.exit_code()),
    })
}

impl Background {
    async fn run(&self) -> Result<()> {
        match &self.work {
            Work::Refill { project, template, count } => {
                refill(&self.server, &self.home_id, project, template, *count).await
            }
            Work::DropReplaced(agent) => drop_replaced(&self.server, &self.home_id, *agent).await,
        }
    }

    fn subject(&self) -> String {
        match &self.work {
            Work::Refill { template, .. } => template.clone(),
            Work::DropReplaced(agent) => format!("agent {agent}"),
        }
    }
}
