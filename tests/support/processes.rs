//! What runs on this machine, by looking at /proc and nowhere else.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The pids of live processes whose environment has `HARNESS_STACK=<prefix>...`, with their commands.
pub(crate) fn marked(prefix: &str) -> Vec<(u32, String)> {
    let wanted = format!("HARNESS_STACK={prefix}");
    pids()
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|text| text.split(|byte| *byte == 0).any(|item| item.starts_with(wanted.as_bytes())))
        })
        .filter(|pid| is_alive(*pid))
        .map(|pid| (pid, command_line(pid)))
        .collect()
}

/// Whether there is a process with this pid that is no zombie.
pub(crate) fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|text| text.rsplit_once(") ").map(|(_, rest)| !rest.starts_with(['Z', 'X'])))
        .unwrap_or(false)
}

/// The process that listens on a port, where it can be told.
pub(crate) fn listener(port: u16) -> Option<(u32, String)> {
    let holder = harness::system::port_holder(port)?;
    Some((holder.pid.unwrap_or_default(), holder.command))
}

/// The command lines of all processes that mention `path`.
pub(crate) fn mentioning(path: &Path) -> Vec<(u32, String)> {
    let wanted = path.display().to_string();
    pids()
        .filter(|pid| is_alive(*pid))
        .map(|pid| (pid, command_line(pid)))
        .filter(|(_, command)| command.contains(&wanted))
        .collect()
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .expect("/proc is there")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id())
}

fn command_line(pid: u32) -> String {
    fs::read(format!("/proc/{pid}/cmdline"))
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned())
        .unwrap_or_default()
}

/// A stranger's process that must survive; ended with the test.
pub(crate) struct Decoy(Child);

impl Decoy {
    /// Starts a shell command that should run until the end of the test.
    pub(crate) fn shell(command: &str) -> Self {
        Self::start(Command::new("sh").args(["-c", command]))
    }

    /// A process that does nothing, under a name that looks like one of ours.
    pub(crate) fn sleeping(name: &str) -> Self {
        Self::start(Command::new("sleep").arg0(name).arg("600"))
    }

    fn start(command: &mut Command) -> Self {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start a decoy");
        Self(child)
    }

    /// Its pid.
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Fails the test when it was harmed.
    #[track_caller]
    pub(crate) fn assert_alive(&mut self) {
        let status = self.0.try_wait().expect("ask for the decoy's status");
        assert!(status.is_none(), "the decoy with pid {} was ended: {status:?}", self.0.id());
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_marked_process_is_found_and_a_look_alike_is_not() {
    let unique = format!("test-{}", std::process::id());
    let mut ours = Command::new("sleep").arg("60").env("HARNESS_STACK", format!("{unique}/agent-1")).spawn().unwrap();
    let mut other =
        Command::new("sleep").arg("60").env("NOT_HARNESS_STACK", format!("{unique}/agent-1")).spawn().unwrap();
    super::wait_until("the process to run its program", super::SHORT, || !marked(&unique).is_empty());
    let found: Vec<u32> = marked(&unique).into_iter().map(|(pid, _)| pid).collect();
    for child in [&mut ours, &mut other] {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(found, [ours.id()]);
    assert!(marked(&unique).is_empty());
}
