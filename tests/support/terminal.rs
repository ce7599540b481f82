//! A terminal of a test's own: a pair of pseudo-terminals, with a command on one end and the test at the other.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use harness::screen::{Screen, Size};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::wait::{LONG, wait_for};

/// The test's end.
pub(crate) struct Terminal {
    own: File,
    other: File,
    seen: Arc<Mutex<Vec<u8>>>,
    screen: Arc<Mutex<Screen>>,
}

impl Terminal {
    /// One of this size.
    pub(crate) fn open(columns: u16, rows: u16) -> Self {
        let (mut own, mut other) = (-1, -1);
        let null = std::ptr::null_mut();
        // SAFETY: it writes two descriptors to locals; no name, modes or size are passed.
        let outcome = unsafe { libc::openpty(&raw mut own, &raw mut other, null, null.cast(), null.cast()) };
        assert_eq!(outcome, 0, "open a pseudo-terminal");
        // SAFETY: both were just opened and belong to nobody else.
        let (own, other) = unsafe { (File::from_raw_fd(own), File::from_raw_fd(other)) };
        for end in [&own, &other] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC).unwrap();
        }
        let screen = Arc::new(Mutex::new(Screen::new(Size::of(columns, rows), 1000)));
        let terminal = Self { own, other, seen: Arc::default(), screen };
        terminal.resize(columns, rows);
        let (mut reader, seen) = (terminal.own.try_clone().unwrap(), terminal.seen.clone());
        let screen = terminal.screen.clone();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                seen.lock().unwrap().extend(&chunk[..length]);
                screen.lock().unwrap().feed(&chunk[..length]);
            }
        });
        terminal
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        // first: who hears of it draws by the new size
        self.screen.lock().unwrap().resize(Size::of(columns, rows));
        tcsetwinsize(&self.own, size).unwrap();
    }

    /// What a person sees on it, row by row.
    pub(crate) fn shows(&self) -> Vec<String> {
        let screen = self.screen.lock().unwrap();
        (0..screen.size().rows).map(|row| screen.row(row.into()).text()).collect()
    }

    /// What it was switched to.
    pub(crate) fn modes(&self) -> harness::screen::Modes {
        self.screen.lock().unwrap().modes()
    }

    /// What has left it at its top.
    pub(crate) fn scrollback(&self) -> Vec<String> {
        self.screen.lock().unwrap().scrollback_rows(0, usize::MAX).iter().map(harness::screen::Row::text).collect()
    }

    /// Waits until a row shows this.
    #[track_caller]
    pub(crate) fn awaits(&self, text: &str) {
        wait_for(&format!("`{text}` on the screen"), LONG, || {
            let rows = self.shows();
            if rows.iter().any(|row| row.contains(text)) { Ok(()) } else { Err(rows.join("\n")) }
        });
    }

    /// Starts a command with this as its controlling terminal.
    pub(crate) fn start(&self, mut command: Command) -> Child {
        let end = || Stdio::from(self.other.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        // SAFETY: only async-signal-safe system calls are made between fork and exec.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                if libc::ioctl(std::io::stdin().as_raw_fd(), libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        command.spawn().expect("start the command")
    }

    /// Types.
    pub(crate) fn type_in(&self, text: &str) {
        (&self.own).write_all(text.as_bytes()).unwrap();
    }

    /// Whether keys go through as they are.
    pub(crate) fn is_raw(&self) -> bool {
        let modes = tcgetattr(&self.own).unwrap().local_modes;
        !modes.intersects(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG)
    }

    /// Whether this was printed since what was last expected.
    pub(crate) fn has_seen(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).contains(text)
    }

    /// Forgets what was printed so far.
    pub(crate) fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// Waits until this was printed, and forgets what was printed up to there.
    #[track_caller]
    pub(crate) fn expect(&self, text: &str) {
        wait_for(&format!("`{text}` on the terminal"), LONG, || {
            let mut seen = self.seen.lock().unwrap();
            let so_far = String::from_utf8_lossy(&seen).into_owned();
            let at = seen.windows(text.len()).position(|window| window == text.as_bytes()).ok_or(so_far)?;
            seen.drain(..at + text.len());
            Ok::<_, String>(())
        });
    }
}
