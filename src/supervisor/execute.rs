//! Becoming another role: `exec` of a harness binary as guardian or supervisor, with an handover.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::handover::Packed;
use crate::system::proc::arguments_of;

/// The running program itself, also after its file was replaced or removed.
pub(crate) const OWN_BINARY: &CStr = c"/proc/self/exe";

/// What the trio's processes are called on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Guardian,
    Supervisor,
}

impl Role {
    /// The hidden command.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Guardian => "__guardian",
            Self::Supervisor => "__supervisor",
        }
    }

    /// What the process `pid` is, and the directory of its stack, by its command line; `None` for any other program.
    pub(crate) fn of(pid: u32) -> Option<(Self, PathBuf)> {
        let arguments = arguments_of(pid);
        let (word, directory) = (arguments.get(1)?, arguments.get(2)?);
        let role = [Self::Guardian, Self::Supervisor].into_iter().find(|role| word == role.word())?;
        Some((role, PathBuf::from(directory)))
    }
}

/// A call of `execve`, made up beforehand: between `fork` and `exec` nothing may be allocated.
pub(crate) struct Execution {
    program: CString,
    arguments: Vec<CString>,
    kept: Vec<RawFd>,
}

impl Execution {
    /// `harness __guardian <directory> <handover>` with the given program.
    pub(crate) fn new(program: &CStr, role: Role, directory: &Path, handover: &Packed) -> Self {
        let text = |bytes: &[u8]| CString::new(bytes).unwrap_or_default();
        let arguments = vec![
            c"harness".to_owned(),
            text(role.word().as_bytes()),
            text(directory.as_os_str().as_bytes()),
            text(handover.document.as_raw_fd().to_string().as_bytes()),
        ];
        Self { program: program.to_owned(), arguments, kept: handover.kept.clone() }
    }

    /// Becomes that program with an empty environment and no signal blocked. Returns the error number
    /// when that fails. Async-signal-safe apart from one array on the stack.
    pub(crate) fn run(&self) -> i32 {
        let mut pointers = [std::ptr::null(); 8];
        for (slot, argument) in pointers.iter_mut().zip(&self.arguments) {
            *slot = argument.as_ptr();
        }
        let environment = [std::ptr::null::<libc::c_char>()];
        // SAFETY: plain system calls; the arrays end with a null pointer and live across the call.
        unsafe {
            for descriptor in &self.kept {
                libc::fcntl(*descriptor, libc::F_SETFD, 0);
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            libc::execve(self.program.as_ptr(), pointers.as_ptr(), environment.as_ptr());
            *libc::__errno_location()
        }
    }
}

/// Closes every descriptor from `first` on. Async-signal-safe.
pub(crate) fn close_from(first: RawFd) {
    // SAFETY: touches no memory; the caller uses none of these descriptors any more.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) != 0 {
            // Linux before 5.9
            let mut limit: libc::rlimit = std::mem::zeroed();
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
            let last = RawFd::try_from(limit.rlim_cur).unwrap_or(RawFd::MAX).min(65536);
            for descriptor in first..last {
                libc::close(descriptor);
            }
        }
    }
}

/// Marks every descriptor but the standard ones as closed by `exec`. Async-signal-safe.
pub(crate) fn close_all_on_exec() {
    // SAFETY: touches no memory. Where the kernel is too old, descriptors without CLOEXEC stay open.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
    }
}
