//! Guardian and supervisor of a stack as `/proc` shows them: for a command that gets no answer of them.
//!
//! They are known by their command line (the role and the whole path of the stack's directory), and are signalled by
//! identity.

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::execute::Role;
use super::stats::age_ms;
use crate::system::ProcessIdentity;
use crate::system::proc::{Stat, StopPatience, Stopped, processes, stop_processes};

/// A guardian, a supervisor, or a copy of one that was forked and has not become another program yet.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) role: Role,
    stat: Stat,
}

impl Member {
    pub(crate) fn pid(&self) -> u32 {
        self.stat.pid
    }

    fn is_stopped(&self) -> bool {
        self.stat.state == b'T'
    }
}

/// The directory of the stack that the process `pid` supervises; `None` for any other program.
pub fn supervised_by(pid: u32) -> Option<PathBuf> {
    Role::of(pid).filter(|(role, _)| *role == Role::Supervisor).map(|(_, directory)| directory)
}

/// Those of the stack in `directory` that live and are `wanted`.
fn members(directory: &Path, wanted: impl Fn(&Stat) -> bool) -> Vec<Member> {
    let member = |stat: Stat| {
        let (role, of) = Role::of(stat.pid)?;
        (of == directory).then_some(Member { role, stat })
    };
    processes().into_iter().filter(|stat| stat.is_alive() && wanted(stat)).filter_map(member).collect()
}

/// Those that a signal has stopped.
pub(crate) fn stopped(directory: &Path) -> Vec<Member> {
    resolved(directory, |directory| members(directory, |stat| stat.state == b'T'))
}

/// Lets a stack whose trio was stopped work again. A guardian goes on: whatever its stack starts hangs below it. A
/// supervisor is killed, because its guardian starts another that takes over; where there is no guardian, it goes on too.
pub(crate) fn mend(directory: &Path) {
    let stopped = stopped(directory);
    if stopped.is_empty() {
        return;
    }
    let all = resolved(directory, |directory| members(directory, |_| true));
    let guardians: Vec<u32> = all.iter().filter(|it| it.role == Role::Guardian).map(Member::pid).collect();
    for member in all.iter().filter(|member| member.is_stopped()) {
        let is_replaced = member.role == Role::Supervisor && guardians.contains(&member.stat.parent);
        member.stat.identity().signal(if is_replaced { Signal::KILL } else { Signal::CONT });
    }
}

/// Kills guardian and supervisor, whatever they do.
pub(crate) fn end(directory: &Path) -> Stopped {
    resolved(directory, |directory| {
        stop_processes(StopPatience::NONE, || {
            members(directory, |_| true).iter().map(|member| member.stat.identity()).collect()
        })
    })
}

/// Ends copies of a supervisor that never became the program that they were forked for: their guardian is dead, so no
/// living trio has them. They close what they inherited as their first act and end when their parent does; this is for
/// one that was stopped before it could. Returns whether there was one.
pub(crate) fn end_unfinished_starts(directory: &Path) -> bool {
    let (guardians, supervisors): (Vec<Member>, Vec<Member>) =
        members(directory, |_| true).into_iter().partition(|member| member.role == Role::Guardian);
    let is_guarded = |member: &Member| guardians.iter().any(|guardian| guardian.pid() == member.stat.parent);
    let is_old = |identity: &ProcessIdentity| age_ms(identity).is_some_and(|age| age > 1000);
    let unfinished: Vec<ProcessIdentity> = supervisors
        .iter()
        .filter(|member| !is_guarded(member))
        .map(|member| member.stat.identity())
        .filter(is_old)
        .collect();
    let alive = || unfinished.iter().filter(|identity| identity.is_alive()).cloned().collect();
    !unfinished.is_empty() && !stop_processes(StopPatience::NONE, alive).killed.is_empty()
}

/// The command lines hold the path without links.
fn resolved<T>(directory: &Path, look: impl FnOnce(&Path) -> T) -> T {
    match std::fs::canonicalize(directory) {
        Ok(resolved) => look(&resolved),
        Err(_) => look(directory),
    }
}
