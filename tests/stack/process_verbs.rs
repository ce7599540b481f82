//! Verbs about processes: wait, stats, logs, the watcher that reports errors, the supervisor's replacement.

use std::io::Write;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{LONG, SHORT, TestHome, TestProject, get, wait_until};

fn process<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rows = document["processes"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {document:#}"))
}

#[test]
fn wait_answers_what_has_become_of_a_process() {
    let home = TestHome::new();
    let toml = "[processes.job]\ncommand = \"sh -c 'echo working; until [ -e go ]; do sleep 0.02; done; echo broken; exit 7'\"\n\
                ready_log_line = 'working'\nrestart = \"no\"\n\
                [processes.slow]\ncommand = \"sh -c 'echo not yet; exec sleep 600'\"\nready_log_line = 'up at last'\ndisabled = true\n";
    let project = home.project("shop").application("api").toml(toml).write();
    project.harness(["launch", "3"]).run().succeeds();

    let ready = project.harness(["wait", "3", "--json"]).run().succeeds().json();
    assert_eq!((&ready["schema"], &ready["reached"]), (&"harness/wait/1".into(), &true.into()));
    assert_eq!(process(&ready, "api")["pid"].to_string(), get(project.port("api", 3), "/pid").body);

    // it ends while it is waited for
    let waiting = project.harness(["wait", "3", "job", "--for", "exit", "--json", "--timeout", "60s"]).spawn();
    project.put("go", "");
    let ended = waiting.wait().exits_with(1).json();
    let job = process(&ended, "job");
    assert_eq!((&job["outcome"], &job["exit"]["code"]), (&"exited".into(), &7.into()));
    assert_eq!(job["last_lines"], serde_json::json!(["working", "broken", "harness: exited with status 7"]));
    // it will not become ready any more, which nobody has to wait for
    let told = project.harness(["wait", "3", "job", "--timeout", "10m"]).run().exits_with(1);
    assert!(told.stdout.contains("job: exited (exit status 7)") && told.stdout.contains("    broken"), "{told}");

    let starting = project.harness(["start", "3", "slow"]).spawn();
    let state = || {
        let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
        process(&status["agents"][0], "slow")["state"].clone()
    };
    wait_until("the slow one to start", SHORT, || state() == "starting");
    starting.signal(rustix::process::Signal::KILL);
    starting.wait();
    let late = project.harness(["wait", "3", "slow", "--timeout", "300ms", "--json"]).run().exits_with(1).json();
    let slow = process(&late, "slow");
    assert_eq!((&slow["outcome"], &slow["last_lines"]), (&"timeout".into(), &serde_json::json!(["not yet"])));
    assert!(slow["reason"].as_str().unwrap().contains("0.3 s"), "{slow}");

    project.harness(["stop", "3", "api"]).run().succeeds();
    project.harness(["wait", "3", "api", "--for", "stopped"]).run().succeeds();
    let stranger = TcpListener::bind(("127.0.0.1", project.port("api", 3))).unwrap();
    project.harness(["start", "3", "api"]).run().exits_with(1);
    let taken = project.harness(["wait", "3", "api", "--json"]).run().exits_with(5).json();
    let api = process(&taken, "api");
    assert_eq!((&api["outcome"], &api["port"]["pid"]), (&"port_conflict".into(), &std::process::id().into()));
    assert_eq!(api["port"]["port"], project.port("api", 3));
    assert!(!api["port"]["command"].as_str().unwrap().is_empty());
    drop(stranger);

    project.harness(["wait", "3", "nothing"]).run().exits_with(5).says("its processes are: api, job, slow");
    project.harness(["wait", "4"]).run().exits_with(5).says("agent 4 does not exist");
}

#[test]
fn stats_are_of_processes_and_of_the_whole_stack() {
    let home = TestHome::new();
    let busy = "[processes.busy]\ncommand = \"sh -c 'while :; do :; done'\"\n";
    let project = home.project("shop").application("api").toml(busy).write();
    project.harness(["launch", "3"]).run().succeeds();
    let stats = project.harness(["stats", "3", "--json"]).run().succeeds().json();
    let stack = &stats["stacks"][0];
    assert_eq!((&stats["schema"], &stack["stack"]), (&"harness/stats/1".into(), &"agent-3".into()));
    let usage = |name: &str| process(stack, name)["usage"].clone();
    assert!(usage("busy")["cpu_percent"].as_f64().unwrap() > 3.0, "{stack:#}");
    assert!(usage("api")["cpu_percent"].as_f64().unwrap() < usage("busy")["cpu_percent"].as_f64().unwrap());
    assert!(usage("api")["open_files"].as_u64().unwrap() > 3);
    for name in ["memory_bytes", "pss_bytes", "threads", "processes", "open_files"] {
        let parts = [usage("api"), usage("busy"), stack["supervisor"].clone()];
        let sum: u64 = parts.iter().map(|part| part[name].as_u64().unwrap()).sum();
        assert_eq!(stack["total"][name], sum, "{name}");
    }
    assert_eq!(stack["supervisor"]["processes"], 2, "supervisor and guardian");
    let table = project.harness(["stats"]).run().succeeds().stdout;
    for text in ["agent-3", "busy", "(supervisor)", "(total)", "PSS"] {
        assert!(table.contains(text), "{table}");
    }
    project.harness(["stats", "5"]).run().exits_with(5);
}

/// A compiler that watches: its lines come from a file.
fn watcher(project: &TestProject<'_>, line: &str) {
    let mut said = std::fs::File::options().append(true).open(project.root().join("said")).unwrap();
    writeln!(said, "{line}").unwrap();
}

#[test]
fn a_watcher_is_healthy_with_errors_until_it_reports_none() {
    let home = TestHome::new();
    let toml = "[processes.tsc]\ncommand = \"tail -n +1 -f said\"\nready_log_line = 'Found \\d+ errors?\\. Watching'\n\
                error_log_line = 'Found (\\d+) errors?\\.'\n\
                [processes.web]\ncommand = \"sleep 600\"\ndepends_on = { tsc = { condition = \"process_log_ready\" } }\n";
    let project =
        home.project("shop").toml(toml).file("said", "12:00 - Starting compilation in watch mode...\n").write();
    let launch = project.harness(["launch", "3"]).spawn();
    watcher(&project, "src/a.ts(3,7): error TS2322: nope\n12:01 - Found 2 errors. Watching for file changes.");
    launch.wait().succeeds();
    let tsc = |project: &TestProject<'_>| {
        let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
        assert_eq!(status["agents"][0]["state"], "healthy");
        let row = process(&status["agents"][0], "tsc").clone();
        assert_eq!(row["state"], "ready");
        row
    };
    let row = tsc(&project);
    assert_eq!(row["reported_errors"], 2);
    let shown = project.harness(["status", "3"]).run().succeeds().stdout;
    assert!(shown.contains("healthy with 2 errors"), "{shown}");
    watcher(&project, "12:02 - Found 0 errors. Watching for file changes.");
    wait_until("the errors to be gone", SHORT, || tsc(&project)["reported_errors"] == 0);
    let shown = project.harness(["status", "3"]).run().succeeds().stdout;
    assert!(!shown.contains("with"), "{shown}");
}

#[test]
fn logs_are_interleaved_by_time_and_can_be_asked() {
    let home = TestHome::new();
    let turn = |own: &str, other: &str| {
        format!(
            "sh -c 'for i in 1 2 3; do until [ $i = 1 -a {own} = first ] || [ -e {other}-$i ]; do sleep 0.01; done; \
             echo {own} $i; sleep 0.02; n=$i; [ {own} = first ] || n=$((i+1)); touch {own}-$n; done; exec sleep 600'"
        )
    };
    let toml = format!(
        "[processes.ping]\ncommand = \"{}\"\n[processes.pong]\ncommand = \"{}\"\n",
        turn("first", "second"),
        turn("second", "first")
    );
    let project = home.project("shop").toml(&toml).write();
    project.harness(["launch", "3"]).run().succeeds();
    let lines = |arguments: &[&str]| -> Vec<String> {
        let all = [&["logs", "3"], arguments].concat();
        project.harness(all).run().succeeds().stdout.lines().map(ToOwned::to_owned).collect()
    };
    let all =
        ["ping | first 1", "pong | second 1", "ping | first 2", "pong | second 2", "ping | first 3", "pong | second 3"];
    wait_until("all six lines", LONG, || lines(&[]).len() == 6);
    assert_eq!(lines(&[]), all);
    assert_eq!(lines(&["-n", "2"]), all[4..]);
    assert_eq!(lines(&["--grep", "[13]$", "ping"]), ["first 1", "first 3"]);
    assert_eq!(lines(&["--since", "1h"]), all);
    assert_eq!(lines(&["--since", "1ms"]), Vec::<String>::new());
    let json: Vec<Value> = lines(&["--json"]).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&json[1]["process"], &json[1]["line"]), (&"pong".into(), &"second 1".into()));
    assert!(json[1]["time"].as_str().unwrap() < json[2]["time"].as_str().unwrap());
    let coloured = project.harness(["logs", "3", "--color", "always", "-n", "1"]).run().succeeds().stdout;
    assert!(coloured.contains("\u{1b}["), "{coloured:?}");
}

#[test]
fn a_replaced_supervisor_keeps_every_process() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = get(project.port("api", 3), "/pid").body;
    let supervisors = || crate::faults::trio_of(&home.path().join("agents/3"));
    let before = supervisors();
    let report = project.harness(["restart", "--supervisor", "3", "--json"]).run().succeeds().json();
    assert_eq!((&report["state"], process(&report, "api")["pid"].to_string()), (&"healthy".into(), pid.clone()));
    assert_eq!(get(project.port("api", 3), "/pid").body, pid);
    let after = supervisors();
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(
        before.iter().filter(|identity| after.contains(identity)).count(),
        1,
        "the guardian stays, the supervisor is new"
    );
}

#[test]
fn a_process_that_does_not_exist_has_no_logs() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["logs", "3", "apu"]).run().exits_with(5).says("its processes are: api");
    project.harness(["logs", "--infra", "bd"]).run().exits_with(5);
    get(project.port("api", 3), "/health");
    let last = project.harness(["logs", "3", "--since", "1h", "-n", "1"]).run().succeeds().stdout;
    assert_eq!(last.lines().count(), 1, "{last}");
}

/// A shell line in the project's root, with `$harness` for the binary; its exit status.
fn shell(project: &TestProject<'_>, home: &TestHome, line: &str) -> Option<i32> {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line]).env_clear().envs(home.environment()).current_dir(project.root());
    command.env("harness", env!("CARGO_BIN_EXE_harness")).status().unwrap().code()
}

#[test]
fn who_follows_ends_with_its_reader_or_with_the_agent() {
    let home = TestHome::new();
    let talks = "[processes.talks]\ncommand = \"sh -c 'while :; do echo word; sleep 0.02; done'\"\n";
    let project = home.project("shop").toml(talks).write();
    project.harness(["launch", "3"]).run().succeeds();
    for follow in ["logs 3 -f", "stats 3 --watch --interval 50ms", "stats 3 --watch --interval 50ms --json"] {
        let line = format!("timeout 60 sh -c '\"$harness\" {follow}; echo $? >ended' | head -n 1 >/dev/null");
        assert_eq!(shell(&project, &home, &line), Some(0));
        assert_eq!(project.read("ended"), "0\n", "{follow}");
    }
    let following = project.harness(["logs", "3", "-f"]).spawn();
    project.harness(["teardown", "3"]).run().succeeds();
    following.wait().succeeds();
}

#[test]
fn what_cannot_be_written_is_a_failure() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    for line in ["env 3", "status --json", "verify 3", "logs 3"] {
        let code = shell(&project, &home, &format!("exec \"$harness\" {line} >/dev/full"));
        assert_eq!(code, Some(4), "{line}");
    }
    // a reader that went away is none
    assert_eq!(shell(&project, &home, "{ \"$harness\" status --json; echo $? >ended; } | true"), Some(0));
    assert_eq!(project.read("ended"), "0\n");
}
