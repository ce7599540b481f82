//! Stores whose server is an image: a container of each agent's own, which goes with its stack however that ends.

use std::fs;

use rustix::process::Signal;

use super::machine::{docker, skip, try_docker};
use crate::support::{LONG, TestHome, TestProject, listener, redis, wait_until};

const IMAGE: &str = "redis:7";

fn has_image() -> bool {
    try_docker(["image", "inspect", IMAGE]).is_ok()
        || skip(&format!("the image {IMAGE} is missing; run tests/images/build"))
}

fn with_cache<'a>(home: &'a TestHome, keys: &str) -> TestProject<'a> {
    let arguments = "redis-server --protected-mode no --appendonly yes --dir /data";
    let store = format!("[stores.cache]\nimage = \"{IMAGE}\"\narguments = \"{arguments}\"\n{keys}");
    home.project("shop").port("cache").toml(&store).env("REDIS_URL", "{{ stores.cache.url }}").write()
}

/// The containers of a home's stores.
fn containers(home: &TestHome) -> Vec<String> {
    let Some(id) = home.id() else { return Vec::new() };
    let filter = format!("label=harness.store-home={id}");
    docker(["ps", "-a", "--filter", &filter, "--format", "{{.Names}}"]).lines().map(str::to_owned).collect()
}

#[test]
fn each_agent_has_a_container_of_its_own_with_a_copy_of_the_template() {
    if !has_image() {
        return;
    }
    let home = TestHome::new();
    let seed = "environment = { GREETING = \"hello {{ project }}\" }\n\
                template.steps = [{ name = \"seed\", run = \"redis-cli -p $STORE_PORT set seeded yes\" }]";
    let project = with_cache(&home, seed);
    project.harness(["launch", "1", "2"]).deadline(LONG * 2).run().succeeds();
    let (one, two) = (project.port("cache", 1), project.port("cache", 2));
    assert_eq!((redis(one, &["GET", "seeded"]), redis(two, &["GET", "seeded"])), ("yes".to_owned(), "yes".to_owned()));
    assert_eq!(containers(&home).len(), 2, "that of the template is gone: {:?}", containers(&home));
    let environment = project.harness(["env", "1", "--json"]).run().succeeds().json();
    assert_eq!(environment["variables"]["REDIS_URL"], format!("redis://127.0.0.1:{one}"));
    let name = format!("harness-{}-agent-1-cache", home.id().unwrap());
    let variables = docker(["exec", &name, "env"]);
    assert!(variables.contains("GREETING=hello shop") && !variables.contains("REDIS_URL"), "{variables}");
    assert!(docker(["port", &name]).trim().is_empty(), "no port is published");
    let logs = project.harness(["logs", "1", "cache"]).run().succeeds().stdout;
    assert!(logs.contains("Ready to accept connections"), "{logs}");

    // kept and brought back as that of any store
    redis(one, &["SET", "mine", "1"]);
    project.harness(["db", "1", "snapshot", "before"]).run().succeeds();
    redis(one, &["SET", "mine", "2"]);
    project.harness(["db", "1", "restore", "before"]).run().succeeds();
    assert_eq!((redis(one, &["GET", "mine"]), redis(two, &["GET", "mine"])), ("1".to_owned(), String::new()));

    // the process is killed: its port closes, and the next one has another container with the same data
    let before = docker(["inspect", "--format", "{{.Id}}", &name]);
    let (pid, _) = listener(one).unwrap();
    harness::system::ProcessIdentity::of(pid).unwrap().signal(Signal::KILL);
    wait_until("another server", LONG, || listener(one).is_some_and(|(now, _)| now != pid));
    project.harness(["wait", "1"]).run().succeeds();
    assert_eq!(redis(one, &["GET", "mine"]), "1");
    assert_ne!(docker(["inspect", "--format", "{{.Id}}", &name]), before);

    project.harness(["stop", "1"]).run().succeeds();
    assert_eq!(containers(&home).len(), 1, "one that is stopped has no container");
    project.harness(["start", "1"]).run().succeeds();
    project.harness(["wait", "1"]).run().succeeds();
    assert_eq!(redis(one, &["GET", "mine"]), "1");
    let outcome = project.harness(["launch", "1", "--json"]).run().succeeds().json();
    assert_eq!(outcome["agents"][0]["outcome"], "already_running", "{outcome}");
    project.harness(["teardown", "1", "2"]).run().succeeds();
    assert_eq!(containers(&home), Vec::<String>::new());
    assert!(listener(one).is_none());
}

#[test]
fn d27_a_container_whose_stack_was_killed_is_found_and_removed() {
    if !has_image() {
        return;
    }
    let home = TestHome::new();
    let project = with_cache(&home, "");
    let kill = |agent: u8| {
        home.kill_supervisor(agent);
        // what is left of it: the supervisor's successor, its guardian and the processes
        wait_until("no process of the stack", LONG, || {
            let marker = format!("{}/agent-{agent}", home.id().unwrap());
            let directory = home.path().join(format!("agents/{agent}"));
            let left = crate::support::marked(&marker).into_iter().chain(crate::support::mentioning(&directory));
            let left: Vec<u32> = left.map(|(pid, _)| pid).collect();
            for pid in &left {
                if let Some(process) = harness::system::ProcessIdentity::of(*pid) {
                    process.signal(Signal::KILL);
                }
            }
            left.is_empty()
        });
        assert_eq!(containers(&home).len(), 1);
    };
    project.harness(["launch", "1"]).deadline(LONG * 2).run().succeeds();
    redis(project.port("cache", 1), &["SET", "mine", "yes"]);
    kill(1);
    let would = project.harness(["teardown", "1", "--dry-run", "--json"]).run().succeeds().json();
    assert!(would.to_string().contains("agent-1-cache"), "{would}");
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!((redis(project.port("cache", 1), &["GET", "mine"]), containers(&home).len()), ("yes".to_owned(), 1));
    kill(1);
    project.harness(["teardown", "1"]).run().succeeds();
    assert_eq!(containers(&home), Vec::<String>::new());

    // nothing but the container says that there was an agent
    project.harness(["launch", "1"]).run().succeeds();
    kill(1);
    fs::remove_dir_all(home.path().join("agents/1")).unwrap();
    let decoy = format!("harness-{}-agent-11-cache-decoy", home.id().unwrap());
    docker(["create", "--name", &decoy, IMAGE]);
    project.harness(["gc"]).run();
    let left = containers(&home);
    docker(["rm", &decoy]);
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn an_image_that_no_registry_has_is_named_with_its_setting() {
    if !has_image() {
        return;
    }
    let home = TestHome::new();
    let store = "[stores.cache]\nimage = \"localhost:1/none:1\"\n";
    let project = home.project("shop").port("cache").toml(store).write();
    let failed = project.harness(["launch", "1"]).deadline(LONG * 2).run().exits_with(4);
    failed.says("localhost:1/none:1").says("stores.cache.image");
}
