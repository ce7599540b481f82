//! The rows about projects, tickets, the queue and its workers.

use axum::http::Method;

use super::route::Route;
use super::{projects, queue, tickets, worker};
use crate::report::{
    JobLease, JobLog, QueueHealth, QueueJob, QueueJobs, QueueProject, QueueProjects, Ticket, Tickets, WorkerJob,
    WorkerKey, WorkerKeys,
};
use crate::serve::sources::github;

const GET: Method = Method::GET;
const POST: Method = Method::POST;

pub(super) fn queue_table() -> Vec<Route> {
    let mut rows = about_projects();
    rows.extend(about_tickets());
    rows.extend(about_jobs());
    rows.extend(for_workers());
    rows
}

fn about_projects() -> Vec<Route> {
    vec![
        Route::new(&GET, "/api/projects", "All projects.", projects::list).answers::<QueueProjects>(200),
        Route::new(&POST, "/api/projects", "Makes a project.", projects::create)
            .body::<projects::New>()
            .answers::<QueueProject>(201),
        Route::new(&GET, "/api/projects/{project}", "One project, by number or name.", projects::one)
            .answers::<QueueProject>(200),
        Route::new(&Method::PATCH, "/api/projects/{project}", "Changes settings of a project.", projects::change)
            .body::<crate::report::ProjectSettings>()
            .answers::<QueueProject>(200),
        Route::new(&Method::DELETE, "/api/projects/{project}", "Removes a project without tickets.", projects::remove)
            .answers::<QueueProject>(200),
    ]
}

fn about_tickets() -> Vec<Route> {
    vec![
        Route::new(&GET, "/api/tickets", "All tickets; tasks without a project among them.", tickets::list)
            .query::<tickets::Which>()
            .answers::<Tickets>(200),
        Route::new(&POST, "/api/tickets", "Makes a ticket.", tickets::create)
            .body::<tickets::New>()
            .answers::<Ticket>(201),
        Route::new(&GET, "/api/tickets/{id}", "One ticket.", tickets::one).answers::<Ticket>(200),
        Route::new(
            &Method::PATCH,
            "/api/tickets/{id}",
            "Changes a ticket, or moves it; `in_progress` makes a job.",
            tickets::change,
        )
        .body::<tickets::Edit>()
        .answers::<Ticket>(200),
        Route::new(&GET, "/api/pending-tickets", "Tickets that wait for approval.", tickets::pending)
            .answers::<Tickets>(200),
        Route::new(&GET, "/api/completed-tickets", "Tickets in review or done.", tickets::completed)
            .answers::<Tickets>(200),
        Route::new(
            &POST,
            "/api/sources/github",
            "Takes a delivery of GitHub's webhook, by its signature instead of the token.",
            github::receive,
        ),
        Route::new(&POST, "/api/approve/{id}", "Approves a ticket: a job is made for it.", tickets::approve)
            .answers::<Ticket>(200),
    ]
}

fn about_jobs() -> Vec<Route> {
    vec![
        Route::new(&GET, "/api/queue/health", "How the queue is.", queue::health).answers::<QueueHealth>(200),
        Route::new(&GET, "/api/queue/jobs", "The last jobs of the queue.", queue::list)
            .query::<queue::Which>()
            .answers::<QueueJobs>(200),
        Route::new(&GET, "/api/queue/jobs/{id}", "A job of the queue.", queue::one).answers::<QueueJob>(200),
        Route::new(&GET, "/api/queue/jobs/{id}/logs", "Its log.", queue::logs)
            .query::<queue::Lines>()
            .answers::<JobLog>(200),
        Route::new(&POST, "/api/queue/jobs/{id}/cancel", "Calls it off.", queue::cancel).answers::<QueueJob>(200),
        Route::new(&POST, "/api/queue/jobs/{id}/retry", "Makes another attempt at its ticket.", queue::retry)
            .answers::<QueueJob>(200),
        Route::new(&GET, "/api/worker-keys", "The workers that have a key.", queue::keys).answers::<WorkerKeys>(200),
        Route::new(&POST, "/api/worker-keys", "Makes a key for a worker, which is shown once.", queue::add_key)
            .body::<queue::NewKey>()
            .answers::<WorkerKey>(201),
        Route::new(&Method::DELETE, "/api/worker-keys/{worker}", "Removes the key of a worker.", queue::remove_key)
            .answers::<WorkerKeys>(200),
    ]
}

fn for_workers() -> Vec<Route> {
    vec![
        Route::new(&POST, "/api/worker/jobs/start", "Claims a job; 204 where there is none.", worker::start)
            .body::<worker::Start>()
            .answers::<WorkerJob>(200)
            .or_nothing(),
        Route::new(
            &POST,
            "/api/worker/jobs/{id}/heartbeat",
            "Prolongs the lease of a job; 409 where it is lost.",
            worker::heartbeat,
        )
        .body::<worker::Beat>()
        .answers::<JobLease>(200),
        Route::new(&POST, "/api/worker/jobs/{id}/log", "Adds lines to the log of a job.", worker::log)
            .body::<worker::Log>(),
        Route::new(&POST, "/api/worker/jobs/{id}/complete", "Says that a job is done.", worker::complete)
            .body::<worker::End>()
            .answers::<QueueJob>(200),
        Route::new(&POST, "/api/worker/jobs/{id}/fail", "Says that a job is not done.", worker::fail)
            .body::<worker::End>()
            .answers::<QueueJob>(200),
        Route::new(
            &POST,
            "/api/worker/jobs/{id}/return",
            "Gives a job back that was not begun, for lack of room: it waits on.",
            worker::give_back,
        )
        .body::<worker::Return>()
        .answers::<QueueJob>(200),
    ]
}
