//! The command line: one file a verb, each with its arguments, its examples, one call, and what is printed.
//!
//! Nothing is decided here. A verb parses its arguments, calls one library function, and prints the document that it
//! returns. The table below routes to the verbs; `command` turns failures into exit codes.

#[macro_use]
mod verbs;

mod attach;
mod backup;
mod command;
mod complete;
mod completions;
mod config;
mod connect;
mod control;
mod db;
mod doctor;
mod duration;
mod enable;
mod env;
mod events;
mod exec;
mod gc;
mod health;
mod hook;
mod http;
mod infra;
mod init;
mod invocation;
mod job;
mod launch;
mod logs;
mod man;
mod mcp;
mod open;
mod ports;
mod project;
mod psql;
mod rehearse;
#[cfg(test)]
mod schemas;
mod serve;
mod serve_key;
mod session;
mod setup;
mod shell;
mod slow_queries;
mod stats;
mod status;
mod teardown;
mod template;
mod ticket;
mod trust;
mod url;
mod verify;
mod wait;
mod work;

pub use command::{main, parser};

verbs! {
    Init(init::Arguments) = init::run, "init" as crate::report::Init;
    Setup(setup::Arguments) = setup::run, "setup" as crate::report::Setup;
    Launch(launch::Arguments) = launch::run, "launch" as crate::report::Launch;
    Teardown(teardown::Arguments) = teardown::run, "teardown" as crate::report::Teardown;
    Status(status::Arguments) = status::run, "status" as crate::report::Status;
    Url(url::Arguments) = url::run, "url" as crate::report::Urls;
    Http(http::Arguments) = http::run, "http" as crate::report::HttpAnswer;
    Open(open::Arguments) = open::run, "open" as crate::report::Opened;
    Health(health::Arguments) = health::run, "health" as crate::report::Health;
    Ports(ports::Arguments) = ports::run, "ports" as crate::report::Ports;
    Stats(stats::Arguments) = stats::run, "stats" as crate::report::Stats;
    Wait(wait::Arguments) = wait::run, "wait" as crate::report::Wait;
    Logs(logs::Arguments) = logs::run, "logs" as crate::report::LogPage, "logs-line" as crate::report::LoggedLine;
    Psql(psql::Arguments) = psql::run, "psql" as crate::report::QueryResult;
    SlowQueries(slow_queries::Arguments) = slow_queries::run, "slow-queries" as crate::report::SlowQueries;
    Db(db::Arguments) = db::run, "db" as crate::report::DatabaseReport,
        "db-diff" as crate::report::DatabaseDiff, "db-dump" as crate::report::DatabaseFile,
        "db-load" as crate::report::DatabaseFile;
    Template(template::Arguments) = template::run, "template", "template-list" as crate::report::TemplateList,
        "template-show" as crate::report::TemplateShow, "template-build" as crate::report::TemplateBuild,
        "template-drop" as crate::report::TemplateDrop, "template-gc" as crate::report::TemplateDrop;
    Env(env::Arguments) = env::run, "env" as crate::report::Environment;
    Exec(exec::Arguments) = exec::run, "exec" as crate::report::Execution;
    Shell(shell::Arguments) = shell::run, "shell";
    Session(session::Arguments) = session::run, "session" as crate::report::Sessions;
    Attach(attach::Arguments) = attach::run, "attach";
    Verify(verify::Arguments) = verify::run, "verify" as crate::report::Verify,
        "verify-list" as crate::report::VerifyPlan, "verify-status" as crate::report::VerifyStatus,
        "verify-check" as crate::report::VerifyCheck, "verify-key" as crate::report::PublicKey;
    Hook(hook::Arguments) = hook::run, "hook" as crate::report::Hook;
    Connect(connect::Arguments) = connect::run, "connect" as crate::report::Connect;
    Serve(serve::Arguments) = serve::run, "serve" as crate::report::ServeStatus,
        "notice" as crate::report::NoticeDocument, "serve-key" as crate::report::WorkerKey,
        "serve-keys" as crate::report::WorkerKeys;
    Trust(trust::Arguments) = trust::run, "trust" as crate::report::Trust;
    Project(project::Arguments) = project::run, "project" as crate::report::QueueProject,
        "projects" as crate::report::QueueProjects;
    Ticket(ticket::Arguments) = ticket::run, "ticket" as crate::report::Ticket, "tickets" as crate::report::Tickets;
    Job(job::Arguments) = job::run, "queue-job" as crate::report::QueueJob,
        "queue-jobs" as crate::report::QueueJobs, "job-log" as crate::report::JobLog;
    Work(work::Arguments) = work::run, "work" as crate::report::Work;
    Complete(complete::Arguments) = complete::run, "complete" as crate::report::Completion;
    Rehearse(rehearse::Arguments) = rehearse::run, "rehearse" as crate::report::Rehearsal;
    Events(events::Arguments) = events::run, "events", "event" as crate::report::StreamEvent;
    Mcp(mcp::Arguments) = mcp::run, "mcp";
    Restart(control::RestartArguments) = control::restart, "restart" as crate::report::Control;
    Stop(control::StopArguments) = control::stop, "stop" as crate::report::Control;
    Start(control::StartArguments) = control::start, "start" as crate::report::Control;
    Park(control::ParkArguments) = control::park, "park" as crate::report::Control;
    Infra(infra::Arguments) = infra::run, "infra", "infra-ps" as crate::report::InfraPs,
        "infra-compose" as crate::report::InfraCompose, "infra-pull" as crate::report::InfraPull;
    Config(config::Arguments) = config::run, "config", "config-check" as crate::report::ConfigCheck,
        "config-show" as crate::report::ConfigShow, "config-schema",
        "config-templates" as crate::report::ConfigTemplates;
    Enable(enable::EnableArguments) = enable::enable, "enable" as crate::report::Enable, "boot" as crate::report::Boot;
    Disable(enable::DisableArguments) = enable::disable, "disable" as crate::report::Enable;
    Backup(backup::BackupArguments) = backup::backup, "backup" as crate::report::Backup;
    Restore(backup::RestoreArguments) = backup::restore, "restore" as crate::report::Restore;
    Doctor(doctor::Arguments) = doctor::run, "doctor" as crate::report::Doctor;
    Gc(gc::Arguments) = gc::run, "gc" as crate::report::Gc;
    Completions(completions::Arguments) = completions::run, "completions" as crate::report::CompletionScript;
    Man(man::Arguments) = man::run, "man" as crate::report::ManPages;
}
