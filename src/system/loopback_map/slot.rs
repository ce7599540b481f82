//! The call that is being answered, in memory that outlives the process that answers it.
//!
//! The kernel gives out a call once. A server that is killed between taking it up and answering it would leave its
//! program waiting for ever, so the kernel writes the call straight into a memory file, whose successor finds it there
//! and answers it ([`Listener::resume`](super::Listener::resume)).

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, OFlags, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A page.
const SIZE: usize = 4096;

#[repr(C)]
struct Record {
    call: libc::seccomp_notif,
    /// The flags of the program's socket while they are changed; 0 otherwise. No socket has none: it is open for both
    /// directions.
    flags: u32,
}

/// Room for one call.
#[derive(Debug)]
pub struct Slot(NonNull<Record>);

impl Slot {
    /// The memory file for it.
    ///
    /// # Errors
    /// No descriptor or memory is left.
    pub fn file() -> io::Result<OwnedFd> {
        let file = memfd_create("harness", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, SIZE as u64)?;
        Ok(file)
    }

    /// The room in a file of [`Slot::file`].
    ///
    /// # Errors
    /// No memory is left.
    pub fn of(file: impl AsFd) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping, at an address that the kernel picks.
        let memory = unsafe { mmap(std::ptr::null_mut(), SIZE, protection, MapFlags::SHARED, file, 0) }?;
        NonNull::new(memory.cast()).map(Self).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// Where the kernel writes a call to; empty.
    pub(super) fn emptied(&self) -> *mut libc::seccomp_notif {
        // SAFETY: the mapping is a page long and lives as long as `self`; one thread uses it, and all-zero is a record.
        unsafe {
            self.0.write_bytes(0, 1);
            &raw mut (*self.0.as_ptr()).call
        }
    }

    /// The call; its id is 0 where there is none.
    pub(super) fn call(&self) -> libc::seccomp_notif {
        // SAFETY: as above.
        unsafe { (&raw const (*self.0.as_ptr()).call).read_volatile() }
    }

    /// What the flags of the program's socket are, while they are changed.
    pub(super) fn flags(&self) -> Option<OFlags> {
        // SAFETY: as above.
        let flags = unsafe { (&raw const (*self.0.as_ptr()).flags).read_volatile() };
        (flags != 0).then(|| OFlags::from_bits_retain(flags))
    }

    /// Notes them, before they are changed and after they are put back.
    pub(super) fn set_flags(&self, flags: Option<OFlags>) {
        // SAFETY: as above.
        unsafe { (&raw mut (*self.0.as_ptr()).flags).write_volatile(flags.map_or(0, |flags| flags.bits())) };
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // SAFETY: the mapping of `of`, which nothing uses any more.
        let _ = unsafe { munmap(self.0.as_ptr().cast(), SIZE) };
    }
}
