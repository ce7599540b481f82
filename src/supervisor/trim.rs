//! Giving back the pages of the program that only its start has touched.
//!
//! The kernel maps code around every fault, 64 KiB at a time, and the binary holds a database client, a
//! template engine and more. A guardian or supervisor that is up uses a small part of that; the rest
//! counts against it for as long as it lives, which is weeks. Dropped pages stay in the page cache and
//! come back by an ordinary fault, so this is always safe for what is never written: the code, and the
//! constants in front of it. (The pages with relocated addresses look read-only too but were written by
//! the loader; they lie behind the code and are left alone.)

use std::fs;

/// Drops the program's own clean pages, and what the heap holds and does not use.
pub(crate) fn give_back_startup_pages() {
    #[cfg(target_env = "gnu")]
    // SAFETY: gives unused memory back to the kernel; touches nothing that is allocated.
    unsafe {
        libc::malloc_trim(0);
    }
    let Ok(program) = fs::read_link("/proc/self/exe") else { return };
    let program = program.to_string_lossy().into_owned();
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (from, to) in maps.lines().filter_map(|line| constant_range(line, &program)) {
        // SAFETY: a private mapping of a file that was never written to; its pages are read in again from
        // that file when they are touched.
        unsafe { libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_DONTNEED) };
    }
}

/// The addresses of a row of `proc_pid_maps(5)` that holds the program's code, or the constants at the
/// beginning of its file.
fn constant_range(line: &str, program: &str) -> Option<(usize, usize)> {
    let (fields, path) = line.split_at(line.find('/')?);
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let (rights, offset) = (*fields.get(1)?, *fields.get(2)?);
    let constant = rights == "r-xp" || (rights == "r--p" && offset.bytes().all(|digit| digit == b'0'));
    let (from, to) = fields.first().filter(|_| constant && path == program)?.split_once('-')?;
    Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_and_the_first_constants_of_the_program_itself_are_dropped() {
        let range = |line: &str| constant_range(line, "/opt/my harness");
        let rest = "00:1f 123   /opt/my harness";
        assert_eq!(range(&format!("1000-2000 r--p 00000000 {rest}")), Some((0x1000, 0x2000)));
        assert_eq!(range(&format!("2000-3000 r-xp 00001000 {rest}")), Some((0x2000, 0x3000)));
        assert_eq!(range(&format!("3000-4000 r--p 00002000 {rest}")), None, "relocated");
        assert_eq!(range(&format!("4000-5000 rw-p 00003000 {rest}")), None);
        assert_eq!(range("5000-6000 r-xp 00000000 00:1f 9 /lib/libc.so.6"), None);
        assert_eq!(range("7000-8000 rw-p 00000000 00:00 0 [heap]"), None);
        give_back_startup_pages();
    }
}
