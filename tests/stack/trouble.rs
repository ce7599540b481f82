//! Applications that do not come up: the process, what it did and what it said are named, and once the
//! trouble is mended the next launch works without a manual step.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::support::{Decoy, Outcome, SHORT, TestHome, get, is_alive, listener, python, wait_until};

/// Launches agent 1, which must fail, and returns the call and its agent.
fn failed_launch(call: crate::support::HarnessCommand) -> (Outcome, Value) {
    let outcome = call.run();
    assert!(!matches!(outcome.code, Some(0) | None), "{outcome}");
    let agent = outcome.json()["agents"][0].clone();
    assert_eq!(agent["outcome"], "failed", "{outcome}");
    (outcome, agent)
}

#[test]
fn an_application_that_exits_at_start_is_named_with_its_status_and_last_lines() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application_with("api", &[("APP_EXIT", "3")], "max_restarts = 1")
        .application("web")
        .write();
    let (outcome, agent) = failed_launch(project.harness(["launch", "1", "--json"]));
    let outcome = outcome.exits_with(1);
    for text in ["api", "exited with status 3", "fatal: told to exit with 3"] {
        assert!(outcome.stderr.contains(text), "`{text}` is missing\n{outcome}");
    }
    let error = agent["error"].to_string();
    assert!(error.contains("api"), "{error}");

    // mended
    project.replace("harness.toml", "APP_EXIT = \"3\"", "");
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(get(project.port("api", 1), "/health").status, 200);
}

#[test]
fn an_application_that_never_gets_healthy_is_named() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_HEALTH", "bad")], "").write();
    let (outcome, _) = failed_launch(project.harness(["launch", "1", "--timeout", "2s", "--json"]));
    let outcome = outcome.exits_with(1);
    for text in ["api", "503", "listening on"] {
        assert!(outcome.stderr.contains(text), "`{text}` is missing\n{outcome}");
    }
    wait_until("the failed launch to be rolled back", SHORT, || listener(project.port("api", 1)).is_none());
}

#[test]
fn an_application_on_the_wrong_port_is_not_running() {
    let home = TestHome::new();
    let wrong = home.ports().application(9);
    let project = home.project("shop").application_with("api", &[("APP_PORT", &wrong.to_string())], "").write();
    let launch = project.harness(["launch", "1", "--timeout", "3s", "--keep", "--json"]);
    let (outcome, agent) = failed_launch(launch);
    let outcome = outcome.exits_with(1);
    let port = project.port("api", 1).to_string();
    for text in ["api", port.as_str()] {
        assert!(outcome.stderr.contains(text), "`{text}` is missing\n{outcome}");
    }
    assert_eq!(agent["processes"][0]["state"], "port_not_bound", "{outcome}");
}

#[test]
fn whoever_holds_the_port_is_named_and_left_alone() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let port = project.port("api", 1);
    let mut stranger = Decoy::shell(&format!("exec {} -m http.server --bind 127.0.0.1 {port}", python()));
    wait_until("the stranger to listen", SHORT, || listener(port).is_some());

    let outcome = project.harness(["launch", "1"]).run().exits_with(5);
    for text in [port.to_string(), stranger.pid().to_string(), "http.server".to_owned()] {
        assert!(outcome.stderr.contains(&text), "`{text}` is missing\n{outcome}");
    }
    stranger.assert_alive();
    drop(stranger);
    wait_until("the port to be free", SHORT, || TcpListener::bind(("127.0.0.1", port)).is_ok());
    project.harness(["launch", "1"]).run().succeeds();
}

#[test]
fn a_failed_first_launch_leaves_nothing() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application_with("api", &[("APP_EXIT", "1"), ("APP_CHILD", "exec sleep 600")], "max_restarts = 1")
        .write();
    project.harness(["launch", "1"]).run().exits_with(1);
    let id = home.id().unwrap();
    assert_eq!(crate::support::marked(&format!("{id}/agent-1")), []);
    assert!(!project.root().join(".env.agent.1").exists());
    assert_eq!(project.git(&["status", "--porcelain", "--ignored"]), "");
}

#[test]
fn with_keep_a_failed_launch_can_be_looked_at() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("web")
        .application_with("api", &[("APP_EXIT", "1")], "max_restarts = 1")
        .write();
    let (outcome, agent) = failed_launch(project.harness(["launch", "1", "--keep", "--json"]));
    let rows = agent["processes"].as_array().unwrap();
    let web = rows.iter().find(|row| row["name"] == "web").unwrap_or_else(|| panic!("{outcome}"));
    assert!(is_alive(u32::try_from(web["pid"].as_u64().unwrap()).unwrap()));
    let logs = project.harness(["logs", "1", "api"]).run().succeeds();
    assert!(logs.stdout.contains("fatal: told to exit with 1"), "{logs}");
}

#[test]
fn a_broken_migration_shows_its_output_and_leaves_nothing_half_made() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('seeded');\nINSERT INTO no_such_table VALUES (1);\n");
    let (outcome, _) = failed_launch(project.harness(["launch", "1", "--json"]));
    for text in ["seed", "relation \"no_such_table\" does not exist"] {
        assert!(outcome.stderr.contains(text), "`{text}` is missing\n{outcome}");
    }

    project.put("seed.sql", "INSERT INTO items (name) VALUES ('seeded');\n");
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(get(project.port("api", 1), "/items").body, "seeded\n");
    // templates and what was begun of them: one, complete
    let names = project.query(1, "SELECT datname FROM pg_database WHERE datname ~ '^(tpl|agent)_' ORDER BY 1");
    let names = names.unwrap();
    assert_eq!(names.iter().filter(|name| name.contains("_building")).count(), 0, "{names:?}");
    assert!(names.contains(&"agent_1".to_owned()), "{names:?}");
}

#[test]
fn the_callers_own_environment_does_not_leak_in() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").env("GREETING", "hello {{ id }}").write();
    project
        .harness(["launch", "2"])
        .env("PORT", "1")
        .env("DATABASE_URL", "postgres://elsewhere")
        .env("PGHOST", "elsewhere")
        .run()
        .succeeds();
    let env = get(project.port("api", 2), "/env").json();
    assert_eq!(env["PORT"], project.port("api", 2).to_string());
    assert_eq!(env["GREETING"], "hello 2");
    assert_eq!(env["AGENT_ID"], "2");
    assert_eq!((&env["DATABASE_URL"], &env["PGHOST"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_env_file_is_private_and_unknown_to_git() {
    use std::os::unix::fs::PermissionsExt;

    let home = TestHome::new();
    let project = home.project("shop").application("api").env("GREETING", "it's \"quoted\" $HOME #1").write();
    project.harness(["launch", "1"]).run().succeeds();
    let file = project.root().join(".env.agent.1");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    // a shell reads the same that the process got
    let read = Command::new("sh")
        .args(["-c", "set -a; . ./.env.agent.1; printf %s \"$GREETING\""])
        .current_dir(project.root())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&read.stdout), "it's \"quoted\" $HOME #1");
}

#[test]
fn a_first_crash_is_told_at_once_and_the_hint_leads_somewhere() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "3")], "max_restarts = 1").write();
    let (outcome, agent) = failed_launch(project.harness(["launch", "1", "--json"]));
    let outcome = outcome.says("agent 1: api exited with status 3").says("fatal: told to exit with 3");
    let hint = agent["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("harness launch 1 --keep"), "{outcome}");
    assert_eq!(outcome.stderr.matches("exit status 3").count(), 0, "said twice\n{outcome}");
}

#[test]
fn what_was_kept_stays_until_it_is_torn_down() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "3")], "max_restarts = 1").write();
    project.harness(["launch", "1", "--keep"]).run().exits_with(1);
    project.harness(["gc"]).run().succeeds();
    project.harness(["status", "1"]).run().succeeds();
    // a later launch that fails does not undo it either
    project.harness(["launch", "1"]).run().exits_with(1);
    project.harness(["logs", "1", "api"]).run().succeeds();
    project.harness(["teardown", "1"]).run().succeeds();
}

#[test]
fn an_interrupted_launch_that_only_waited_undoes_nothing() {
    let home = TestHome::new();
    let gate = "[processes.gate]\ncommand = \"sh -c 'until [ -e go ]; do sleep 0.02; done; echo open; exec sleep 600'\"\n\
                ready_log_line = 'open'\n";
    let project = home.project("shop").application("api").toml(gate).write();
    let first = project.harness(["launch", "3"]).spawn();
    wait_until("the first launch to hold the agent", SHORT, || {
        project.harness(["status", "3", "--json"]).run().stdout.contains("\"gate\"")
    });
    let second = project.harness(["launch", "3", "--json"]).spawn();
    wait_until("the second launch to catch SIGINT", SHORT, || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", second.pid())).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
        caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask & 0b10 != 0)
    });
    second.signal(rustix::process::Signal::INT);
    second.wait().exits_with(130);
    project.put("go", "");
    first.wait().succeeds();
    assert_eq!(project.harness(["status", "3", "--json"]).run().json()["agents"][0]["state"], "healthy");
}
