//! P34: supervisor and guardian are killed or stopped while mapped programs bind and connect.

use std::time::{Duration, Instant};

use harness::supervisor::{Phase, ProcessSpec};
use harness::system::loopback_map::PortMap;
use rustix::process::Signal;

use super::stack::{Stack, free_port, shell};
use crate::support::{LONG, python, wait_until};

/// Until a stopped guardian is let go on: 30 s, and some for a busy machine.
const BACK: Duration = Duration::from_secs(45);

/// Connects to 3000 in a loop, on sockets that block and on others, and binds 3001 in between; stops with the first
/// call that fails. It says after each hundred that none has.
const CLIENT: &str = r#"
import select, socket
count = 0
while True:
    with socket.socket() as s:
        s.connect(("127.0.0.1", 3000))
        assert s.recv(4) == b"here"
    with socket.socket() as s:
        s.setblocking(False)
        outcome = s.connect_ex(("localhost", 3000))
        assert outcome in (0, 115), outcome
        select.select([s], [], [])
        assert s.recv(4) == b"here"
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 3001))
    count += 1
    if count % 100 == 0:
        print("well", flush=True)
"#;

const SERVER: &str = r#"
import socket
with socket.create_server(("127.0.0.1", 3000), backlog=512) as server:
    print("listening", flush=True)
    while True:
        s, _ = server.accept()
        s.sendall(b"here")
        s.close()
"#;

fn program(script: &str) -> ProcessSpec {
    let command = [python(), "-I", "-c", script].map(str::to_owned).to_vec();
    ProcessSpec { command, ..shell("") }
}

fn mapped() -> Stack {
    let mut server = program(SERVER);
    server.ready_log_line = Some("listening".to_owned());
    let mut client = program(CLIENT);
    client.depends_on = super::stack::after("server", harness::supervisor::ConditionSpec::ProcessLogReady);
    let mut stack = Stack::new([("server", server), ("client", client)]);
    stack.spec.network_map = PortMap::new([(3000, free_port()), (3001, free_port())]);
    stack
}

/// Waits for two hundred rounds more, and sees that neither program failed.
async fn goes_on(stack: &Stack) {
    let lines = || stack.log("client").len();
    let before = lines();
    wait_until("two hundred connects more", LONG, || {
        lines() > before + 10 || stack.log("client").ends_with(b"status 1\n")
    });
    let seen = stack.client().snapshot().await.unwrap();
    let log = String::from_utf8_lossy(&stack.log("client")).into_owned();
    for (name, process) in &seen.processes {
        assert!(process.process.is_some() && process.restarts == 0 && process.last_exit.is_none(), "{name}: {log}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn p34_no_call_fails_while_supervisors_are_killed() {
    let stack = mapped();
    let mut last = stack.start_until(Phase::Ready).await;
    for _ in 0..5 {
        goes_on(&stack).await;
        assert!(last.supervisor.signal(Signal::KILL));
        let killed = last.supervisor.clone();
        last = stack.wait(|seen| seen.supervisor != killed).await;
    }
    goes_on(&stack).await;
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p34_no_call_fails_while_guardians_are_killed() {
    let stack = mapped();
    let mut last = stack.start_until(Phase::Ready).await;
    for _ in 0..5 {
        goes_on(&stack).await;
        assert!(last.guardian.clone().unwrap().signal(Signal::KILL));
        let killed = last.guardian.clone();
        last = stack.wait(|seen| seen.guardian.is_some() && seen.guardian != killed).await;
    }
    goes_on(&stack).await;
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p34_calls_wait_for_a_stopped_guardian_and_none_fails() {
    let stack = mapped();
    let before = stack.start_until(Phase::Ready).await;
    goes_on(&stack).await;
    let guardian = before.guardian.clone().unwrap();
    let began = Instant::now();
    assert!(guardian.signal(Signal::STOP));
    goes_on(&stack).await;
    // as long as the supervisor takes to let it go on
    println!("200 rounds of calls took {:?}", began.elapsed());
    assert!(began.elapsed() < BACK, "{:?}", began.elapsed());
    let after = stack.client().snapshot().await.unwrap();
    assert_eq!((after.guardian, after.supervisor), (before.guardian, before.supervisor), "nobody was replaced");
    stack.client().shutdown().await.unwrap();
}
