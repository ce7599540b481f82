//! What passes from one holder of a stack to the next: from the command that starts it to the guardian,
//! from the guardian to each supervisor, and from a supervisor that finds its guardian dead to itself as
//! the new guardian.
//!
//! It always travels the same way: a document in a memory file, whose descriptor's number is an argument
//! of the program that is executed, and descriptors that stay open across that `exec`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use serde::{Deserialize, Serialize};

use super::listeners::Listeners;
use super::snapshot::ExitStatus;
use crate::system::ProcessIdentity;
use crate::system::loopback_map::{Listener, PortMap};

/// Everything that must outlive a single process of the trio.
#[derive(Debug)]
pub(crate) struct Handover {
    /// The stack's directory.
    pub(crate) directory: PathBuf,
    /// The program that the stack was started with, for a replacement.
    pub(crate) binary: PathBuf,
    /// Whoever holds it is the one trio of the stack: `flock` lives as long as any copy is open.
    pub(crate) lock: OwnedFd,
    /// The bound control socket.
    pub(crate) listener: OwnedFd,
    /// The supervised processes.
    pub(crate) ledger: Vec<Entry>,
    /// The supervisor's last saved state, a memory file.
    pub(crate) state: Option<OwnedFd>,
    /// The config in force, a memory file: the one on disk may have been edited since.
    pub(crate) spec: Option<OwnedFd>,
    /// Where calls of mapped programs arrive.
    pub(crate) listeners: Listeners,
    /// The call that the guardian answers at this moment, a memory file.
    pub(crate) call: Option<OwnedFd>,
    /// Whether one guardian has been subreaper since the stack began, so that no orphan got away.
    pub(crate) complete: bool,
    /// Who guards, where that is already known.
    pub(crate) guardian: Option<ProcessIdentity>,
}

/// A supervised process, from its start until its leader is reaped and its pipes have ended.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Number of this start of the process, so that late news is not taken for the next one's.
    pub(crate) run: u64,
    pub(crate) identity: ProcessIdentity,
    /// Milliseconds since the epoch.
    pub(crate) started_at_ms: i64,
    /// How the leader ended, once it was reaped.
    pub(crate) exit: Option<ExitStatus>,
    /// Read ends of stdout and stderr.
    pub(crate) pipes: Vec<OwnedFd>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    directory: PathBuf,
    binary: PathBuf,
    lock: RawFd,
    listener: RawFd,
    link: Option<RawFd>,
    state: Option<RawFd>,
    spec: Option<RawFd>,
    complete: bool,
    guardian: Option<ProcessIdentity>,
    ledger: Vec<EntryDocument>,
    #[serde(default)]
    listeners: Vec<ListenerDocument>,
    #[serde(default)]
    call: Option<RawFd>,
}

#[derive(Serialize, Deserialize)]
struct ListenerDocument {
    descriptor: RawFd,
    ports: PortMap,
}

#[derive(Serialize, Deserialize)]
struct EntryDocument {
    name: String,
    run: u64,
    identity: ProcessIdentity,
    started_at_ms: i64,
    exit: Option<ExitStatus>,
    pipes: Vec<RawFd>,
}

/// A handover ready to be executed with: the memory file, and what must stay open beside it.
pub(crate) struct Packed {
    pub(crate) document: OwnedFd,
    pub(crate) kept: Vec<RawFd>,
}

impl Handover {
    /// Writes the handover down, with the link that its receiver will hold.
    pub(crate) fn pack(&self, link: Option<&OwnedFd>) -> std::io::Result<Packed> {
        let number = |descriptor: &OwnedFd| descriptor.as_raw_fd();
        let document = Document {
            directory: self.directory.clone(),
            binary: self.binary.clone(),
            lock: number(&self.lock),
            listener: number(&self.listener),
            link: link.map(number),
            state: self.state.as_ref().map(number),
            spec: self.spec.as_ref().map(number),
            complete: self.complete,
            guardian: self.guardian.clone(),
            ledger: self.ledger.iter().map(Entry::document).collect(),
            listeners: self.listeners.each(|listener| ListenerDocument {
                descriptor: number(listener.descriptor()),
                ports: listener.ports().clone(),
            }),
            call: self.call.as_ref().map(number),
        };
        let file = memory_file(&document)?;
        let mut kept = vec![document.lock, document.listener, file.as_raw_fd()];
        kept.extend(document.link);
        kept.extend(document.state);
        kept.extend(document.spec);
        kept.extend(document.call);
        kept.extend(document.ledger.iter().flat_map(|entry| entry.pipes.iter().copied()));
        kept.extend(document.listeners.iter().map(|listener| listener.descriptor));
        Ok(Packed { document: file, kept })
    }

    /// Takes over the handover that descriptor `number` describes, and the link.
    ///
    /// # Safety
    /// To be called once, at the start of a program that was executed with a packed handover: the numbers
    /// in the document are then descriptors that nothing else in this process owns.
    pub(crate) unsafe fn unpack(number: RawFd) -> std::io::Result<(Self, Option<OwnedFd>)> {
        // SAFETY: promised by the caller.
        let document: Document = read_memory_file(unsafe { own(number) }?)?;
        // SAFETY: promised by the caller, for this and the following.
        let link = document.link.map(|link| unsafe { own(link) }).transpose()?;
        let mut ledger = Vec::new();
        for entry in document.ledger {
            // SAFETY: as above.
            let pipes = entry.pipes.iter().map(|pipe| unsafe { own(*pipe) }).collect::<Result<_, _>>()?;
            let EntryDocument { name, run, identity, started_at_ms, exit, .. } = entry;
            ledger.push(Entry { name, run, identity, started_at_ms, exit, pipes });
        }
        let listeners = Listeners::default();
        for ListenerDocument { descriptor, ports } in document.listeners {
            // SAFETY: as above.
            listeners.add(Listener::new(unsafe { own(descriptor) }?, ports));
        }
        let handover = Self {
            directory: document.directory,
            binary: document.binary,
            // SAFETY: as above.
            lock: unsafe { own(document.lock) }?,
            // SAFETY: as above.
            listener: unsafe { own(document.listener) }?,
            // SAFETY: as above.
            state: document.state.map(|state| unsafe { own(state) }).transpose()?,
            // SAFETY: as above.
            spec: document.spec.map(|spec| unsafe { own(spec) }).transpose()?,
            ledger,
            listeners,
            // SAFETY: as above.
            call: document.call.map(|call| unsafe { own(call) }).transpose()?,
            complete: document.complete,
            guardian: document.guardian,
        };
        Ok((handover, link))
    }

    /// The entry of a start of a process.
    pub(crate) fn entry(&mut self, name: &str, run: u64) -> Option<&mut Entry> {
        self.ledger.iter_mut().find(|entry| entry.name == name && entry.run == run)
    }
}

impl Entry {
    fn document(&self) -> EntryDocument {
        EntryDocument {
            name: self.name.clone(),
            run: self.run,
            identity: self.identity.clone(),
            started_at_ms: self.started_at_ms,
            exit: self.exit,
            pipes: self.pipes.iter().map(AsRawFd::as_raw_fd).collect(),
        }
    }
}

/// A memory file that holds `document` as JSON.
pub(crate) fn memory_file(document: &impl Serialize) -> std::io::Result<OwnedFd> {
    let mut file = File::from(memfd_create("harness", MemfdFlags::CLOEXEC)?);
    file.write_all(&serde_json::to_vec(document)?)?;
    Ok(file.into())
}

/// What a memory file holds.
pub(crate) fn read_memory_file<T: for<'a> Deserialize<'a>>(descriptor: impl AsFd) -> std::io::Result<T> {
    let mut file = File::from(descriptor.as_fd().try_clone_to_owned()?);
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Owns an inherited descriptor, and closes it for programs that are executed from here.
///
/// # Safety
/// Nothing else in this process owns `number`.
unsafe fn own(number: RawFd) -> std::io::Result<OwnedFd> {
    // SAFETY: F_GETFD has no other effect than to say whether the descriptor is open.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: it is open, and the caller promises that it is not owned.
    let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&descriptor, fcntl_getfd(&descriptor)? | FdFlags::CLOEXEC)?;
    Ok(descriptor)
}
