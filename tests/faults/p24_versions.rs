//! P24: the binary is replaced under a running stack.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;

use harness::report::Diagnostic;
use harness::supervisor::{Client, Launcher, Phase};
use rustix::process::Signal;

use super::stack::{Stack, binary, shell};

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
async fn p24_another_protocol_is_named_with_the_command_that_mends_it() {
    let place = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(place.path().join("supervisor.sock")).unwrap();
    // a supervisor of the future
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            for message in [r#"{"protocol":9,"version":"9.1.0","stack":"agent-3"}"#, r#"{"unheard":"of"}"#] {
                let length = u32::try_from(message.len()).unwrap().to_be_bytes();
                let _ = stream.write_all(&[&length, message.as_bytes()].concat());
            }
        }
    });
    let client = Client::connect(place.path()).unwrap().unwrap();
    let error = client.snapshot().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("harness 9.1.0 (protocol 9)") && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert_eq!(error.code(), "supervisor.version");
    assert!(error.hint().unwrap().contains("harness restart --supervisor 3"));
    server.join().unwrap();
}
