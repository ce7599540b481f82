//! `db dump` and `db load`: an agent's database as a file, by PostgreSQL's own programs.
//!
//! A program must be of the server's major version or newer. On the docker engine those in the server's container do the
//! work; else the ones beside the server, on PATH, or where Debian puts them.
//!
//! A dump is written beside the file and renamed. A load fills an empty database that then takes the place of the agent's,
//! so that one that fails changes nothing. Owners and privileges are the agent's, not those of the dump. Comments on
//! extensions are left out: only their owner may write them, and that is the admin.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::task::Poll;
use std::time::Instant;

use rustix::fs::FlockOperation;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::mpsc;

use super::database::{Opened, open};
use super::database_file_error::Error;
use super::{Context, client_programs, control};
use crate::infra::{Engine, Infra, docker};
use crate::postgres::background::Background;
use crate::postgres::{Admin, DatabaseCredentials, Server, load};
use crate::project::AgentId;
use crate::report::{DatabaseFile, Failure, milliseconds};
use crate::system;

/// `$1` is the format.
const DUMP: &str = "exec pg_dump --no-password --no-owner --no-privileges --format=\"$1\"";

/// `$1` is the role, `$2` the file; without a file it is read from standard input.
const LOAD: &str = r#"set -e
list=$(mktemp); copy=; trap 'rm -f "$list" ${copy:+"$copy"}' EXIT
file=$2
if [ -z "$file" ]; then copy=$(mktemp); cat >"$copy"; file=$copy; fi
if [ "$(head -c 5 "$file")" = PGDMP ]; then
    pg_restore --list "$file" | grep -v -e ' COMMENT - EXTENSION ' -e ' EVENT TRIGGER ' >"$list"
    pg_restore --no-password --exit-on-error --single-transaction --no-owner --no-privileges --role="$1" \
        --use-list="$list" --dbname="$PGDATABASE" "$file"
else
    { printf 'SET ROLE "%s";\n' "$1"; grep -v '^COMMENT ON EXTENSION ' "$file"; } |
        psql -X -q -w -o /dev/null -v ON_ERROR_STOP=1 --single-transaction -f -
fi"#;

/// What a dump is called while it is written; the process id follows.
const PARTIAL: &str = ".harness-dump-";

/// Lines of a program's output that an error shows.
const LINES: usize = 20;

/// Writes the agent's database to a file, `<database>.dump` unless named: SQL where its name ends in `.sql`, else the
/// format of `pg_restore`.
///
/// # Errors
/// The file is there and `force` is not set, the agent has no database, no fitting program is installed, or it fails.
pub async fn dump_database(
    context: &Context,
    agent: AgentId,
    file: Option<&Path>,
    force: bool,
) -> Result<DatabaseFile, Failure> {
    let began = Instant::now();
    super::ownership::check_agent(context, agent, force)?;
    let opened = open(context, agent, force, false).await?;
    let (Opened { record, infra, .. }, server) = (&opened, opened.server()?);
    let database = agent.database();
    let file = context.directory.join(file.unwrap_or(Path::new(&format!("{database}.dump"))));
    match std::fs::metadata(&file) {
        // a rename would put a file in the place of a device
        Ok(found) if !found.is_file() => return Err(Error::NoFile { file }.into()),
        Ok(_) if !force => return Err(Error::FileExists { file }.into()),
        _ => {}
    }
    let password = record.database_password.as_ref().ok_or(super::Error::Without { agent, what: "database" })?;
    let tools = Tools::of(context, infra, server, "pg_dump").await?;
    let format = if file.extension().is_some_and(|extension| extension == "sql") { "plain" } else { "custom" };
    let task = context.events.task(format!("agent {agent}"), format!("dump {database} to `{}`", file.display()));
    let partial = Partial(file.with_file_name(format!("{PARTIAL}{}", std::process::id())));
    remove_killed(&file);
    let call = Call { script: DUMP, arguments: [format.as_ref(), "".as_ref()], input: None };
    let written = async {
        let output = File::create(&partial.0).map_err(system::Error::file("create", &partial.0))?;
        // shared with the program that writes; by it the next dump knows that this one is at work
        rustix::fs::flock(&output, FlockOperation::LockExclusive)
            .map_err(|error| system::Error::call("lock the dump")(error.into()))?;
        let ended = tools.run(&server.agent_login(agent, password), call, Some(output)).await?;
        if !ended.success {
            return Err(Error::Dump { database: database.clone(), output: ended.output });
        }
        std::fs::rename(&partial.0, &file).map_err(system::Error::file("write", &file))?;
        Ok::<(), Error>(())
    };
    written.await?;
    task.finish();
    report("harness/db-dump/1", agent, &file, began)
}

/// Puts the contents of a file in the place of the agent's database: a dump of `pg_dump` in the custom format, or SQL.
///
/// # Errors
/// As for [`dump_database`]; then the database is as it was.
pub async fn load_database(
    context: &Context,
    agent: AgentId,
    file: &Path,
    force: bool,
) -> Result<DatabaseFile, Failure> {
    let began = Instant::now();
    let opened = open(context, agent, force, true).await?;
    let (Opened { record, infra, .. }, server) = (&opened, opened.server()?);
    let file = context.directory.join(file);
    check_dump(&file)?;
    let project = context.in_tree(&context.project_at(&record.project_root)?, &record.tree)?;
    let tools = Tools::of(context, infra, server, "pg_restore").await?;
    let database = agent.database();
    let task = context.events.task(format!("agent {agent}"), format!("replace {database} with `{}`", file.display()));
    let mut interrupted = std::pin::pin!(super::interrupted());
    // polled once, a signal no longer kills harness, but waits to be heard below, where what was begun is dropped
    if std::future::poll_fn(|task| Poll::Ready(interrupted.as_mut().poll(task).is_ready())).await {
        return Err(Error::Interrupted.into());
    }
    let restore = async |login: DatabaseCredentials| {
        let call = Call { script: LOAD, arguments: [database.as_ref(), file.as_os_str()], input: Some(&file) };
        let ended = tokio::select! {
            biased;
            () = interrupted => return Err(Error::Interrupted),
            ended = tools.run(&login, call, None) => ended?,
        };
        if ended.success { Ok(()) } else { Err(Error::Load { file: file.clone(), output: ended.output }) }
    };
    load::load(server, context.home.id(), agent, &project.database.extensions, restore).await?;
    Background::drop_replaced(server, context.home.id(), agent).start(&context.home.infra_dir());
    control::after_replacement(context, record).await?;
    task.finish();
    drop(opened);
    report("harness/db-load/1", agent, &file, began)
}

/// A dump that is being written: an interrupted one leaves no file.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // a complete one has its own name by now
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Removes what dumps that were killed have left beside this file.
fn remove_killed(file: &Path) {
    let entries = file.parent().and_then(|directory| std::fs::read_dir(directory).ok());
    for entry in entries.into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| {
            name.strip_prefix(PARTIAL).is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        });
        let is_free = || {
            let open = File::open(entry.path()).ok();
            open.is_some_and(|open| rustix::fs::flock(&open, FlockOperation::NonBlockingLockExclusive).is_ok())
        };
        if is_ours && is_free() {
            // another dump may have done so
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Refuses what would be loaded as an empty database.
fn check_dump(file: &Path) -> Result<(), Error> {
    let open = File::open(file).and_then(|open| open.metadata());
    let metadata = open.map_err(system::Error::file("read", file))?;
    let what = match (metadata.is_dir(), metadata.is_file(), metadata.len()) {
        (true, ..) => "a directory",
        (_, false, _) => "no regular file",
        (_, _, 0) => "empty",
        _ => return Ok(()),
    };
    Err(Error::NoDump { file: file.to_owned(), what })
}

fn report(schema: &str, agent: AgentId, file: &Path, began: Instant) -> Result<DatabaseFile, Failure> {
    let metadata = std::fs::metadata(file).map_err(system::Error::file("look at", file))?;
    Ok(DatabaseFile {
        schema: schema.to_owned(),
        agent: agent.get(),
        database: agent.database(),
        file: file.display().to_string(),
        bytes: metadata.len(),
        duration_ms: milliseconds(began.elapsed()),
    })
}

/// Where PostgreSQL's programs run.
enum Tools<'a> {
    /// On this machine, with this search path.
    Here(String),
    /// In the server's container.
    Container(&'a Context, &'a Infra),
}

/// A script, its two arguments, and the file that it reads where that is not visible to it.
struct Call<'a> {
    script: &'static str,
    arguments: [&'a std::ffi::OsStr; 2],
    input: Option<&'a Path>,
}

/// How a script ended.
struct Ended {
    success: bool,
    /// The last lines of its messages.
    output: Vec<String>,
}

impl<'a> Tools<'a> {
    /// Finds `program`, which has to know the server's version; the others lie beside it.
    async fn of(context: &'a Context, infra: &'a Infra, server: &Server, program: &'static str) -> Result<Self, Error> {
        if infra.engine == Engine::Docker && !server.access.external {
            return Ok(Self::Container(context, infra));
        }
        let major = Admin::connect(server).await?.version().major;
        let path = context.variable("PATH").unwrap_or_default();
        let debian = client_programs::debian().into_iter().map(|(_, place)| place);
        let beside = infra.programs_of("db").flatten();
        let places = beside.into_iter().chain(std::env::split_paths(&path)).chain(debian);
        for place in places {
            if client_programs::version(&place.join(program)).await.is_some_and(|found| found >= major) {
                return Ok(Self::Here(format!("{}:{path}", place.display())));
            }
        }
        Err(Error::NoProgram { program, major })
    }

    /// Runs a script with this login; what it prints goes to `output`.
    async fn run(&self, login: &DatabaseCredentials, call: Call<'_>, output: Option<File>) -> Result<Ended, Error> {
        match self {
            Self::Here(path) => here(path, login, &call, output).await,
            Self::Container(context, infra) => in_container(context, infra, login, &call, output).await,
        }
    }
}

async fn here(path: &str, login: &DatabaseCredentials, call: &Call<'_>, output: Option<File>) -> Result<Ended, Error> {
    let failed = || system::Error::call("run PostgreSQL's programs");
    let mut child = Command::new("/bin/sh")
        .args(["-c", call.script, "sh"])
        .args(call.arguments)
        .env_clear()
        .env("PATH", path)
        .envs(login.environment())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output.map_or_else(Stdio::null, Stdio::from))
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed())?;
    let mut said = Vec::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_end(&mut said).await.map_err(failed())?;
    }
    let status = child.wait().await.map_err(failed())?;
    Ok(Ended { success: status.success(), output: last_lines(&said) })
}

async fn in_container(
    context: &Context,
    infra: &Infra,
    login: &DatabaseCredentials,
    call: &Call<'_>,
    mut output: Option<File>,
) -> Result<Ended, Error> {
    // beside the server, its port is the usual one; a file of this machine is read through its standard input
    let login = DatabaseCredentials { port: 5432, ..login.clone() };
    let file = if call.input.is_some() { "" } else { call.arguments[1].to_str().unwrap_or_default() };
    let first = String::from_utf8_lossy(call.arguments[0].as_bytes()).into_owned();
    let command = ["sh", "-c", call.script, "sh", &first, file].map(str::to_owned);
    let (sender, receiver) = mpsc::channel(4);
    let request = docker::ExecRequest {
        service: "db",
        command: &command,
        environment: login.environment(),
        input: call.input.is_some().then_some(receiver),
        terminal: None,
    };
    if let Some(path) = call.input {
        let mut file = File::open(path).map_err(system::Error::file("read", path))?;
        std::thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = file.read(&mut chunk) {
                if sender.blocking_send(chunk[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    let (mut said, mut written) = (Vec::new(), Ok(()));
    let code = docker::exec(&context.home, &infra.record, request, |is_error, bytes| {
        if is_error {
            said.extend_from_slice(bytes);
        } else if let (Some(output), Ok(())) = (&mut output, &written) {
            written = output.write_all(bytes);
        }
    });
    let code = code.await?;
    written.map_err(system::Error::call("write the dump"))?;
    Ok(Ended { success: code == 0, output: last_lines(&said) })
}

fn last_lines(said: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}
