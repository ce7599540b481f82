//! `launch`: up, again, beside others, and how it fails.

use std::fs;

use crate::support::{Decoy, LONG, TestHome, get, post, try_get, wait_until};

#[test]
fn a_launched_agent_answers_from_its_own_database() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let launch = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    let agent = &launch["agents"][0];
    assert_eq!(launch["schema"], "harness/launch/1");
    assert_eq!(agent["outcome"], "launched");
    assert_eq!(agent["database"], "agent_3");
    assert_eq!(agent["template"]["built"], true);
    let port = project.port("api", 3);
    assert_eq!(agent["ports"]["api"], port);
    assert_eq!(agent["urls"]["api"], format!("http://localhost:{port}"));
    assert_eq!(get(port, "/items").body.trim(), "seeded");
    let environment = get(port, "/env").json();
    assert_eq!(environment["AGENT_ID"], "3");
    assert!(environment["DATABASE_URL"].as_str().unwrap().ends_with("/agent_3"));
}

#[test]
fn a_second_launch_changes_nothing() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = get(project.port("api", 3), "/pid").body;
    post(project.port("api", 3), "/items", "text/plain", b"mine");
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(again.stdout.contains("already running, nothing changed"), "{again}");
    assert_eq!(get(project.port("api", 3), "/pid").body, pid);
    assert_eq!(get(project.port("api", 3), "/items").body, "seeded\nmine\n");
    let json = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    assert_eq!(json["agents"][0]["outcome"], "already_running");
}

#[test]
fn three_agents_never_see_each_other() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "1", "2", "3"]).run().succeeds();
    for agent in [1, 2, 3] {
        let port = project.port("api", agent);
        post(port, "/items", "text/plain", format!("of {agent}").as_bytes());
    }
    for agent in [1, 2, 3] {
        let items = get(project.port("api", agent), "/items").body;
        assert_eq!(items, format!("seeded\nof {agent}\n"));
    }
    let environment = get(project.port("api", 1), "/env").json();
    let own = environment["DATABASE_URL"].as_str().unwrap();
    let url = format!("{}/agent_2", own.strip_suffix("/agent_1").unwrap());
    let refused = std::process::Command::new("psql").args([&url, "-c", "select 1"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && (said.contains("permission denied") || said.contains("pg_hba.conf rejects")),
        "{said}"
    );
}

#[test]
fn l8_an_edited_environment_is_drift_until_the_next_launch() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").env("COLOUR", "red").write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = get(project.port("api", 3), "/pid").body;
    project.replace("harness.toml", "red", "blue");
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["drift"].as_array().unwrap().len(), 1, "{status}");
    assert_eq!(get(project.port("api", 3), "/env").json()["COLOUR"], "red");
    assert_eq!(get(project.port("api", 3), "/pid").body, pid);
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(get(project.port("api", 3), "/env").json()["COLOUR"], "blue");
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["drift"].as_array().unwrap().len(), 0, "{status}");
}

#[test]
fn the_callers_own_variables_never_leak_in() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").env("KEPT", "yes").write();
    project
        .harness(["launch", "3"])
        .env("PGHOST", "elsewhere")
        .env("DATABASE_URL", "postgresql://elsewhere")
        .env("SECRET_OF_THE_CALLER", "x")
        .run()
        .succeeds();
    let environment = get(project.port("api", 3), "/env").json();
    assert_eq!(environment["KEPT"], "yes");
    for name in ["PGHOST", "DATABASE_URL", "SECRET_OF_THE_CALLER"] {
        assert!(environment.get(name).is_none(), "{name} leaked");
    }
    assert_eq!(environment["PORT"], project.port("api", 3).to_string());
}

#[test]
fn the_env_file_is_private_and_not_seen_by_git() {
    use std::os::unix::fs::PermissionsExt;
    let home = TestHome::new();
    let project = home.project("shop").application("api").env("KEPT", "a b$c").write();
    project.harness(["launch", "3"]).run().succeeds();
    let file = project.root().join(".env.agent.3");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    let shown = std::process::Command::new("sh")
        .args(["-c", "set -a; . ./.env.agent.3; printf %s \"$KEPT\""])
        .current_dir(project.root())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&shown.stdout), "a b$c");
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!file.exists());
}

#[test]
fn an_application_that_exits_is_named_with_its_last_words() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "7")], "restart = \"no\"").write();
    let failed = project.harness(["launch", "3"]).run().exits_with(1);
    for word in ["api", "exited with status 7", "fatal: told to exit with 7", "about to give up"] {
        assert!(failed.stderr.contains(word), "no `{word}`\n{failed}");
    }
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 0, "a failed first launch is undone: {status}");
}

#[test]
fn a_failed_launch_is_kept_when_asked() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "7")], "restart = \"no\"").write();
    project.harness(["launch", "3", "--keep"]).run().exits_with(1);
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["processes"][0]["state"], "failed", "{status}");
    assert_eq!(status["agents"][0]["processes"][0]["exit"]["code"], 7, "{status}");
    project.replace("harness.toml", "APP_EXIT = \"7\"", "APP_EXIT = \"\"");
    let mended = project.harness(["launch", "3"]).run().succeeds();
    assert!(!mended.stderr.contains("cut off"), "it failed, and came to its end\n{mended}");
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

#[test]
fn an_application_that_never_gets_healthy_fails_in_time() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_HEALTH", "bad")], "").write();
    let failed = project.harness(["launch", "3", "--timeout", "2s"]).run().exits_with(1);
    for word in ["api", "503", "gave up after 2 s", "listening on"] {
        assert!(failed.stderr.contains(word), "no `{word}`\n{failed}");
    }
}

#[test]
fn an_application_on_the_wrong_port_is_told_so() {
    let home = TestHome::new();
    let wrong = home.ports().application(9) + 30;
    let project = home.project("shop").application_with("api", &[("APP_PORT", &wrong.to_string())], "").write();
    let failed = project.harness(["launch", "3", "--timeout", "3s"]).run().exits_with(1);
    assert!(failed.stderr.contains("port not bound"), "{failed}");
    assert!(failed.stderr.contains(&wrong.to_string()), "{failed}");
    assert!(try_get(wrong, "/health").is_err(), "it is gone after the failed launch");
}

#[test]
fn a_taken_port_is_refused_with_its_holder() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let port = project.port("api", 3);
    let mut holder = Decoy::shell(&format!("exec python3 -m http.server {port} --bind 127.0.0.1"));
    wait_until("the decoy to listen", LONG, || try_get(port, "/").is_ok());
    let refused = project.harness(["launch", "3", "--json"]).run().exits_with(5);
    let error = &refused.json()["agents"][0]["error"];
    assert_eq!(error["code"], "port.in_use");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&holder.pid().to_string()) && message.contains("http.server"), "{message}");
    holder.assert_alive();
    drop(holder);
    project.harness(["launch", "3"]).run().succeeds();
}

#[test]
fn a_process_that_is_disabled_starts_when_asked_for() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").application_with("extra", &[], "disabled = true").write();
    project.harness(["launch", "3"]).run().succeeds();
    assert!(try_get(project.port("extra", 3), "/health").is_err());
    project.harness(["launch", "3", "--with", "extra"]).run().succeeds();
    assert_eq!(get(project.port("extra", 3), "/health").status, 200);
}

#[test]
fn a_misspelt_process_breaks_nothing_and_one_that_went_is_forgotten() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").application_with("extra", &[], "disabled = true").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["launch", "3", "--with", "extar"]).run().exits_with(5).says("did you mean `extra`?");
    project.harness(["launch", "3", "--with", "nope"]).run().exits_with(5).says("there are: api, extra");
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(again.stdout.contains("already running"), "{again}");
    project.harness(["launch", "3", "--with", "extra"]).run().succeeds();
    let renamed = project.read("harness.toml").replace("processes.extra", "processes.other");
    project.put("harness.toml", &renamed);
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert!(!status["agents"][0]["drift"].to_string().contains("cannot be compared"), "{status}");
    project
        .harness(["launch", "3"])
        .run()
        .succeeds()
        .says("process `extra`, which an earlier launch enabled with `--with`");
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(!again.stderr.contains("extra"), "it is said once\n{again}");
}

#[test]
fn prepare_runs_once_and_again_when_its_inputs_change() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .file("input.txt", "one\n")
        .toml("[prepare]\nsteps = [{ name = \"build\", run = \"echo built >> built.log\", inputs = [\"input.txt\"], outputs = [\"built.log\"] }]\n")
        .write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    assert_eq!(project.read("built.log"), "built\n", "agents that share a tree share its build");
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(project.read("built.log"), "built\n");
    project.put("input.txt", "two\n");
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(project.read("built.log"), "built\nbuilt\n");
}

#[test]
fn a_prepare_step_that_fails_is_shown_with_its_output() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[prepare]\nsteps = [{ name = \"build\", run = \"echo no compiler here; exit 9\" }]\n")
        .write();
    let failed = project.harness(["launch", "3"]).run().exits_with(1);
    for word in ["prepare step `build`", "exit status 9", "no compiler here"] {
        assert!(failed.stderr.contains(word), "no `{word}`\n{failed}");
    }
}

#[test]
fn ids_beyond_the_range_are_refused() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    for id in ["0", "100", "03", "-1", "three"] {
        project.harness(["launch", id]).run().exits_with(2);
    }
}
