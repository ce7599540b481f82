//! A command's side of the control socket: the requests, each as a function.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use super::connection::{Patience, ask, ask_any_version, ask_for_descriptor, gone};
use super::protocol::{Destination, Request, Response, StopReport, UNKNOWN_REQUEST};
use super::readiness::writable;
use super::snapshot::{Phase, StackSnapshot};
use super::spec::{ProcessSpec, StackSpec};
use super::{Error, Result, config, socket, trio};
use crate::screen::Size;
use crate::system::{self, Deadline};

/// How long a supervisor may take for an answer that needs no waiting: its guardian replaces one that was stopped within
/// 8 s.
const PATIENCE: Duration = Duration::from_secs(12);

/// The same for a command that only reads.
const LOOKING: Duration = Duration::from_secs(2);

/// A stack's supervisor, as commands see it.
#[derive(Debug, Clone)]
pub struct Client {
    directory: PathBuf,
    /// Whether the command only reads: then it waits less, and mends nothing.
    only_looks: bool,
    /// The connection that found it, for the first request.
    found_by: Arc<Mutex<Option<UnixStream>>>,
}

impl Client {
    /// Finds the supervisor of the stack in `directory`; `None` when none runs.
    pub fn connect(directory: &Path) -> Result<Option<Self>> {
        let found = socket::connect_to(directory)?;
        Ok(found.map(|stream| Self { found_by: Arc::new(Mutex::new(Some(stream))), ..Self::new(directory) }))
    }

    /// The same for a command that only reads.
    pub fn look(directory: &Path) -> Result<Option<Self>> {
        Ok(Self::connect(directory)?.map(|client| Self { only_looks: true, ..client }))
    }

    /// The same for a command that is about to change the stack as a whole: a supervisor of an older protocol
    /// becomes this binary first, which its processes do not notice.
    pub async fn take_charge(directory: &Path) -> Result<Option<Self>> {
        let Some(client) = Self::connect(directory)? else { return Ok(None) };
        match client.snapshot().await {
            Err(error) if error.is_older() => {
                let own = std::env::current_exe().map_err(system::Error::call("find the path of this program"))?;
                client.replace(&own).await?;
            }
            Err(error) if error.is_ending() => return Ok(None),
            // whatever else is wrong with it, the next request says
            _ => {}
        }
        Ok(Some(client))
    }

    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), only_looks: false, found_by: Arc::default() }
    }

    /// For an answer that comes after `later` at the latest.
    fn patience(&self, later: Duration) -> Patience {
        let limit = if self.only_looks { LOOKING } else { PATIENCE };
        Patience { limit: limit.saturating_add(later), mends: !self.only_looks }
    }

    fn first_connection(&self) -> Option<UnixStream> {
        self.found_by.lock().ok()?.take()
    }

    /// The state now; `None` where the supervisor has ended since it was found. The socket of one that was killed goes on
    /// accepting until the kernel has taken it apart.
    pub async fn state(&self) -> Result<Option<StackSnapshot>> {
        match self.snapshot().await {
            Err(error) if error.is_ending() => Ok(None),
            other => other.map(Some),
        }
    }

    /// The state now.
    pub async fn snapshot(&self) -> Result<StackSnapshot> {
        self.ask_snapshot(&Request::Snapshot, Duration::ZERO).await
    }

    /// The state as soon as its generation is not `generation`, at the latest after `limit`.
    pub async fn changed(&self, generation: u64, limit: Duration) -> Result<StackSnapshot> {
        let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        self.ask_snapshot(&Request::Changed { generation, timeout_ms }, limit).await
    }

    /// Waits until `settled` says so of a state, at most for `limit`; returns the last state seen.
    pub async fn wait_until(
        &self,
        limit: Duration,
        mut settled: impl FnMut(&StackSnapshot) -> bool,
    ) -> Result<StackSnapshot> {
        let deadline = Deadline::after("a state of the stack", limit);
        let mut seen = self.snapshot().await?;
        while !settled(&seen) {
            let left = deadline.remaining();
            if left.is_zero() {
                break;
            }
            seen = self.changed(seen.generation, left).await?;
        }
        Ok(seen)
    }

    /// Puts `spec` in force: new processes start, dropped ones stop. Changed ones are restarted only with
    /// `restart_changed`; otherwise they change at their next start.
    pub async fn apply(&self, spec: &StackSpec, restart_changed: bool) -> Result<StackSnapshot> {
        config::write(&self.directory, spec)?;
        self.ask_snapshot(&Request::Apply { restart_changed, revive: false }, Duration::ZERO).await
    }

    /// Reads `processes.toml` again and starts what failed or was stopped.
    pub(crate) async fn revive(&self) -> Result<StackSnapshot> {
        self.ask_snapshot(&Request::Apply { restart_changed: false, revive: true }, Duration::ZERO).await
    }

    /// Starts processes and what they depend on; without names, all that are not disabled.
    /// Does not wait until they are ready.
    pub async fn start(&self, names: &[String]) -> Result<StackSnapshot> {
        self.ask_snapshot(&Request::Start { names: names.to_vec() }, Duration::ZERO).await
    }

    /// Stops processes, all of them without names, and waits until they are gone. The supervisor stays.
    pub async fn stop(&self, names: &[String]) -> Result<StackSnapshot> {
        let mut seen = self.ask_snapshot(&Request::Stop { names: names.to_vec() }, Duration::ZERO).await?;
        let stopping = |snapshot: &StackSnapshot| {
            let meant = |name: &String| names.is_empty() || names.contains(name);
            snapshot.processes.iter().any(|(name, process)| meant(name) && process.phase == Phase::Stopping)
        };
        while stopping(&seen) {
            seen = self.changed(seen.generation, Duration::from_mins(1)).await?;
        }
        Ok(seen)
    }

    /// Stops and starts processes by the `processes.toml` of now; without names, all that are wanted.
    /// Does not wait until they are ready.
    pub async fn restart(&self, names: &[String]) -> Result<StackSnapshot> {
        self.ask_snapshot(&Request::Restart { names: names.to_vec() }, Duration::ZERO).await
    }

    /// Stops all processes until a client connects to one of their ports, and waits until they are gone. A supervisor of
    /// an older binary becomes this one first.
    pub async fn park(&self) -> Result<StackSnapshot> {
        let mut seen = self.ask_newest(&Request::Park).await?;
        while seen.parked && seen.processes.values().any(|process| process.phase == Phase::Stopping) {
            seen = self.changed(seen.generation, Duration::from_mins(1)).await?;
        }
        Ok(seen)
    }

    /// Starts what was parked. Does not wait until it is ready.
    pub async fn wake(&self) -> Result<StackSnapshot> {
        self.ask_newest(&Request::Wake).await
    }

    /// Stops everything, ends the supervisor and its guardian, and waits until both are gone.
    pub async fn shutdown(&self) -> Result<StopReport> {
        let trio = self.snapshot().await?;
        // as long as the longest grace period asks: the supervisor itself bounds it
        let patience = self.patience(Duration::from_hours(1));
        let response = ask(&self.directory, self.first_connection(), &Request::Shutdown, patience).await?;
        let Response::Stopped(report) = response else { return Err(unexpected(response)) };
        for identity in std::iter::once(trio.supervisor).chain(trio.guardian) {
            if timeout(LOOKING, gone(&identity)).await.is_err() {
                // a guardian that was stopped
                trio::mend(&self.directory);
                let _ = timeout(PATIENCE, gone(&identity)).await;
            }
        }
        Ok(report)
    }

    /// Lets supervisor and guardian replace themselves by `binary` (the running one is what a stack keeps
    /// otherwise, also across its own death); the processes live on. Works across protocol versions.
    pub async fn replace(&self, binary: &Path) -> Result<StackSnapshot> {
        let request = Request::Replace { binary: binary.to_string_lossy().into_owned() };
        match ask_any_version(&self.directory, self.first_connection(), &request, self.patience(Duration::ZERO)).await?
        {
            Response::Done => self.snapshot().await,
            other => Err(unexpected(other)),
        }
    }

    /// A connection to what belongs to the stack, made by the supervisor: it works in a sandbox that has no network.
    pub async fn connection(&self, to: Destination) -> Result<tokio::net::TcpStream> {
        let connection = std::net::TcpStream::from(self.descriptor(&Request::Connect { to }).await?);
        let usable = connection.set_nonblocking(true).and_then(|()| tokio::net::TcpStream::from_std(connection));
        Ok(usable.map_err(system::Error::call("use the connection"))?)
    }

    /// Adds a session, which starts at once. A supervisor of an older binary that knows no sessions becomes this one first.
    pub async fn start_session(&self, name: &str, process: &ProcessSpec) -> Result<StackSnapshot> {
        self.ask_newest(&Request::StartSession { name: name.to_owned(), process: Box::new(process.clone()) }).await
    }

    /// Asks what an older binary may not understand: its supervisor becomes this one then, and is asked again.
    async fn ask_newest(&self, request: &Request) -> Result<StackSnapshot> {
        match self.ask_snapshot(request, Duration::ZERO).await {
            Err(Error::Rejected { code, .. }) if code == UNKNOWN_REQUEST => {
                let own = std::env::current_exe().map_err(system::Error::call("find the path of this program"))?;
                self.replace(&own).await?;
                self.ask_snapshot(request, Duration::ZERO).await
            }
            other => other,
        }
    }

    /// Ends a session and takes it off the list.
    pub async fn end_session(&self, name: &str) -> Result<StackSnapshot> {
        let mut seen = self.ask_snapshot(&Request::Stop { names: vec![name.to_owned()] }, Duration::ZERO).await?;
        while seen.sessions.get(name).is_some_and(|session| session.process.phase == Phase::Stopping) {
            seen = self.changed(seen.generation, Duration::from_mins(1)).await?;
        }
        self.ask_snapshot(&Request::RemoveSession { name: name.to_owned() }, Duration::ZERO).await
    }

    /// The master end of the terminal of a process or session; it does not block. What is written to it is typed.
    /// It must not be read: the supervisor does that.
    pub async fn terminal(&self, name: &str) -> Result<AsyncFd<OwnedFd>> {
        let master = self.descriptor(&Request::Terminal { name: name.to_owned() }).await?;
        Ok(writable(master).map_err(system::Error::call("write to the terminal"))?)
    }

    /// Gives the terminal of a process or session another size.
    pub async fn resize(&self, name: &str, size: Size) -> Result<()> {
        let request = Request::Resize { name: name.to_owned(), size };
        match ask(&self.directory, self.first_connection(), &request, self.patience(Duration::ZERO)).await? {
            Response::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    async fn descriptor(&self, request: &Request) -> Result<OwnedFd> {
        let patience = self.patience(Duration::ZERO);
        match ask_for_descriptor(&self.directory, self.first_connection(), request, patience).await? {
            (_, Some(descriptor)) => Ok(descriptor),
            (response, None) => Err(unexpected(response)),
        }
    }

    async fn ask_snapshot(&self, request: &Request, later: Duration) -> Result<StackSnapshot> {
        match ask(&self.directory, self.first_connection(), request, self.patience(later)).await? {
            Response::Snapshot(snapshot) => Ok(*snapshot),
            other => Err(unexpected(other)),
        }
    }
}

pub(super) fn unexpected(response: Response) -> Error {
    match response {
        Response::Error { code, message } => Error::Rejected { code, message },
        _ => Error::Rejected { code: "supervisor.answer".to_owned(), message: "it answered something else".to_owned() },
    }
}
