//! The sidecar index: a header of magic and generation, then one entry a read.

use std::io::{self, Read, Write};

use super::Stream;

const MAGIC: [u8; 8] = *b"HARNLOG1";

/// Bytes of the header, and of an entry.
pub(super) const HEADER: usize = 16;
pub(super) const ENTRY: usize = 16;

/// From `offset` on, the bytes of the log came at this time from this stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) offset: u64,
    /// Microseconds since the epoch.
    pub(super) time_us: u64,
    pub(super) stream: Stream,
}

impl Mark {
    fn encode(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        let stamp = self.time_us << 1 | u64::from(self.stream == Stream::Stderr);
        bytes[8..].copy_from_slice(&stamp.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Self {
        let number = |range: std::ops::Range<usize>| {
            bytes[range].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let stamp = number(8..16);
        let stream = if stamp & 1 == 1 { Stream::Stderr } else { Stream::Stdout };
        Self { offset: number(0..8), time_us: stamp >> 1, stream }
    }
}

/// Begins an index.
pub(super) fn write_header(file: &mut impl Write, generation: u64) -> io::Result<()> {
    let mut header = MAGIC.to_vec();
    header.extend(generation.to_le_bytes());
    file.write_all(&header)
}

/// Adds an entry.
pub(super) fn write_mark(file: &mut impl Write, mark: Mark) -> io::Result<()> {
    file.write_all(&mark.encode())
}

/// The generation of an index; `None` when it is none of ours.
pub(super) fn read_header(file: &mut impl Read) -> Option<u64> {
    let mut header = [0; HEADER];
    file.read_exact(&mut header).ok()?;
    let generation = header[8..].iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (header[..8] == MAGIC).then_some(generation)
}

/// The entries that `bytes` hold whole; a torn last one is left out.
pub(super) fn marks(bytes: &[u8]) -> impl Iterator<Item = Mark> + '_ {
    bytes.chunks_exact(ENTRY).map(Mark::decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_and_a_torn_one_is_left_out() {
        let first = Mark { offset: 0, time_us: 1_700_000_000_000_000, stream: Stream::Stdout };
        let second = Mark { offset: 77, time_us: 1_700_000_000_000_123, stream: Stream::Stderr };
        let mut file = Vec::new();
        write_header(&mut file, 5).unwrap();
        write_mark(&mut file, first).unwrap();
        write_mark(&mut file, second).unwrap();
        file.extend([1, 2, 3]);
        let mut rest = file.as_slice();
        assert_eq!(read_header(&mut rest), Some(5));
        assert_eq!(marks(rest).collect::<Vec<_>>(), [first, second]);
        assert_eq!(read_header(&mut b"something else entirely".as_slice()), None);
    }
}
