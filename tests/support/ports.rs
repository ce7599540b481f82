//! Port ranges for tests: leased through locked files, so that tests of one run, of two checkouts and of
//! two users never meet, and taken outside the kernel's ephemeral range, so that no outgoing connection
//! sits on one of them.
//!
//! A block is 200 ports from `base`: the infra's are `base..base + 10`; application ports of agent n are
//! `base + 10 + 10 n + digit`, where a digit belongs to a port name of a project.

use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

const FIRST: u16 = 20_000;
const BLOCKS: u16 = 60;
const SIZE: u16 = 200;

/// A range of ports that belongs to one test.
pub(crate) struct PortBlock {
    base: u16,
    path: PathBuf,
    _lock: File,
}

impl PortBlock {
    /// The highest agent id whose ports fit.
    pub(crate) const MAX_AGENT: u8 = 18;

    /// Takes a block that nobody has and in which nothing listens.
    pub(crate) fn lease() -> Self {
        let directory = std::env::temp_dir().join("harness-test-ports");
        if fs::create_dir(&directory).is_ok() {
            // tests of another user use the same files
            let _ = fs::set_permissions(&directory, fs::Permissions::from_mode(0o1777));
        }
        // a different start for each process spares most of the collisions
        let start = u16::try_from(std::process::id() % u32::from(BLOCKS)).expect("smaller than BLOCKS");
        (0..BLOCKS)
            .map(|step| FIRST + (start + step) % BLOCKS * SIZE)
            .find_map(|base| Self::try_lease(&directory, base))
            .expect("a block of ports is free")
    }

    fn try_lease(directory: &std::path::Path, base: u16) -> Option<Self> {
        let path = directory.join(base.to_string());
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o666).open(&path).ok()?;
        flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
        // the former owner may have removed the file between our open and our lock
        let same = fs::metadata(&path).is_ok_and(|now| file.metadata().is_ok_and(|ours| ours.ino() == now.ino()));
        if !same {
            return None;
        }
        let block = Self { base, path, _lock: file };
        let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        (base..base + SIZE).all(free).then_some(block)
    }

    /// A port of the infra, by its number within the block.
    pub(crate) fn infra(&self, number: u16) -> u16 {
        assert!(number < 10, "the infra has ten ports");
        self.base + number
    }

    /// The base of an application port, as `[ports]` wants it: agent n gets this plus 10 n.
    pub(crate) fn application(&self, digit: u16) -> u16 {
        assert!(digit < 10, "a block has ten ports an agent");
        self.base + 10 + digit
    }
}

impl Drop for PortBlock {
    fn drop(&mut self) {
        // while the lock is still held
        let _ = fs::remove_file(&self.path);
    }
}

#[test]
fn two_blocks_never_meet() {
    let (one, two) = (PortBlock::lease(), PortBlock::lease());
    let last = one.application(9) + 10 * u16::from(PortBlock::MAX_AGENT);
    assert!(last < one.base + SIZE);
    assert!(one.base.abs_diff(two.base) >= SIZE);
}

#[test]
fn a_block_in_use_is_passed_over() {
    let (base, path) = {
        let block = PortBlock::lease();
        (block.base, block.path.clone())
    };
    let directory = path.parent().expect("a file is in a directory");
    let Ok(_stranger) = TcpListener::bind(("127.0.0.1", base + 33)) else { return };
    assert!(PortBlock::try_lease(directory, base).is_none());
}
