//! P8, P9, P10, P22 as a user meets them: reboots, two commands at once, two shells, a terminal that closes.

use std::fs;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use rustix::process::Signal;

use super::trio_of;
use crate::support::{LONG, SHORT, TestHome, TestProject, get, wait_until};

/// What `status --json` says of agent 3.
fn agent(project: &TestProject<'_>) -> serde_json::Value {
    project.harness(["status", "3", "--json"]).run().succeeds().json()["agents"][0].clone()
}

#[test]
fn p8_after_a_reboot_the_agent_is_stopped_and_all_that_is_its_own_is_known() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["psql", "3", "insert into items (name) values ('of before')"]).run().succeeds();
    let before = agent(&project);
    // as the power button does it: nothing is stopped in order, and the record of processes stays
    let directory = home.path().join("agents/3");
    let record = fs::read(directory.join("supervisor.json")).unwrap();
    let trio = trio_of(&directory);
    assert!(trio.iter().all(|identity| identity.signal(Signal::STOP)));
    assert!(trio.iter().all(|identity| identity.signal(Signal::KILL)));
    wait_until("both to be gone", SHORT, || trio_of(&directory).is_empty());
    let pids: Vec<u32> =
        crate::support::marked(&format!("{}/agent-3", home.id().unwrap())).iter().map(|it| it.0).collect();
    let identities: Vec<_> = pids.into_iter().filter_map(harness::system::ProcessIdentity::of).collect();
    assert!(!identities.is_empty() && identities.iter().all(|identity| identity.signal(Signal::KILL)));
    wait_until("its processes to be gone", SHORT, || identities.iter().all(|identity| !identity.is_alive()));
    let mut record: serde_json::Value = serde_json::from_slice(&record).unwrap();
    for identity in record["processes"].as_object_mut().unwrap().values_mut() {
        // this test's own pid: whoever believes the record kills it
        identity["pid"] = std::process::id().into();
        identity["boot_id"] = "00000000-another-boot".into();
    }
    fs::write(directory.join("supervisor.json"), record.to_string()).unwrap();

    let rebooted = agent(&project);
    assert_eq!(rebooted["state"], "stopped", "{rebooted:#}");
    for key in ["ports", "database", "urls", "tree"] {
        assert_eq!(rebooted[key], before[key], "{key}");
    }
    project.harness(["launch", "3"]).run().succeeds();
    assert!(get(project.port("api", 3), "/items").body.contains("of before"), "its database is as it was");
}

#[test]
fn p9_two_launches_at_once_make_one_stack() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["setup"]).run().succeeds();
    let launches: Vec<_> = (0..3).map(|_| project.harness(["launch", "3"]).spawn()).collect();
    let said: Vec<String> = launches.into_iter().map(|launch| launch.wait().succeeds().stdout).collect();
    // one did it, the others waited and say so
    let changed = said.iter().filter(|said| !said.contains("already running")).count();
    assert_eq!(changed, 1, "{said:#?}");
    assert_eq!(trio_of(&home.path().join("agents/3")).len(), 2);
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

#[test]
fn p9_a_launch_during_a_teardown_waits_and_says_for_whom() {
    let home = TestHome::new();
    let slow = "[processes.slow]\ncommand = \"sh -c 'trap : TERM; touch trapped; while :; do sleep 0.05; done'\"\n\
                shutdown = { timeout_seconds = 2 }\n";
    let project = home.project("shop").application("api").toml(slow).write();
    project.harness(["launch", "3"]).run().succeeds();
    wait_until("the process to be deaf", SHORT, || project.root().join("trapped").exists());
    let mut teardown = project.harness(["teardown", "3"]).spawn();
    let stopping = || agent(&project)["processes"].as_array().unwrap().iter().any(|row| row["state"] == "stopping");
    wait_until("the stop to begin", SHORT, stopping);
    let launch = project.harness(["launch", "3"]).run().succeeds();
    assert!(teardown.has_ended(), "the launch did not wait");
    assert!(launch.stderr.contains("waiting for `teardown 3` (pid"), "{launch}");
    teardown.wait().succeeds();
    assert_eq!(trio_of(&home.path().join("agents/3")).len(), 2);
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

#[test]
fn p10_shells_with_other_temporary_directories_see_the_same_stack() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let elsewhere = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| elsewhere.path().join(name));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&two).unwrap();
    let by = |place: &std::path::Path, arguments: &[&str]| {
        project.harness(arguments.to_vec()).env("TMPDIR", place).env("XDG_RUNTIME_DIR", place).run().succeeds()
    };
    by(&one, &["launch", "3"]);
    let seen = |place| by(place, &["status", "3", "--json"]).json()["agents"][0]["processes"][0]["pid"].clone();
    assert!(seen(&one).is_u64());
    assert_eq!(seen(&one), seen(&two));
    let again = by(&two, &["launch", "3"]);
    assert!(again.stdout.contains("already running"), "{again}");
    assert_eq!(trio_of(&home.path().join("agents/3")).len(), 2);
    by(&two, &["teardown", "3"]);
    by(&one, &["teardown", "--infra"]);
    // nor does anything stay there
    for place in [&one, &two] {
        assert_eq!(fs::read_dir(place).unwrap().count(), 0, "{}", place.display());
    }
}

/// A pseudo-terminal: its two ends.
fn terminal() -> (OwnedFd, OwnedFd) {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: makes two new descriptors, which nothing else owns.
    unsafe {
        assert_eq!(libc::openpty(&raw mut master, &raw mut slave, null, null.cast(), null.cast()), 0);
        // a copy in the shell would keep the terminal alive
        assert_eq!(libc::fcntl(master, libc::F_SETFD, libc::FD_CLOEXEC), 0);
        (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave))
    }
}

#[test]
fn p22_a_stack_lives_on_when_the_terminal_that_launched_it_closes() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let (master, slave) = terminal();
    let stream = || std::process::Stdio::from(slave.try_clone().unwrap());
    // a shell that leads a session on that terminal, launches, and stays until it is hung up
    let script = "\"$0\" launch 3; touch launched; exec sleep 600";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_harness")]).current_dir(project.root());
    shell.env_clear().envs(home.environment()).stdin(stream()).stdout(stream()).stderr(stream());
    // SAFETY: two system calls between fork and exec.
    unsafe {
        shell.pre_exec(|| {
            libc::setsid();
            if libc::ioctl(0, libc::TIOCSCTTY, 0) == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        });
    }
    let mut shell = shell.spawn().unwrap();
    drop(slave);
    rustix::io::ioctl_fionbio(&master, true).unwrap();
    wait_until("the launch", LONG, || {
        // somebody has to take what a terminal shows
        while rustix::io::read(&master, &mut [0_u8; 1024]).is_ok_and(|read| read > 0) {}
        project.root().join("launched").exists()
    });
    let before = agent(&project);
    // the window is closed: the kernel hangs the session up
    drop(master);
    assert_eq!(shell.wait().unwrap().signal(), Some(libc::SIGHUP));
    let after = agent(&project);
    assert_eq!(after["processes"][0]["pid"], before["processes"][0]["pid"]);
    assert_eq!((&after["state"], &after["processes"][0]["restarts"]), (&"healthy".into(), &0.into()));
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}
