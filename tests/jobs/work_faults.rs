//! `harness work` where something dies, is lost, or is wrong.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::{LONG, TestHome, wait_until};

#[test]
fn a_worker_that_is_killed_or_ended_is_followed_by_one_that_goes_on() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    let (runs, go) = (home.directory().join("runs"), home.directory().join("go"));
    scene.program("echo $$ >> $here/runs; while [ ! -e $here/go ]; do sleep 0.1; done; echo 42 > answer; echo late\n");
    let ticket = scene.ticket("Goes on", "");
    let worker = scene.worker(&[]).deadline(Duration::from_mins(4)).spawn();
    wait_until("the program to run", LONG, || runs.exists());
    let running = || scene.ok(&["job", "list"])["jobs"][0]["state"] == "running";
    wait_until("the job to run", LONG, running);
    let again = scene.worker(&["--once"]).run().json();
    assert_eq!(again["error"]["code"], "work.running");

    // asked to end: it ends, and the program does not
    worker.signal(Signal::TERM);
    let left = worker.wait().succeeds().json();
    assert_eq!((&left["jobs"][0]["outcome"], left["jobs"].as_array().unwrap().len()), (&json!("left"), 1));
    let pid: u32 = std::fs::read_to_string(&runs).unwrap().trim().parse().unwrap();
    assert!(crate::support::is_alive(pid));

    // killed: the same
    let worker = scene.worker(&[]).deadline(Duration::from_mins(4)).spawn();
    wait_until("the lease to be prolonged", LONG, running);
    worker.signal(Signal::KILL);
    worker.wait();
    assert!(crate::support::is_alive(pid));
    std::fs::write(&go, "").unwrap();
    wait_until("the program to end while there is no worker", LONG, || !crate::support::is_alive(pid));

    let (job, said) = scene.work();
    assert_eq!((&job["outcome"], &job["ticket"]), (&json!("succeeded"), &json!(ticket)), "{job:#}\n{said}");
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 1, "it was started once");
    assert_eq!(scene.ok(&["job", "list"])["jobs"].as_array().unwrap().len(), 1, "it was one attempt");
    assert!(scene.log(&job).contains("| late"), "{}", scene.log(&job));
    assert_eq!(scene.github.pulls().len(), 1);
    scene.is_tidy(&[]);
}

#[test]
fn whoever_lost_the_lease_pushes_nothing() {
    let home = TestHome::new();
    let check = format!("echo > {0}/verifying; while [ ! -e {0}/go ]; do sleep 0.1; done", home.directory().display());
    let scene = Scene::new(&home, &check);
    scene.program("echo 42 > answer\n");
    let ticket = scene.ticket("Called off", "").to_string();
    let worker = scene.worker(&["--once"]).spawn();
    wait_until("verify to run", LONG, || home.directory().join("verifying").exists());
    // called off between two heartbeats, and done before the next
    scene.ok(&["ticket", "cancel", &ticket]);
    std::fs::write(home.directory().join("go"), "").unwrap();
    let outcome = worker.wait().exits_with(1);
    assert_eq!(outcome.json()["jobs"][0]["outcome"], "lost", "{outcome}");
    assert_eq!(scene.remote(&["branch", "--list"]).trim(), "main", "{outcome}");
    assert_eq!(scene.github.pulls(), Vec::<Value>::new());
    // what was done is in the checkout alone
    scene.is_tidy(&[&format!("harness/ticket-{ticket}")]);

    // called off while its program runs: the program, its tree and its stack are ended
    scene.program("echo $$ > $here/pid; while :; do sleep 1; done\n");
    let ticket = scene.ticket("Called off early", "").to_string();
    let worker = scene.worker(&["--once"]).spawn();
    let pid = home.directory().join("pid");
    wait_until("the program to run", LONG, || pid.exists());
    scene.ok(&["ticket", "cancel", &ticket]);
    assert_eq!(worker.wait().json()["jobs"][0]["outcome"], "lost");
    let pid: u32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    assert!(!crate::support::is_alive(pid));
    assert_eq!(scene.ok(&["status"])["agents"], json!([]));
}

#[test]
fn a_program_that_removes_its_own_stack_is_judged_by_what_it_committed() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    scene.program(
        "[ $HARNESS_ROUND = 1 ] || { echo 42 > answer; exit; }\n\
         echo 43 > answer; git add answer; commit wrong\n\
         $harness teardown $AGENT_ID --force; sleep 600\n",
    );
    scene.ticket("Removes its stack", "");
    let (job, said) = scene.work();
    assert_eq!(job["outcome"], "succeeded", "{job:#}\n{said}");
    let log = scene.log(&job);
    assert!(log.contains("round 1: the stack was removed under it") && log.contains("is not 42"), "{log}");
    scene.is_tidy(&[]);
}

#[test]
fn a_job_without_room_waits_and_says_why() {
    let home = TestHome::new();
    let scene = Scene::new(&home, "true");
    scene.program("echo 42 > answer\n");
    let max = scene.project.read("harness.toml");
    let max = max.lines().find(|line| line.starts_with("max_agents")).unwrap().to_owned();
    scene.project.replace("harness.toml", &max, "max_agents = 1");
    scene.project.harness(["launch", "1", "--no-worktree"]).run().succeeds();
    let ticket = scene.ticket("No room", "");
    let (job, _) = scene.work();
    assert_eq!((&job["outcome"], &job["ticket"]), (&json!("returned"), &json!(ticket)), "{job:#}");
    let waits = scene.ok(&["job", "list"])["jobs"].clone();
    assert_eq!(
        (&waits[0]["state"], &waits[0]["attempt"], &waits[0]["worker"]),
        (&json!("pending"), &json!(1), &Value::Null)
    );
    assert!(waits[0]["reason"].as_str().unwrap().contains("no id from 1 to 1 is free"), "{waits:#}");
    assert_eq!(waits.as_array().unwrap().len(), 1);
    scene.project.harness(["teardown", "1"]).run().succeeds();
    // it is offered again after a while
    wait_until("the job to be done", LONG, || {
        let done = scene.worker(&["--once"]).run().json()["jobs"][0]["outcome"].clone();
        assert!(done.is_null() || done == "succeeded", "{done}");
        done == "succeeded"
    });
    scene.is_tidy(&[]);
}

#[test]
fn what_is_wrong_with_a_worker_is_named() {
    let home = TestHome::new();
    let fails = |words: &[&str], code: i32, name: &str| {
        let document = home.harness(words.iter().copied().chain(["--json"])).run().exits_with(code).json();
        assert_eq!(document["error"]["code"], name, "{words:?} {document:#}");
    };
    fails(&["work"], 5, "serve.not_running");
    fails(&["work", "--url", "https://queue.example"], 3, "work.no_key");
    fails(&["work", "--url", "queue.example", "--key", "k"], 3, "work.setting");
    fails(&["work", "--env-file", "missing.env"], 3, "work.file");
    fails(&["work", "--once", "--key", "k", "--url", "http://127.0.0.1:9"], 4, "work.no_answer");
    fails(&["complete", "done"], 5, "work.no_job");
    fails(&["work", "--handed"], 5, "work.not_handed");
    let server = crate::serve::server::Server::start(&home);
    let url = format!("http://127.0.0.1:{}", server.port);
    fails(&["work", "--url", &url, "--key", "hw_wrong"], 5, "work.refused");
    fails(&["work", "--project", "none"], 5, "work.refused");
    // by the variables of the earlier coordinator
    let key = home.harness(["serve", "key", "add", "--worker", "w", "--json"]).run().json()["key"].clone();
    let worker = home.harness(["work", "--once", "--json"]).env("TERARCHITECT_API_URL", &url);
    let worker = worker.env("TERARCHITECT_WORKER_API_KEY", key.as_str().unwrap()).env("AGENT_DOCKER_MODE", "dood");
    let worker = worker.env("MAX_CONCURRENT_AGENTS", "2").run().succeeds().says("one job at a time");
    assert_eq!(worker.json()["jobs"], json!([]));
}
