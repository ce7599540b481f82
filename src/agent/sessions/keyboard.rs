//! What is typed into a session.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

use crate::report::Failure;
use crate::supervisor::Client;

/// Keys that wait for a program that does not read; more are refused.
const MOST: usize = 1 << 20;

/// The master end of a session's terminal, for writing.
#[derive(Debug)]
pub struct Keyboard {
    master: AsyncFd<OwnedFd>,
    waiting: VecDeque<u8>,
}

impl Keyboard {
    /// That of a session or process.
    ///
    /// # Errors
    /// It does not run or has no terminal.
    pub async fn of(client: &Client, name: &str) -> Result<Self, Failure> {
        Ok(Self { master: client.terminal(name).await?, waiting: VecDeque::new() })
    }

    /// Adds keys. False when so many wait that these are left out.
    pub fn push(&mut self, keys: &[u8]) -> bool {
        let fits = self.waiting.len() + keys.len() <= MOST;
        if fits {
            self.waiting.extend(keys);
        }
        fits
    }

    /// Writes what waits, as the program reads; never ready while nothing does.
    pub async fn written(&mut self) {
        while !self.waiting.is_empty() {
            let Ok(mut ready) = self.master.writable().await else { break };
            let (first, _) = self.waiting.as_slices();
            // a terminal takes a line of 4095 bytes at once
            match rustix::io::write(ready.get_inner(), &first[..first.len().min(1024)]) {
                Ok(written) => {
                    self.waiting.drain(..written);
                    return;
                }
                Err(rustix::io::Errno::AGAIN) => ready.clear_ready(),
                Err(rustix::io::Errno::INTR) => {}
                // its program has ended
                Err(_) => self.waiting.clear(),
            }
        }
        std::future::pending::<()>().await;
    }
}
