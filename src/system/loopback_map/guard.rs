//! Who serves what outlives its command: `harness exec 3 -- npm start &` and the like.
//!
//! A listener that all processes have closed makes every later call of its programs fail with `ENOSYS`. So a small process
//! (`harness __loopback_map`) holds the listener of each such command from the start. It sleeps until the command's own
//! process has ended, serves then, and ends with the last program. It is no ancestor of these programs: under
//! `kernel.yama.ptrace_scope = 1` it may not take their sockets over, and their calls continue unmapped.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{PidfdFlags, getpid, pidfd_open};

use super::listener::{Listener, Served};
use super::ports::PortMap;
use super::slot::Slot;

/// The hidden command.
const WORD: &str = "__loopback_map";

/// Starts it for a listener that this process serves with the slot of `call`.
///
/// # Errors
/// It cannot be started.
pub(super) fn start(listener: &Listener, call: &OwnedFd) -> io::Result<()> {
    let served_by = pidfd_open(getpid(), PidfdFlags::empty())?;
    let kept = [listener.descriptor().as_raw_fd(), call.as_raw_fd(), served_by.as_raw_fd()];
    let mut command = Command::new("/proc/self/exe");
    command.arg0("harness").arg(WORD).arg(listener.ports().to_string()).args(kept.map(|number| number.to_string()));
    command.env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: only system calls on descriptors that are open until the command has been started.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            for number in kept {
                fcntl_setfd(BorrowedFd::borrow_raw(number), FdFlags::empty())?;
            }
            Ok(())
        });
    }
    command.spawn()?;
    Ok(())
}

/// Runs `harness __loopback_map <ports> <listener> <call> <pidfd>` to its end; `None` when the arguments ask for
/// something else.
pub fn entry(arguments: &[OsString]) -> Option<ExitCode> {
    let [word, ports, numbers @ ..] = arguments else { return None };
    if word != WORD {
        return None;
    }
    let numbers: Vec<RawFd> = numbers.iter().filter_map(|number| number.to_str()?.parse().ok()).collect();
    let (Some(ports), &[listener, call, served_by]) = (ports.to_str().and_then(PortMap::parse), numbers.as_slice())
    else {
        return Some(ExitCode::from(2));
    };
    let _ = rustix::thread::set_name(c"harness");
    // SAFETY: the first thing that this program does; these descriptors were left open for it.
    let [listener, call, served_by] = [listener, call, served_by].map(|number| unsafe { OwnedFd::from_raw_fd(number) });
    for descriptor in [&listener, &call, &served_by] {
        let _ = fcntl_setfd(descriptor, FdFlags::CLOEXEC);
    }
    guard(&Listener::new(listener, ports), &call, &served_by);
    Some(ExitCode::SUCCESS)
}

fn guard(listener: &Listener, call: &OwnedFd, served_by: &OwnedFd) {
    let Ok(slot) = Slot::of(call) else { return };
    loop {
        // of the listener only its end is waited for
        let mut descriptors = [PollFd::new(served_by, PollFlags::IN), PollFd::new(listener, PollFlags::empty())];
        let _ = poll(&mut descriptors, None);
        if descriptors[1].revents().contains(PollFlags::HUP) {
            return;
        }
        if !descriptors[0].revents().is_empty() {
            break;
        }
    }
    listener.resume(&slot);
    loop {
        let _ = poll(&mut [PollFd::new(listener, PollFlags::IN)], None);
        if let Served::Ended = listener.serve(&slot) {
            return;
        }
    }
}
