//! P15, P16, P21: ports that are taken, listened on by half, or by the wrong number; crash loops.

use std::net::TcpListener;

use harness::supervisor::{Phase, RestartSpec};

use super::stack::{Stack, app, free_port, http, server, shell};

#[tokio::test(flavor = "current_thread")]
async fn p15_a_port_held_by_a_stranger_is_named_with_pid_and_command() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let mut api = server(&["127.0.0.1"], port);
    api.restart = RestartSpec::Always;
    let stack = Stack::new([("api", api)]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::PortConflict).await;
    let process = &seen.processes["api"];
    let (held, holder) = process.port_holder.clone().unwrap();
    assert_eq!((held, holder.pid), (port, Some(std::process::id())));
    let own = std::env::args().next().unwrap();
    assert!(holder.command.starts_with(&own), "{holder:?}");
    let who = format!("port {port} is in use by pid {} (`{own}", std::process::id());
    assert!(process.reason.as_ref().unwrap().contains(&who), "{process:?}");
    assert_eq!((process.restarts, process.process.clone()), (0, None));
    drop(stranger);
    stack.client().start(&[]).await.unwrap();
    stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p15_a_death_of_address_in_use_on_another_port_is_no_restart_storm() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let mut api = shell(&format!("echo 'Error: listen EADDRINUSE: address already in use :::{port}' >&2; exit 1"));
    api.restart = RestartSpec::Always;
    let stack = Stack::new([("api", api)]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::PortConflict).await;
    let process = &seen.processes["api"];
    assert_eq!(process.restarts, 0);
    assert_eq!(process.port_holder.as_ref().unwrap().1.pid, Some(std::process::id()));
    assert_eq!(process.last_exit.unwrap().code, Some(1));
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p16_readiness_works_on_either_loopback_address() {
    let mut four = server(&["127.0.0.1"], free_port());
    four.liveness_probe = four.readiness_probe.clone();
    let stack = match TcpListener::bind("[::1]:0") {
        Ok(_) => Stack::new([("four", four), ("six", server(&["[::1]"], free_port()))]),
        Err(error) => {
            println!("skipped on [::1]: this machine has no IPv6 ({error})");
            Stack::new([("four", four)])
        }
    };
    stack.start_until(Phase::Ready).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn a_process_that_listens_on_the_wrong_port_is_port_not_bound() {
    let (wanted, actual) = (free_port(), free_port());
    let mut api = app(&format!("listen 127.0.0.1:{actual}; wait"));
    api.readiness_probe = Some(http(wanted));
    api.ports = vec![wanted];
    let stack = Stack::new([("api", api)]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::PortNotBound).await;
    let reason = seen.processes["api"].reason.clone().unwrap();
    assert!(reason.contains(&actual.to_string()) && reason.contains(&wanted.to_string()), "{reason}");
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p21_a_crash_loop_pauses_and_is_given_up_with_the_reason() {
    let mut api = shell("echo boom >&2; exit 9");
    api.restart = RestartSpec::OnFailure;
    api.max_restarts = 2;
    let stack = Stack::new([("api", api)]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::Failed).await;
    let process = &seen.processes["api"];
    assert_eq!(process.reason.as_deref(), Some("exited with status 9; not restarted after 2 restarts in a row"));
    assert_eq!(process.restarts, 2);
    assert_eq!(stack.log("api"), b"boom\nharness: exited with status 9\n".repeat(3));
    // nothing is to be done any more, and nothing is done
    let ticks = |pid: u32| -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = ticks(seen.supervisor.pid);
    let unchanged = stack.client().changed(seen.generation, std::time::Duration::from_secs(1)).await.unwrap();
    assert_eq!(unchanged.generation, seen.generation);
    assert!(ticks(seen.supervisor.pid) - before <= 2, "the supervisor is busy");
    stack.client().shutdown().await.unwrap();
}
