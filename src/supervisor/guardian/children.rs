//! Children of this process: how they ended, reaped by pid.

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitIdStatus, waitid};

use crate::supervisor::snapshot::ExitStatus;

/// A child that ended.
pub(crate) struct Ended {
    pub(crate) pid: u32,
    pub(crate) status: ExitStatus,
}

/// Reaps the next child that has ended. It looks first and reaps that very pid then, so that nothing is
/// reaped without being known.
pub(crate) fn reap_one() -> Option<Ended> {
    // SAFETY: siginfo is plain data that the call fills in.
    let pid = unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        if libc::waitid(libc::P_ALL, 0, &raw mut info, flags) != 0 {
            return None;
        }
        info.si_pid()
    };
    let status = waitid(WaitId::Pid(Pid::from_raw(pid)?), WaitIdOptions::EXITED | WaitIdOptions::NOHANG).ok()??;
    Some(Ended { pid: pid.cast_unsigned(), status: exit_status(&status) })
}

/// How a process ended.
pub(crate) fn exit_status(status: &WaitIdStatus) -> ExitStatus {
    ExitStatus { code: status.exit_status(), signal: status.terminating_signal(), out_of_memory: false }
}
