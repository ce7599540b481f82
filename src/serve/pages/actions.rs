//! What the forms do: the calls of `api`, answered by a redirect.

use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::response::Redirect;
use serde_json::json;

use super::fields::Fields;
use crate::agent::user_shell;
use crate::project::{AgentId, InvalidAgentId};
use crate::serve::api::agents::{self, Launch, Processes, Run, Teardown};
use crate::serve::api::projects::Word;
use crate::serve::api::route::{Agent, Body, Number};
use crate::serve::api::tasks::{self, Edit, New, Note};
use crate::serve::api::{databases, jobs, queue, sessions};
use crate::serve::refusal::{Refusal, Wrong};
use crate::serve::site::Shared;

type Answer = Result<Redirect, Refusal>;

fn of_agent(agent: AgentId) -> String {
    format!("/agents/{agent}")
}

fn processes(fields: &Fields) -> Body<Processes> {
    Body(Processes { processes: fields.filled("process").into_iter().collect() })
}

pub(super) async fn launch(site: State<Shared>, fields: Fields) -> Answer {
    let text = fields.required("agent")?;
    let agent = text.parse().map_err(|error: InvalidAgentId| Wrong::Input(error.to_string()))?;
    let launch = Launch {
        project: fields.filled("project").map(PathBuf::from),
        branch: fields.filled("branch"),
        ..Launch::default()
    };
    let _ = agents::launch(site, Agent(agent), Body(launch)).await?;
    Ok(fields.back("/"))
}

pub(super) async fn stop(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let back = fields.back(&of_agent(agent.0));
    let _ = agents::stop(site, agent, processes(&fields)).await?;
    Ok(back)
}

pub(super) async fn park(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let back = fields.back(&of_agent(agent.0));
    let _ = agents::park(site, agent).await?;
    Ok(back)
}

pub(super) async fn start(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let back = fields.back(&of_agent(agent.0));
    let _ = agents::start(site, agent, processes(&fields)).await?;
    Ok(back)
}

pub(super) async fn restart(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let back = fields.back(&of_agent(agent.0));
    let _ = agents::restart(site, agent, processes(&fields)).await?;
    Ok(back)
}

pub(super) async fn verify(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let back = fields.back(&of_agent(agent.0));
    let run = Run { full: fields.has("full"), ..Run::default() };
    let _ = agents::verify(site, agent, Body(run)).await?;
    Ok(back)
}

pub(super) async fn teardown(site: State<Shared>, agent: Agent, fields: Fields) -> Answer {
    let _ = agents::teardown(site, agent, Body(Teardown { dry_run: false, force: fields.has("force") })).await?;
    Ok(Redirect::to("/"))
}

pub(super) async fn snapshot(site: State<Shared>, Agent(agent): Agent, fields: Fields) -> Answer {
    let _ = databases::snapshot(site, Agent(agent), Path((String::new(), fields.required("name")?))).await?;
    Ok(fields.back(&of_agent(agent)))
}

pub(super) async fn restore(site: State<Shared>, Agent(agent): Agent, fields: Fields) -> Answer {
    let _ = databases::restore(site, Agent(agent), Path((String::new(), fields.required("name")?))).await?;
    Ok(fields.back(&of_agent(agent)))
}

pub(super) async fn drop(site: State<Shared>, Agent(agent): Agent, fields: Fields) -> Answer {
    let _ = databases::drop(site, Agent(agent), Path((String::new(), fields.required("name")?))).await?;
    Ok(fields.back(&of_agent(agent)))
}

pub(super) async fn start_session(site: State<Shared>, Agent(agent): Agent, fields: Fields) -> Answer {
    let words = shell_words::split(&fields.filled("command").unwrap_or_default());
    let mut command = words.map_err(|_| Wrong::Input("a quotation mark of the command has no end".to_owned()))?;
    if command.is_empty() {
        command.push(user_shell(site.environment.get("SHELL").cloned()));
    }
    let new = sessions::New { agent: agent.get(), command, name: fields.filled("name"), directory: None };
    let started = sessions::start(site, Body(new)).await?.1.0;
    let name = started.name.unwrap_or_default();
    Ok(Redirect::to(&format!("/agents/{agent}/sessions/{name}")))
}

pub(super) async fn end_session(site: State<Shared>, Agent(agent): Agent, fields: Fields) -> Answer {
    let _ = sessions::end(site, Agent(agent), Path((String::new(), fields.required("name")?))).await?;
    Ok(fields.back(&of_agent(agent)))
}

pub(super) async fn interrupt(site: State<Shared>, job: Number, fields: Fields) -> Answer {
    let _ = jobs::interrupt(site, job).await?;
    Ok(fields.back("/machine"))
}

pub(super) async fn create_task(site: State<Shared>, fields: Fields) -> Answer {
    let new = New {
        title: fields.written("title").unwrap_or_default(),
        text: fields.written("text").unwrap_or_default(),
        status: None,
        assignee: fields.number("assignee")?,
        project: fields.filled("project").map(Word::Name),
    };
    tasks::create(site, Body(new)).await?;
    Ok(Redirect::to("/tasks"))
}

pub(super) async fn change_task(site: State<Shared>, task: Number, fields: Fields) -> Answer {
    let status = fields.filled("status").map(|word| {
        serde_json::from_value(json!(word)).map_err(|_| Wrong::Input(format!("`{word}` is no status of a task")))
    });
    let edit = Edit {
        title: fields.written("title"),
        text: fields.written("text"),
        status: status.transpose()?,
        // an empty field is nobody
        assignee: if fields.has("assignee") { Some(fields.number("assignee")?) } else { None },
        before: fields.number("before")?.map(Some),
        project: fields.filled("project").map(Word::Name),
    };
    let _ = tasks::change(site, task, Body(edit)).await?;
    Ok(Redirect::to("/tasks"))
}

pub(super) async fn note_task(site: State<Shared>, task: Number, fields: Fields) -> Answer {
    tasks::note(site, task, Body(Note { text: fields.written("text").unwrap_or_default() })).await?;
    Ok(Redirect::to("/tasks"))
}

pub(super) async fn delete_task(site: State<Shared>, task: Number) -> Answer {
    tasks::delete(site, task).await?;
    Ok(Redirect::to("/tasks"))
}

pub(super) async fn cancel_job(site: State<Shared>, job: Number, fields: Fields) -> Answer {
    let _ = queue::cancel(site, job).await?;
    to_ticket(&fields)
}

pub(super) async fn retry_job(site: State<Shared>, job: Number, fields: Fields) -> Answer {
    let _ = queue::retry(site, job).await?;
    to_ticket(&fields)
}

/// To the page that the form was on.
fn to_ticket(fields: &Fields) -> Answer {
    Ok(Redirect::to(&format!("/tickets/{}", fields.number::<u64>("ticket")?.unwrap_or_default())))
}
