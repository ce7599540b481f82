//! P24: the binary is replaced under a running stack.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use harness::report::Diagnostic;
use harness::supervisor::{Client, Launcher, Phase};
use rustix::process::Signal;

use super::stack::{Stack, binary, shell};
use crate::support::{SHORT, TestHome, wait_until};

/// Harness of another version that speaks another protocol: the program under test, with both texts changed in
/// its file. Whatever it is asked, it answers by its own code.
fn other_harness(place: &Path, version: &str, protocol: &str) -> PathBuf {
    let mut program = std::fs::read(binary()).unwrap();
    for (old, new) in [
        (env!("CARGO_PKG_VERSION").to_owned(), version.to_owned()),
        ("harness supervisor protocol 0002".to_owned(), format!("harness supervisor protocol {protocol}")),
    ] {
        assert_eq!(old.len(), new.len());
        let places: Vec<usize> = memchr::memmem::find_iter(&program, &old).collect();
        assert!(!places.is_empty(), "the program does not hold `{old}`");
        for at in places {
            program[at..at + new.len()].copy_from_slice(new.as_bytes());
        }
    }
    let path = place.join(format!("harness-{version}"));
    std::fs::write(&path, program).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// The pid, and what else `status --json` says of a process.
fn process(status: &serde_json::Value, name: &str) -> serde_json::Value {
    let processes = status["agents"][0]["processes"].as_array().unwrap();
    let mut row = processes.iter().find(|row| row["name"] == name).unwrap().clone();
    // what goes on changing
    for key in ["uptime_ms", "cpu_percent", "memory_bytes"] {
        row.as_object_mut().unwrap().remove(key);
    }
    row
}

#[test]
fn p24_another_version_is_named_and_moved_to_this_one_with_pids_logs_and_exit_statuses() {
    let home = TestHome::new();
    let older = other_harness(home.directory(), "0.0.9", "0000");
    let project = home
        .project("shop")
        .toml(
            "[processes.api]\ncommand = \"sh -c 'while :; do echo tick; sleep 0.05; done'\"\n\
             [processes.once]\ncommand = \"sh -c 'echo did what it could >&2; exit 7'\"\nrestart = \"no\"\n\
             [processes.next]\ncommand = \"sh -c 'until [ -e go ]; do sleep 0.02; done; exit 5'\"\nrestart = \"no\"\n",
        )
        .write();
    let by = |binary: &Path, arguments: &[&str]| project.harness(arguments.to_vec()).binary(binary);
    // whether the launch still sees the one that fails is a matter of moments
    by(&older, &["launch", "3", "--keep"]).run();
    by(&older, &["wait", "3", "once", "--for", "exit"]).run().exits_with(1);
    by(&older, &["wait", "3", "api"]).run().succeeds();
    let once = |status: &serde_json::Value| process(status, "once")["exit"]["code"].clone();
    let before = by(&older, &["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(once(&before), 7, "{before:#}");
    let log = home.path().join("agents/3/logs/api.log");
    let written = || std::fs::read(&log).unwrap_or_default();

    // this version does not understand that one, says so, and harms nothing
    for verb in [["stop", "3"], ["restart", "3"]] {
        by(binary(), &verb)
            .run()
            .exits_with(4)
            .says("of harness 0.0.9 (protocol 0), this command is of harness")
            .says("run `harness restart --supervisor 3`");
    }
    let refused = by(binary(), &["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(refused["agents"][0]["error"]["code"], "supervisor.version", "{refused:#}");
    assert_eq!(
        refused["agents"][0]["error"]["hint"],
        "run `harness restart --supervisor 3`; its processes keep running"
    );
    // nor does an older command take a newer supervisor over
    let now = by(&older, &["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(process(&now, "api"), process(&before, "api"));

    // the hint does what it says
    let length = written().len();
    by(binary(), &["restart", "--supervisor", "3"]).run().exits_with(1);
    let after = by(binary(), &["status", "3", "--json"]).run().succeeds().json();
    for name in ["api", "once", "next"] {
        assert_eq!(process(&after, name), process(&before, name));
    }
    wait_until("the log to go on", SHORT, || written().len() > length);
    assert!(written().chunks(5).all(|line| line == b"tick\n"), "no line is lost or torn");
    // the exit of what the older version started is read by this one
    std::fs::write(project.root().join("go"), "").unwrap();
    let ended = by(binary(), &["wait", "3", "next", "--for", "exit", "--json"]).run().json();
    assert_eq!(ended["processes"][0]["exit"]["code"], 5, "{ended:#}");
    by(&older, &["launch", "3"]).run().exits_with(4).says("use that version of harness, or a newer one");
    by(binary(), &["teardown", "3"]).run().succeeds();
    assert_eq!(crate::support::mentioning(&home.path()), []);
}

#[test]
fn p24_launch_and_teardown_go_on_over_servers_and_agents_of_an_older_version() {
    let home = TestHome::new();
    let older = other_harness(home.directory(), "0.0.9", "0000");
    let project = home.project("shop").with_s3().application("api").write();
    project.harness(["launch", "3"]).binary(&older).run().succeeds();
    let server = || {
        let seen = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
        let services = seen["services"].as_array().unwrap().clone();
        services.into_iter().find(|service| service["name"] == "minio").unwrap()
    };
    let before = server();
    assert!(before["reason"].as_str().unwrap().contains("of harness 0.0.9 (protocol 0)"), "{before:#}");
    let held = crate::support::listener(home.s3_port()).unwrap();

    project.harness(["launch", "4"]).run().succeeds();
    assert_eq!(crate::support::listener(home.s3_port()).unwrap(), held, "the server is not restarted");
    let after = server();
    assert_eq!((&after["state"], &after["pid"]), (&"ready".into(), &held.0.into()), "{after:#}");
    project.harness(["teardown", "3"]).run().succeeds();
    project.harness(["teardown", "4"]).run().succeeds();
}

#[tokio::test(flavor = "current_thread")]
async fn p24_a_launch_moves_a_stack_of_an_older_protocol_and_keeps_its_processes() {
    let place = tempfile::tempdir().unwrap();
    let mut stack = Stack::new([("api", shell("while :; do echo tick; sleep 0.05; done"))]);
    stack.launcher = Launcher::with_binary(other_harness(place.path(), "0.0.9", "0000"));
    // the start itself is asked by this version, and refused an answer
    assert_eq!(stack.launcher.start(&stack.directory, &stack.spec).await.unwrap_err().code(), "supervisor.version");
    wait_until("the process to run", SHORT, || stack.log("api").len() > 5);
    let leader = |members: Vec<harness::system::ProcessIdentity>| {
        let shells =
            |pid: u32| std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sh\0"));
        members.into_iter().find(|member| shells(member.pid)).unwrap()
    };
    let before = leader(stack.members());

    stack.launcher = Launcher::with_binary(binary());
    let started = stack.start().await;
    assert!(!started.fresh);
    assert_eq!(started.snapshot.harness_version, env!("CARGO_PKG_VERSION"));
    assert_eq!(started.snapshot.processes["api"].process, Some(before));
    assert_eq!(started.snapshot.processes["api"].restarts, 0);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p24_a_stack_outlives_its_binary_and_moves_to_the_new_one_when_told() {
    let place = tempfile::tempdir().unwrap();
    let installed = place.path().join("harness");
    std::fs::copy(binary(), &installed).unwrap();
    let mut stack = Stack::new([("api", shell("while :; do echo tick; sleep 0.05; done"))]);
    stack.launcher = Launcher::with_binary(&installed);
    let before = stack.start_until(Phase::Ready).await;
    let process = before.processes["api"].process.clone();

    // replaced, as an installer does: a new file takes the name
    let newer = place.path().join("new");
    std::fs::copy(binary(), &newer).unwrap();
    std::fs::rename(&newer, &installed).unwrap();
    assert_eq!(stack.client().snapshot().await.unwrap().processes["api"].process, process);
    // the old trio still mends itself, from the file that has lost its name
    before.supervisor.signal(Signal::KILL);
    let mended = stack.wait(|seen| seen.supervisor != before.supervisor).await;
    assert_eq!(mended.processes["api"].process, process);

    let after = stack.client().replace(&installed).await.unwrap();
    assert_ne!(after.supervisor, mended.supervisor);
    assert_eq!(after.guardian, before.guardian, "the guardian stays the parent");
    assert_eq!((after.processes["api"].process.clone(), after.processes["api"].restarts), (process, 0));
    for identity in [&after.supervisor, after.guardian.as_ref().unwrap()] {
        let runs = std::fs::read_link(format!("/proc/{}/exe", identity.pid)).unwrap();
        assert_eq!(runs, std::fs::canonicalize(&installed).unwrap());
    }
    assert!(after.tracking.contains(&"subreaper".to_owned()));
    let length = stack.log("api").len();
    crate::support::wait_until("the log to go on", crate::support::SHORT, || stack.log("api").len() > length);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p24_a_replacement_that_cannot_run_changes_nothing() {
    let stack = Stack::new([("api", shell("sleep 600"))]);
    let before = stack.start_until(Phase::Ready).await;
    let error = stack.client().replace("/nowhere/harness".as_ref()).await.unwrap_err().to_string();
    assert!(error.contains("/nowhere/harness"), "{error}");
    let broken = stack.directory.join("broken");
    std::fs::write(&broken, "not a program").unwrap();
    std::fs::set_permissions(&broken, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let after = stack.client().replace(&broken).await.unwrap();
    assert_eq!(after.processes["api"].process, before.processes["api"].process);
    assert_eq!(after.guardian, before.guardian);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p24_a_protocol_of_the_future_is_named_with_its_version() {
    let place = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(place.path().join("supervisor.sock")).unwrap();
    // a supervisor of the future
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked);
        for message in [r#"{"protocol":9,"version":"9.1.0","stack":"agent-3"}"#, r#"{"unheard":"of"}"#] {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            let _ = stream.write_all(&[&length, message.as_bytes()].concat());
        }
    });
    let client = Client::connect(place.path()).unwrap().unwrap();
    let error = client.snapshot().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("harness 9.1.0 (protocol 9)") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert_eq!(error.code(), "supervisor.version");
    assert!(error.hint().unwrap().contains("use that version of harness, or a newer one"));
    server.join().unwrap();
}
