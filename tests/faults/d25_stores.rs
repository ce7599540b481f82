//! D25: a command is killed while it builds the template of a store, or copies one. The next command mends it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;

use crate::support::{LONG, TestHome, TestProject, listener, redis, wait_until};

/// A program `cp` that copies and does not end, first on the path that this returns.
fn endless_copy(home: &TestHome) -> String {
    program(home, "#!/bin/sh\n/bin/cp \"$@\"\nexec tail -f /dev/null\n")
}

fn program(home: &TestHome, text: &str) -> String {
    let directory = home.directory().join("programs");
    fs::create_dir_all(&directory).unwrap();
    let copy = directory.join("cp");
    fs::write(&copy, text).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

fn with_seed<'a>(home: &'a TestHome, step: &str) -> TestProject<'a> {
    let steps = format!("template.steps = [{{ name = \"seed\", run = \"{step}\" }}]");
    home.project("shop").port("cache").toml(&format!("[stores.cache]\nuse = \"redis\"\n{steps}")).write()
}

const SEED: &str = "redis-cli -p $STORE_PORT set seeded yes";

#[test]
fn d25_a_copy_that_is_killed_is_mended_by_the_next_launch() {
    let home = TestHome::new();
    let project = with_seed(&home, SEED);
    project.harness(["launch", "2"]).run().succeeds();
    let launch = project.harness(["launch", "1"]).env("PATH", endless_copy(&home)).spawn();
    let partial = home.path().join("agents/1/stores/cache/partial");
    wait_until("a copy under way", LONG, || partial.join("store.json").exists());
    launch.signal(Signal::KILL);
    launch.wait();
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(redis(project.port("cache", 1), &["GET", "seeded"]), "yes");
    assert!(!partial.exists());
    let copying = || home.remains().into_iter().filter(|left| left.contains("tail -f") || left.contains("cp -a"));
    assert_eq!(copying().collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn d25_a_restore_that_is_killed_keeps_what_the_agent_had() {
    let home = TestHome::new();
    let project = with_seed(&home, SEED);
    project.harness(["launch", "1"]).run().succeeds();
    let cache = project.port("cache", 1);
    project.harness(["db", "1", "snapshot", "one"]).run().succeeds();
    redis(cache, &["SET", "mine", "yes"]);
    let restore = project.harness(["db", "1", "restore", "one"]).env("PATH", endless_copy(&home)).spawn();
    let partial = home.path().join("agents/1/stores/cache/partial");
    wait_until("a copy under way", LONG, || partial.join("store.json").exists());
    restore.signal(Signal::KILL);
    restore.wait();
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(redis(cache, &["GET", "mine"]), "yes");
    assert!(!partial.exists());
    project.harness(["db", "1", "restore", "one"]).run().succeeds();
    assert_eq!(redis(cache, &["GET", "mine"]), "");
}

#[test]
fn d25_a_build_that_is_killed_is_ended_by_the_next_launch() {
    let home = TestHome::new();
    let project = with_seed(&home, "echo $STORE_PORT > port; exec tail -f /dev/null");
    let launch = project.harness(["launch", "1"]).spawn();
    let file = project.root().join("port");
    wait_until("a step that runs", LONG, || fs::read_to_string(&file).is_ok_and(|port| port.ends_with('\n')));
    let port: u16 = project.read("port").trim().parse().unwrap();
    assert!(listener(port).is_some());
    launch.signal(Signal::KILL);
    launch.wait();
    project.replace("harness.toml", "echo $STORE_PORT > port; exec tail -f /dev/null", SEED);
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(listener(port), None, "the server of the killed build");
    assert_eq!(redis(project.port("cache", 1), &["GET", "seeded"]), "yes");
    let building = fs::read_dir(home.path().join("stores")).unwrap().filter_map(Result::ok);
    let building: Vec<_> =
        building.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|it| it == "building")).collect();
    assert_eq!(building, Vec::<std::path::PathBuf>::new());
}

#[test]
fn d25_a_copy_that_fails_undoes_the_launch() {
    let home = TestHome::new();
    let project = with_seed(&home, SEED);
    let path = program(&home, "#!/bin/sh\necho no space left; exit 1\n");
    let failed = project.harness(["launch", "1", "--json"]).env("PATH", path).run().exits_with(4).json();
    let error = &failed["agents"][0]["error"];
    assert_eq!(error["code"], "store.copy_failed");
    assert!(error["details"].to_string().contains("no space left"), "{error}");
    assert!(!home.path().join("agents/1/stores").exists());
    project.harness(["launch", "1"]).run().succeeds();
}
