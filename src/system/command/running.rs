//! A started program, and everything it starts.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use super::spec::{CommandSpec, Program};
use crate::system::loopback_map::LoopbackMap;
use crate::system::process_tree::ProcessTree;

/// A started program. Dropping it kills everything it started.
pub(super) struct Running {
    child: Child,
    tree: ProcessTree,
    reaped: bool,
}

impl Running {
    pub(super) fn start(spec: &CommandSpec, writing: OwnedFd) -> io::Result<Self> {
        let (mut command, marker) = (command_of(&spec.program), ProcessTree::new_marker());
        command.current_dir(&spec.dir).env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
        command.env(ProcessTree::VARIABLE, &marker);
        command.stdin(Stdio::null()).stdout(Stdio::from(writing.try_clone()?)).stderr(Stdio::from(writing));
        let parent = rustix::process::getpid();
        // SAFETY: only async-signal-safe system calls are made between fork and exec.
        unsafe {
            command.pre_exec(move || {
                rustix::process::setsid()?;
                // harness killed outright takes the program along
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                if rustix::process::getppid() != Some(parent) {
                    return Err(io::Error::from(ErrorKind::Interrupted));
                }
                Ok(())
            });
        }
        // what it starts does not outlive it, so this process serves it
        let map = LoopbackMap::in_environment(spec.env.iter().map(|(name, value)| (name, value)));
        let attached = map.attach_watched(&mut command, spec.watch.as_ref())?;
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Err(attached.explain(error)),
        };
        let tree = ProcessTree::new(child.id(), marker);
        let running = Self { child, tree, reaped: false };
        attached.serve()?;
        Ok(running)
    }

    /// A descriptor that becomes readable when the program has ended.
    pub(super) fn exit_descriptor(&self) -> io::Result<OwnedFd> {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid");
        Ok(pidfd_open(pid, PidfdFlags::NONBLOCK)?)
    }

    /// Asks the program, and everything it started, to end.
    pub(super) fn terminate(&self) {
        self.tree.signal(Signal::TERM);
    }

    /// Kills what is left, then reaps the program: in this order, so that its pid, and with it the
    /// number of its session, cannot be reused while the tree is looked for.
    pub(super) async fn finish(&mut self) -> io::Result<ExitStatus> {
        self.tree.kill_async().await;
        self.reaped = true;
        // it has ended, so this does not wait
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // a future that is dropped has no later moment for this
        if !self.reaped {
            self.tree.kill();
            let _ = self.child.wait();
        }
    }
}

fn command_of(program: &Program) -> Command {
    match program {
        Program::Shell(line) => {
            let mut command = Command::new("/bin/sh");
            command.arg("-c").arg(line);
            command
        }
        Program::Argv(words) => {
            let mut command = Command::new(words.first().map_or_else(OsString::new, Clone::clone));
            command.args(words.iter().skip(1));
            command
        }
    }
}
