//! Both streams of a child, read while either is full, up to a moment.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Reads both streams to their ends; `None` when the deadline passed.
pub(super) fn read_both(child: &mut Child, deadline: Instant) -> std::io::Result<Option<[Vec<u8>; 2]>> {
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else { return Ok(None) };
    let mut streams = [Some(File::from(OwnedFd::from(stdout))), Some(File::from(OwnedFd::from(stderr)))];
    let mut texts = [Vec::new(), Vec::new()];
    let mut chunk = vec![0; 64 * 1024];
    while streams.iter().any(Option::is_some) {
        let Some(left) = deadline.checked_duration_since(Instant::now()) else { return Ok(None) };
        let open: Vec<usize> = (0..streams.len()).filter(|at| streams[*at].is_some()).collect();
        let mut watched: Vec<PollFd<'_>> =
            streams.iter().flatten().map(|stream| PollFd::new(stream, PollFlags::IN)).collect();
        match poll(&mut watched, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<bool> = watched.iter().map(|stream| !stream.revents().is_empty()).collect();
        for (at, _) in open.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            let length = streams[at].as_mut().map_or(Ok(0), |stream| stream.read(&mut chunk))?;
            texts[at].extend_from_slice(&chunk[..length]);
            if length == 0 {
                streams[at] = None;
            }
        }
    }
    Ok(Some(texts))
}
