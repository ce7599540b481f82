//! P15, P16, P21: ports that are taken, listened on by half, or by the wrong number; crash loops.

use std::io::{Read, Write};
use std::net::TcpListener;

use harness::supervisor::{Phase, RestartSpec};

use super::stack::{Stack, app, free_port, http, server, shell};
use crate::support::{HarnessCommand, SHORT, TestHome, TestProject, marked, wait_until};

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
async fn p15_the_answer_of_a_stranger_does_not_make_a_process_ready() {
    let port = free_port();
    let mut api = shell("sleep 600");
    api.readiness_probe = Some(http(port));
    api.ports = vec![port];
    let stack = Stack::new([("api", api)]);
    stack.start().await;
    stack.wait(|seen| seen.processes["api"].process.is_some()).await;
    let stranger = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for mut stream in stranger.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.read(&mut [0; 1024]);
        }
    });
    let who = format!("port {port} is answered by pid {} (`", std::process::id());
    let seen = stack.wait(|seen| seen.processes["api"].reason.as_ref().is_some_and(|it| it.contains(&who))).await;
    assert_eq!(seen.processes["api"].phase, Phase::Starting);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
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

/// A call by a user whose own file sets the ports, with no variable set.
fn call(project: &TestProject<'_>, user: &std::path::Path, arguments: &[&str]) -> HarnessCommand {
    let mut call = project.harness(arguments.iter().copied()).env("HOME", user);
    for (_, name) in port_variables() {
        call = call.env(name, "");
    }
    call
}

fn port_variables() -> [(u16, &'static str); 6] {
    [
        (0, "AGENT_DB_PORT"),
        (1, "AGENT_MINIO_PORT"),
        (2, "AGENT_MINIO_CONSOLE_PORT"),
        (3, "AGENT_BROWSER_PORT"),
        (4, "AGENT_MAILPIT_SMTP_PORT"),
        (5, "AGENT_MAILPIT_WEB_PORT"),
    ]
}

/// The database port that the project has with this home.
fn database_port(project: &TestProject<'_>, user: &std::path::Path) -> u64 {
    let shown = call(project, user, &["config", "show", "--json"]).run().succeeds().json();
    shown["infra"]["ports"][0]["port"].as_u64().unwrap_or_else(|| panic!("{shown:#}"))
}

#[test]
fn p15_free_ports_help_a_home_whose_port_was_taken_and_are_that_homes_alone() {
    let home = TestHome::new();
    let other = TestHome::new();
    let user = home.directory().join("user");
    std::fs::create_dir(&user).unwrap();
    let own = port_variables().map(|(number, name)| format!("{name}={}\n", home.ports().infra(number + 1))).concat();
    std::fs::write(user.join(".env.agent-harness"), &own).unwrap();
    let project = home.project("shop").with_items().application("api").write();
    let elsewhere = other.project("blog").with_items().application("api").write();
    let first = home.ports().infra(1);
    let port = u64::from(first);
    assert_eq!(database_port(&elsewhere, &user), port);

    // taken before the first start
    let stranger = TcpListener::bind(("127.0.0.1", first)).unwrap();
    let refused = call(&project, &user, &["launch", "3"]).run().exits_with(5);
    assert!(refused.stderr.contains("`harness setup --ports auto`"), "{refused}");
    call(&project, &user, &["setup", "--ports", "auto"]).run().succeeds();
    call(&project, &user, &["launch", "3"]).run().succeeds();
    call(&project, &user, &["psql", "3", "insert into items (name) values ('kept')"]).run().succeeds();
    drop(stranger);

    // taken while the servers of a home that has data are down
    let recorded = database_port(&project, &user);
    assert_ne!(recorded, port);
    let servers: Vec<_> = marked(&format!("{}/infra", home.id().unwrap()))
        .into_iter()
        .filter_map(|(pid, _)| harness::system::ProcessIdentity::of(pid))
        .collect();
    for signal in [rustix::process::Signal::STOP, rustix::process::Signal::KILL] {
        for server in &servers {
            server.signal(signal);
        }
    }
    wait_until("the servers to be gone", SHORT, || servers.iter().all(|server| !server.is_alive()));
    let taken = u16::try_from(recorded).unwrap();
    let mut stranger = None;
    wait_until("the port to be free", SHORT, || {
        stranger = TcpListener::bind(("127.0.0.1", taken)).ok();
        stranger.is_some()
    });
    let refused = call(&project, &user, &["launch", "3"]).run().exits_with(5);
    assert!(refused.stderr.contains("`harness setup --ports auto`"), "{refused}");
    let setup = call(&project, &user, &["setup", "--ports", "auto"]).run().succeeds();
    assert!(setup.stderr.contains("`harness launch 3` tells the agents"), "{setup}");
    call(&project, &user, &["launch", "3"]).run().succeeds();
    let kept = call(&project, &user, &["psql", "3", "select name from items where name = 'kept'"]).run().succeeds();
    assert!(kept.stdout.contains("kept"), "{kept}");
    // nothing is in use any more: nothing changes
    let chosen = database_port(&project, &user);
    call(&project, &user, &["setup", "--ports", "auto"]).run().succeeds().says("are chosen already");
    assert_eq!(database_port(&project, &user), chosen);

    // neither the user's other homes nor the user's own file are touched
    assert_eq!(database_port(&elsewhere, &user), port);
    assert_eq!(std::fs::read_to_string(user.join(".env.agent-harness")).unwrap(), own);

    // what counts more is named
    project.put(".env.agent-harness", &format!("AGENT_DB_PORT={taken}\n"));
    call(&project, &user, &["teardown", "--all", "--infra"]).run().succeeds();
    let blocked = call(&project, &user, &["setup", "--ports", "auto"]).run().exits_with(5);
    assert!(blocked.stderr.contains("AGENT_DB_PORT stays") && blocked.stderr.contains("remove it there"), "{blocked}");
}
