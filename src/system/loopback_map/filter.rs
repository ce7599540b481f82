//! The seccomp filter, and how a program comes under it.

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use libc::{c_ulong, sock_filter, sock_fprog};

/// `AUDIT_ARCH_*` of the kernel's `linux/audit.h`. Calls of another architecture (32-bit programs) pass; those of x32
/// have other numbers and pass too.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;

/// Offsets into `struct seccomp_data`.
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;

/// In order of preference. Where the kernel can, a call that has been taken up is interrupted by nothing but a fatal
/// signal (Linux 5.19), so that no runtime's preemption signals make it begin again. `SPEC_ALLOW` keeps older kernels
/// from slowing the program down.
const FLAGS: [c_ulong; 2] = [
    libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
        | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW
        | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
    libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW,
];

/// `bind` and `connect` are asked about, everything else is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter([sock_filter; 7]);

impl Filter {
    pub(super) fn new() -> Self {
        let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
        let give = |action| statement(libc::BPF_RET | libc::BPF_K, action);
        Self([
            load(ARCHITECTURE_AT),
            skip_unless(ARCHITECTURE, 0, 3),
            load(NUMBER_AT),
            skip_unless(number(libc::SYS_bind), 2, 0),
            skip_unless(number(libc::SYS_connect), 1, 0),
            give(libc::SECCOMP_RET_ALLOW),
            give(libc::SECCOMP_RET_USER_NOTIF),
        ])
    }

    /// Puts this process, and all that it will start, under the filter for good; returns the listener or the error's
    /// number. Without the right to do so it gives up gaining privileges first (`no_new_privs`).
    ///
    /// Async-signal-safe.
    pub(super) fn install(&self) -> Result<OwnedFd, i32> {
        match self.install_once() {
            Err(libc::EACCES) => {
                // SAFETY: sets a flag of this process.
                if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
                    return Err(last_error());
                }
                self.install_once()
            }
            outcome => outcome,
        }
    }

    fn install_once(&self) -> Result<OwnedFd, i32> {
        let mut filter = self.0;
        let program = sock_fprog { len: 7, filter: filter.as_mut_ptr() };
        let mut error = libc::EINVAL;
        for flags in FLAGS {
            // SAFETY: the kernel copies the program, which lives across the call; a listener is a new descriptor.
            unsafe {
                let mode = libc::SECCOMP_SET_MODE_FILTER;
                let listener = libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program);
                if listener >= 0 {
                    return Ok(OwnedFd::from_raw_fd(RawFd::try_from(listener).unwrap_or(-1)));
                }
            }
            error = last_error();
            if error != libc::EINVAL {
                break;
            }
        }
        Err(error)
    }
}

fn statement(code: u32, k: u32) -> sock_filter {
    sock_filter { code: u16::try_from(code).unwrap_or(u16::MAX), jt: 0, jf: 0, k }
}

/// Compares with `k`; goes `equal` or `other` instructions further.
fn skip_unless(k: u32, equal: u8, other: u8) -> sock_filter {
    sock_filter { jt: equal, jf: other, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k) }
}

fn number(call: libc::c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

/// `errno`, without allocating.
pub(super) fn last_error() -> i32 {
    // SAFETY: the address of this thread's own number.
    unsafe { *libc::__errno_location() }
}
