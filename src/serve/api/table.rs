//! The rows.

use axum::http::Method;

use super::machine::METRICS;
use super::queue_table::queue_table;
use super::route::Route;
use super::{agents, databases, events, jobs, machine, sessions, tasks};
use crate::report::{
    AllSessions, BoardTask, BoardTasks, DatabaseReport, Doctor, Health, InfraPs, Job, Jobs, Link, LogPage, ServeHealth,
    Sessions, Stats, Status, Urls, Verify,
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;

/// Every row.
pub(super) fn table() -> Vec<Route> {
    let mut rows = own();
    rows.extend(about_agents());
    rows.extend(about_tasks());
    rows.extend(about_sessions());
    rows.extend(queue_table());
    rows
}

fn own() -> Vec<Route> {
    vec![
        Route::new(&GET, "/health", "That the server answers; needs no token.", machine::health)
            .answers::<ServeHealth>(200),
        Route::new(&POST, "/api/links", "Makes a link that lets one browser in, once.", machine::link)
            .answers::<Link>(201),
        Route::new(&GET, "/enter", "Lets a browser in that has a link.", machine::enter)
            .query::<machine::Code>()
            .redirects(),
        Route::new(&GET, "/api/infra", "The shared servers.", machine::infra).answers::<InfraPs>(200),
        Route::new(&GET, "/api/doctor", "What is wrong with the machine.", machine::doctor).answers::<Doctor>(200),
        Route::new(&GET, "/observability/stats", "What the running stacks use.", machine::stats).answers::<Stats>(200),
        Route::new(&GET, "/metrics", "Figures for Prometheus.", machine::metrics).streams(METRICS),
        Route::new(&GET, "/api/jobs", "The last jobs.", jobs::list).answers::<Jobs>(200),
        Route::new(&GET, "/api/jobs/{id}", "A job.", jobs::one).answers::<Job>(200),
        Route::new(&Method::DELETE, "/api/jobs/{id}", "Interrupts a job, as Ctrl-C does.", jobs::interrupt).begins(),
        Route::new(&GET, "/api/events", "The events, as Server-Sent Events.", events::sse)
            .query::<events::Since>()
            .streams("text/event-stream"),
        Route::new(&GET, "/ws", "The events, as messages of a WebSocket.", events::websocket)
            .query::<events::Since>()
            .upgrades(),
    ]
}

fn about_agents() -> Vec<Route> {
    use agents::{Launch, Lines, Processes, Run, Teardown};
    vec![
        Route::new(&GET, "/api/agents", "Every agent of the home, and the shared servers.", agents::list)
            .answers::<Status>(200),
        Route::new(&GET, "/api/agents/{id}", "One agent.", agents::one).answers::<Status>(200),
        Route::new(
            &GET,
            "/api/agents/{id}/logs",
            "What its processes printed; with `follow` as Server-Sent Events.",
            agents::logs,
        )
        .query::<Lines>()
        .answers::<LogPage>(200)
        .or_streams("text/event-stream"),
        Route::new(&GET, "/api/agents/{id}/stats", "What it uses.", agents::stats).answers::<Stats>(200),
        Route::new(&GET, "/api/agents/{id}/url", "Its URLs and ports.", agents::url).answers::<Urls>(200),
        Route::new(&GET, "/api/agents/{id}/health", "Asks each process now.", agents::health).answers::<Health>(200),
        Route::new(&GET, "/api/agents/{id}/verify", "Its last verify.", agents::last_verify).answers::<Verify>(200),
        Route::new(&POST, "/api/agents/{id}/verify", "Runs verify.", agents::verify).body::<Run>().begins(),
        Route::new(&POST, "/api/agents/{id}/launch", "Launches it.", agents::launch).body::<Launch>().begins(),
        Route::new(
            &POST,
            "/api/agents/{id}/teardown",
            "Tears it down, or says what that would remove.",
            agents::teardown,
        )
        .body::<Teardown>()
        .begins(),
        Route::new(&POST, "/api/agents/{id}/stop", "Stops processes.", agents::stop).body::<Processes>().begins(),
        Route::new(
            &POST,
            "/api/agents/{id}/park",
            "Stops all processes until a client connects to one of their ports.",
            agents::park,
        )
        .begins(),
        Route::new(&POST, "/api/agents/{id}/start", "Starts processes.", agents::start).body::<Processes>().begins(),
        Route::new(&POST, "/api/agents/{id}/restart", "Restarts processes.", agents::restart)
            .body::<Processes>()
            .begins(),
        Route::new(&GET, "/api/databases/{id}", "The snapshots of an agent's database.", databases::list)
            .answers::<DatabaseReport>(200),
        Route::new(&POST, "/api/databases/{id}/snapshots/{name}", "Makes a snapshot.", databases::snapshot).begins(),
        Route::new(&POST, "/api/databases/{id}/snapshots/{name}/restore", "Restores it.", databases::restore).begins(),
        Route::new(&Method::DELETE, "/api/databases/{id}/snapshots/{name}", "Drops it.", databases::drop).begins(),
    ]
}

fn about_tasks() -> Vec<Route> {
    vec![
        Route::new(&GET, "/api/tasks", "All tasks.", tasks::list).answers::<BoardTasks>(200),
        Route::new(&POST, "/api/tasks", "Makes a task.", tasks::create)
            .body::<tasks::New>()
            .answers::<BoardTask>(201)
            .located(),
        Route::new(&GET, "/api/tasks/{id}", "One task.", tasks::one).answers::<BoardTask>(200),
        Route::new(&Method::PATCH, "/api/tasks/{id}", "Changes a task, or moves it.", tasks::change)
            .body::<tasks::Edit>()
            .answers::<BoardTask>(200),
        Route::new(&Method::DELETE, "/api/tasks/{id}", "Deletes a task.", tasks::delete),
        Route::new(&POST, "/api/tasks/{id}/notes", "Notes something.", tasks::note)
            .body::<tasks::Note>()
            .answers::<BoardTask>(201),
    ]
}

fn about_sessions() -> Vec<Route> {
    vec![
        Route::new(&GET, "/api/sessions", "The sessions of all agents.", sessions::list).answers::<AllSessions>(200),
        Route::new(&POST, "/api/sessions", "Starts a session.", sessions::start)
            .body::<sessions::New>()
            .answers::<Sessions>(201),
        Route::new(&Method::DELETE, "/api/sessions/{id}/{name}", "Ends a session.", sessions::end)
            .answers::<Sessions>(200),
        Route::new(
            &GET,
            "/ws/sessions/{id}/{name}",
            "A session on a WebSocket: its screen, and keys in return.",
            sessions::join,
        )
        .query::<sessions::Joining>()
        .upgrades(),
    ]
}
