//! How a process ended, whichever process was its parent.

use std::os::fd::AsFd;
use std::time::Duration;

use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::messages::{Message, Sender};
use crate::supervisor::guardian::exit_status;
use crate::supervisor::readiness::readable;
use crate::supervisor::snapshot::ExitStatus;

/// What looking at an ended process gave.
pub(super) enum Fate {
    /// It was our child; it is still to be reaped.
    Own(ExitStatus),
    /// Another process reaps it.
    Others,
}

/// Tells once the process behind `pidfd` has ended.
pub(super) async fn watch(pidfd: std::os::fd::OwnedFd, name: String, run: u64, sender: Sender) {
    if let Ok(pidfd) = readable(pidfd) {
        let _ = pidfd.readable().await;
    }
    let _ = sender.send(Message::Ended { name, run });
}

/// How an ended process ended, without reaping it.
pub(super) fn look(pidfd: impl AsFd) -> Fate {
    let flags = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::PidFd(pidfd.as_fd()), flags) {
        Ok(Some(status)) => Fate::Own(exit_status(&status)),
        _ => Fate::Others,
    }
}

/// Reaps an ended child.
pub(super) fn reap(pidfd: impl AsFd) {
    let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
}

/// `struct pidfd_info` of `linux/pidfd.h`.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// How a process ended that another one reaped: Linux 6.15 and later report it to any holder of a pidfd. Waits a
/// moment, because it is reported once it was reaped.
pub(super) async fn of_a_stranger(pidfd: &impl AsFd) -> ExitStatus {
    for _ in 0..50 {
        if let Some(status) = ask_kernel(pidfd) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ExitStatus { code: None, signal: None, out_of_memory: false }
}

fn ask_kernel(pidfd: &impl AsFd) -> Option<ExitStatus> {
    use std::os::fd::AsRawFd;
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // _IOWR(0xFF, 11, struct pidfd_info)
    let request = 0xc000_ff0b | (std::mem::size_of::<PidfdInfo>() as libc::c_ulong) << 16;
    // SAFETY: the kernel writes at most the size that the request number holds.
    let code = unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), request, &raw mut info) };
    if code != 0 || info.mask & PIDFD_INFO_EXIT == 0 {
        return None;
    }
    let status = info.exit_code;
    let signal = libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status));
    Some(ExitStatus { code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)), signal, out_of_memory: false })
}
