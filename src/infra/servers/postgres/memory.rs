//! How much memory PostgreSQL may count on.

use crate::system::Memory;

/// Memory of this machine in bytes; a modest guess where it is not known.
pub(super) fn available() -> u64 {
    const GUESS: u64 = 4 << 30;
    Memory::read().map_or(GUESS, |memory| memory.total)
}

/// `shared_buffers` and `effective_cache_size` in MiB. Many small databases share one server beside the
/// applications and their builds, so it takes a thirty-second part: 128 MiB at least, 512 at most.
pub(super) fn shares(total: u64) -> (u64, u64) {
    let total = total / (1024 * 1024);
    ((total / 32).clamp(128, 512), (total / 4).max(256))
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn buffers_follow_the_memory_within_bounds() {
        const GIB: u64 = 1024 * 1024 * 1024;
        assert_eq!(shares(GIB), (128, 256));
        assert_eq!(shares(8 * GIB), (256, 2048));
        assert_eq!(shares(64 * GIB), (512, 16384));
    }
}
