//! P28: what has no probe is ready only once it has stayed up; and probes do not fill the log of what is ready.

use std::collections::BTreeSet;

use harness::supervisor::{ConditionSpec, Phase, RestartSpec};

use super::stack::{Stack, after, app, free_port, http, server, shell};
use crate::support::{SHORT, TestHome, wait_until};

#[tokio::test(flavor = "current_thread")]
async fn p28_a_process_that_ends_at_once_or_in_a_loop_is_never_ready() {
    let once = shell("echo no module; exit 1");
    let mut looping = shell("sleep 0.4; echo lost connection; exit 1");
    (looping.restart, looping.max_restarts) = (RestartSpec::OnFailure, 2);
    let decoy = shell("exec sleep 600");
    let mut dependant = shell("exec sleep 600");
    dependant.depends_on = after("looping", ConditionSpec::ProcessHealthy);
    let stack = Stack::new([("once", once), ("looping", looping), ("decoy", decoy), ("dependant", dependant)]);
    stack.start().await;
    let mut seen_phases = BTreeSet::new();
    let seen = stack
        .wait(|seen| {
            for name in ["once", "looping", "dependant"] {
                seen_phases.insert(format!("{:?}", seen.processes[name].phase));
            }
            ["once", "looping"].iter().all(|name| seen.processes[*name].phase == Phase::Failed)
                && seen.processes["decoy"].phase == Phase::Ready
        })
        .await;
    assert!(!seen_phases.contains("Ready"), "{seen_phases:?}");
    assert_eq!(seen.processes["dependant"].phase, Phase::DependencyFailed);
    // the end is in the process's log, in the supervisor's, and in the state
    let log = String::from_utf8(stack.log("once")).unwrap();
    assert_eq!(log, "no module\nharness: exited with status 1\n");
    assert!(stack.own_log().contains("process `once` exited with status 1"), "{}", stack.own_log());
    let ended = seen.processes["once"].last_exit_at_ms.unwrap();
    assert!((jiff::Timestamp::now().as_millisecond() - ended).abs() < 60_000);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p28_a_supervisor_that_is_killed_meanwhile_does_not_call_it_ready_sooner() {
    let stack = Stack::new([("api", shell("sleep 0.7; exit 1"))]);
    let started = stack.start().await.snapshot;
    assert!(started.supervisor.signal(rustix::process::Signal::KILL));
    let mut phases = BTreeSet::new();
    stack
        .wait(|seen| {
            phases.insert(format!("{:?}", seen.processes["api"].phase));
            seen.processes["api"].phase == Phase::Failed
        })
        .await;
    assert!(!phases.contains("Ready"), "{phases:?}");
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p28_a_stranger_that_has_gone_is_not_named_any_more() {
    let port = free_port();
    let stranger = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let stack = Stack::new([("api", server(&["127.0.0.1"], port)), ("other", app("wait"))]);
    stack.start().await;
    let seen = stack.wait(|seen| seen.processes["api"].phase == Phase::PortConflict).await;
    let (held, holder) = seen.processes["api"].port_holder.clone().unwrap();
    assert_eq!((held, holder.pid), (port, Some(std::process::id())));
    drop(stranger);
    let seen = stack.client().snapshot().await.unwrap();
    let api = &seen.processes["api"];
    assert_eq!((api.phase, &api.port_holder), (Phase::PortConflict, &None));
    assert!(api.reason.as_ref().unwrap().contains("is free now"), "{:?}", api.reason);
    stack.client().start(&["api".to_owned()]).await.unwrap();
    stack.wait(|seen| seen.processes["api"].phase == Phase::Ready).await;
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[tokio::test(flavor = "current_thread")]
async fn p28_probes_of_what_is_ready_become_rare() {
    let port = free_port();
    let script = format!(
        "import http.server,sys\nclass H(http.server.BaseHTTPRequestHandler):\n  def do_GET(self):\n    \
         self.send_response(200); self.end_headers(); print('GET', flush=True)\n  def log_message(self, *a): pass\n\
         http.server.HTTPServer(('127.0.0.1', {port}), H).serve_forever()"
    );
    let mut process = shell("");
    process.command = vec!["python3".to_owned(), "-c".to_owned(), script];
    (process.readiness_probe, process.ports) = (Some(http(port)), vec![port]);
    let stack = Stack::new([("web", process)]);
    stack.start_until(Phase::Ready).await;
    let asked = || String::from_utf8(stack.log("web")).unwrap().lines().filter(|line| *line == "GET").count();
    wait_until("the second question", SHORT, || asked() >= 2);
    let before = asked();
    let began = std::time::Instant::now();
    wait_until("ten seconds to pass", SHORT, || began.elapsed().as_secs() >= 10);
    // after 2, 4 and 8 s
    assert!(asked() - before <= 3, "{} questions in ten seconds", asked() - before);
    assert_eq!(stack.client().shutdown().await.unwrap().survivors, []);
}

#[test]
fn p28_launch_fails_with_the_last_lines_and_wait_and_status_say_so() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .toml(
            "[processes.api]\ncommand = \"sh -c 'echo no module; exit 3'\"\nmax_restarts = 2\n\
             [processes.css]\ncommand = \"cat\"\n[processes.watcher]\ncommand = \"cat\"\nstdin = \"open\"\n",
        )
        .write();
    let launch = project.harness(["launch", "3", "--keep"]).run().exits_with(1);
    let warning = launch.stderr.lines().find(|line| line.contains("restarts in")).unwrap_or_default().to_owned();
    assert!(warning.ends_with(": no module"), "the first crash is told in the program's words: {warning}");
    launch.says("no module").says("exited with status 3");
    project.harness(["wait", "3", "api"]).run().exits_with(1);
    project.harness(["wait", "3", "watcher"]).run().succeeds();
    let status = project.harness(["status", "3", "--json"]).run().json();
    let rows = status["agents"][0]["processes"].as_array().unwrap().clone();
    let row = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap().clone();
    assert_eq!((row("api")["state"].as_str(), row("watcher")["state"].as_str()), (Some("failed"), Some("ready")));
    assert!(row("css")["reason"].as_str().unwrap().contains("stdin = \"open\""), "{status:#}");
    // the failing one out of the way, a launch warns of the one that ended well
    project.harness(["teardown", "3"]).run().succeeds();
    let project = home.project("styles").toml("[processes.css]\ncommand = \"cat\"\n").write();
    project.harness(["launch", "3"]).run().succeeds().says("css exited with status 0").says("stdin = \"open\"");
    project.harness(["teardown", "3"]).run().succeeds();
}
