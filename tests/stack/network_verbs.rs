//! `health`, `ports`, `open`, `shell`: what an agent listens on, and the ways in.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Decoy, LONG, TestHome, listener, python, wait_until};

#[test]
fn health_asks_each_process_now() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let port = project.port("api", 3);
    let health = project.harness(["health", "3", "--json"]).run().succeeds().json();
    assert_eq!(health["healthy"], true);
    let check = &health["checks"][0];
    assert_eq!((&check["kind"], &check["status"], &check["body"]), (&"http".into(), &200.into(), &"ok".into()));
    assert_eq!(check["target"], format!("http://localhost:{port}/health"));

    project.harness(["stop", "3", "api"]).run().succeeds();
    let health = project.harness(["health", "3", "--json"]).run().exits_with(1).json();
    assert_eq!((&health["healthy"], &health["checks"][0]["status"]), (&false.into(), &serde_json::Value::Null));
    assert!(!health["checks"][0]["error"].is_null());
    project.harness(["health", "4"]).run().exits_with(5).says("agent 4 does not exist");
}

#[test]
fn health_tells_status_and_body_of_an_application_that_is_not_well() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_HEALTH", "bad")], "").write();
    project.harness(["launch", "3", "--timeout", "2s", "--keep"]).run().exits_with(1);
    let health = project.harness(["health", "3", "--json"]).run().exits_with(1).json();
    assert_eq!(health["checks"][0]["status"], 503, "{health}");
    assert!(health["checks"][0]["body"].is_string());
}

#[test]
fn ports_says_whose_each_port_is() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").port("spare").write();
    project.harness(["launch", "3"]).run().succeeds();
    let (api, spare) = (project.port("api", 3), project.port("spare", 3));
    let mut stranger = Decoy::shell(&format!("exec {} -m http.server {spare} --bind 127.0.0.1", python()));
    wait_until("the stranger to listen", LONG, || listener(spare).is_some());
    let ports = project.harness(["ports", "3", "--json"]).run().succeeds().json();
    let row = |port: u16| ports["ports"].as_array().unwrap().iter().find(|row| row["port"] == port).unwrap().clone();
    assert_eq!((&row(api)["listening"], &row(api)["own"]), (&true.into(), &true.into()), "{ports}");
    assert_eq!(row(api)["pid"], listener(api).unwrap().0);
    assert_eq!((&row(spare)["pid"], &row(spare)["own"]), (&stranger.pid().into(), &false.into()), "{ports}");
    let table = project.harness(["ports"]).run().succeeds().stdout;
    stranger.assert_alive();
    assert!(table.contains("foreign") && table.contains("infra") && table.contains("db"), "{table}");
}

#[test]
fn open_starts_the_browser_of_the_person_or_prints_the_url() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let url = format!("http://localhost:{}", project.port("api", 3));
    let alone = project.harness(["open", "3"]).env("BROWSER", "").env("DISPLAY", "").env("WAYLAND_DISPLAY", "").run();
    assert_eq!(alone.succeeds().says("cannot open a browser").stdout, format!("{url}\n"));

    let (browser, seen) = (home.path().join("browser"), home.path().join("seen"));
    std::fs::write(&browser, format!("#!/bin/sh\nprintf %s \"$1\" > {}\n", seen.display())).unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    project.harness(["open", "3", "api"]).env("BROWSER", &browser).run().succeeds();
    wait_until("the browser to be told", LONG, || std::fs::read_to_string(&seen).is_ok_and(|seen| seen == url));
    project.harness(["open", "3", "nothing"]).run().exits_with(5).says("its ports are: api");
}

#[test]
fn a_shell_stands_in_the_tree_with_the_agents_environment() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let shell = home.path().join("shell");
    std::fs::write(&shell, "#!/bin/sh\npwd; echo $AGENT_ID; exit 7\n").unwrap();
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    let inside = project.harness(["shell", "3"]).env("SHELL", &shell).run().exits_with(7);
    assert_eq!(inside.stdout, format!("{}\n3\n", project.root().display()));
    project.harness(["exec", "3", "--", "no-such-program"]).run().exits_with(125).says("no-such-program");
}

#[test]
fn a_signal_to_harness_reaches_the_command_that_it_runs() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let started = home.path().join("started");
    let script = format!("trap 'exit 9' TERM; touch {}; while :; do sleep 0.05; done", started.display());
    let running = project.harness(["exec", "3", "--", "sh", "-c", &script]).spawn();
    wait_until("the command to run", LONG, || started.exists());
    running.signal(rustix::process::Signal::TERM);
    running.wait().exits_with(9);
}
