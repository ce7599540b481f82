//! What the home records of agents and no longer holds.

use crate::agent::lease::Lease;
use crate::agent::{Context, Lifecycle, Record, identity, leftover};
use crate::project::{Project, find_root};
use crate::report::{Area, Diagnostic, Failure, Finding, Level};
use crate::supervisor::Client;
use crate::system;

pub(super) async fn examine(context: &Context, project: Result<&Project, &Failure>) -> Result<Vec<Finding>, Failure> {
    let home = context.home.path().display();
    let mut findings = vec![Finding::ok(Area::State, format!("home {home}, id {}", context.home.id()))];
    // to be in no project is not a problem
    match project {
        Ok(project) => {
            findings.push(Finding::ok(Area::State, format!("project {} in {}", project.name, project.root.display())));
        }
        Err(failure) if find_root(&context.directory).is_ok() => {
            let hint = "run `harness config check`";
            findings.push(Finding::bad(
                Area::State,
                Level::Error,
                format!("this project's configuration: {failure}"),
                hint,
            ));
        }
        Err(_) => {}
    }
    let left = leftover::leftovers(context)?;
    for (agent, why) in &left {
        let hint = format!("run `harness gc`, or `harness launch {agent}` to continue");
        findings.push(Finding::bad(Area::State, Level::Warning, format!("agent {agent}: {why}"), hint));
    }
    for agent in identity::agents(context)?.into_iter().filter(|agent| !left.contains_key(agent)) {
        findings.push(match Record::read(&context.home, agent) {
            Err(error) => {
                let hint = match error {
                    system::Error::Newer { .. } => {
                        "use the version of harness that wrote it, or a newer one".to_owned()
                    }
                    _ => format!("run `harness teardown {agent}`"),
                };
                Finding::bad(Area::State, Level::Error, format!("agent {agent}: {error}"), hint)
            }
            Ok(None) => continue,
            Ok(Some(record)) if record.lifecycle != Lifecycle::Launched && !Lease::is_held(context, agent)? => {
                let message = format!("agent {agent} of {}: its first launch failed and was kept", record.project);
                let hint = format!("run `harness launch {agent}` to go on with it, or `harness teardown {agent}`");
                Finding::bad(Area::State, Level::Warning, message, hint)
            }
            Ok(Some(record)) if record.lifecycle != Lifecycle::Launched => {
                Finding::ok(Area::State, format!("agent {agent}: another command works on it"))
            }
            Ok(Some(record)) => launched(context, &record).await,
        });
    }
    Ok(findings)
}

async fn launched(context: &Context, record: &Record) -> Finding {
    let agent = record.agent;
    let state = async {
        match Client::look(&context.home.stack_dir(agent.stack()))? {
            Some(client) => client.state().await,
            None => Ok(None),
        }
    };
    match state.await {
        Ok(Some(_)) => Finding::ok(Area::State, format!("agent {agent} of {}: up", record.project)),
        Ok(None) => {
            let hint = format!("run `harness launch {agent}`, or `harness teardown {agent}`");
            let message = format!("agent {agent} of {}: its processes are not up", record.project);
            Finding::bad(Area::State, Level::Warning, message, hint)
        }
        Err(error) if error.is_silent() => {
            Finding::bad(Area::State, Level::Error, error.to_string(), error.hint().unwrap_or_default())
        }
        Err(error) => {
            let hint =
                error.hint().unwrap_or_else(|| format!("run `harness restart {agent}`, then `harness status {agent}`"));
            Finding::bad(Area::State, Level::Error, format!("agent {agent}: its supervisor: {error}"), hint)
        }
    }
}
