//! Jobs in containers where Docker fails, or somebody calls them off.

use rustix::process::Signal;
use serde_json::json;

use super::jobs::{boxed, containers, image, job, worker};
use super::machine::{docker, try_docker};
use super::relay::Relay;
use crate::support::{LONG, TestHome, wait_until};

/// In a container it waits, elsewhere it works.
pub(super) const WAITS: &str = "if [ -d /work/in ]; then touch /work/waits; sleep 600; fi; echo 42 > answer\n";

/// The container of the job that waits in one.
pub(super) fn waiting(home: &TestHome) -> String {
    let is_there = |name: &String| try_docker(["exec", name, "test", "-e", "/work/waits"]).is_ok();
    wait_until("the program to run", LONG * 2, || containers(home).first().is_some_and(is_there));
    containers(home).remove(0)
}

#[test]
fn d31_docker_that_fails_before_or_in_the_middle_leaves_the_job_to_the_machine() {
    if image().is_none() {
        return;
    }
    let home = TestHome::new();
    let (scene, _left) = boxed(&home, WAITS);
    // no engine, no image
    let missing = format!("unix://{}", home.directory().join("missing.sock").display());
    for (name, value, why) in [
        ("DOCKER_HOST", missing.as_str(), "Docker: no Docker engine answers at"),
        ("AGENT_IMAGE", "localhost:9/none", "Docker: the image `localhost:9/none` of `jobs` is not available"),
    ] {
        scene.ticket("No Docker", "");
        let outcome = worker(&scene, &["--once"]).env(name, value).run();
        let done = job(&outcome);
        let log = scene.log(&done);
        assert_eq!(done["outcome"], "succeeded", "{outcome}\n{log}");
        assert!(log.contains(why) && log.contains("done on this machine itself"), "{log}");
    }

    // the container dies as with its daemon
    scene.ticket("Dies", "");
    let at_work = worker(&scene, &["--once"]).spawn();
    docker(["kill", &waiting(&home)]);
    let outcome = at_work.wait();
    let done = job(&outcome);
    let log = scene.log(&done);
    assert_eq!(done["outcome"], "succeeded", "{outcome}\n{log}");
    assert!(log.contains("ended with status 137") && log.contains("done on this machine itself"), "{log}");
    assert_eq!(scene.ok(&["ticket", "show", "3"])["job"]["attempt"], 1);
    assert_eq!(containers(&home), Vec::<String>::new());

    // not where the project does not want it
    scene.ok(&["project", "set", "shop", "fallback=false"]);
    scene.ticket("Only in containers", "");
    let done = job(&worker(&scene, &["--once"]).env("DOCKER_HOST", &missing).run());
    assert_eq!(done["outcome"], "failed", "{done:#}");
    assert!(done["reason"].as_str().unwrap().starts_with("Docker: no Docker engine answers"), "{done:#}");
    scene.is_tidy(&[]);
}

#[test]
fn d32_an_engine_that_is_gone_in_the_middle_is_waited_for_and_its_container_removed_later() {
    if image().is_none() {
        return;
    }
    let home = TestHome::new();
    let (scene, _left) = boxed(&home, WAITS);
    let socket = home.directory().join("docker.sock");
    let address = format!("unix://{}", socket.display());
    let Some(relay) = Relay::open(&socket) else { return };
    scene.ticket("Engine goes away", "");
    let at_work = worker(&scene, &["--once"]).env("DOCKER_HOST", &address).spawn();
    let container = waiting(&home);
    // it comes back in time: nothing happens
    drop(relay);
    let relay = Relay::open(&socket).unwrap();
    // it does not
    drop(relay);
    let outcome = at_work.wait();
    let done = job(&outcome);
    let log = scene.log(&done);
    assert_eq!(done["outcome"], "succeeded", "{outcome}\n{log}");
    assert!(log.contains("Docker: ") && log.contains(&format!("`docker rm -f {container}`")), "{log}");
    assert_eq!(containers(&home), std::slice::from_ref(&container), "the engine has kept it");

    // the next job in a container finds it
    let _relay = Relay::open(&socket).unwrap();
    scene.ok(&["project", "set", "shop", r#"program=["sh","-c","echo 42 > answer"]"#]);
    scene.ticket("Engine is back", "");
    let outcome = worker(&scene, &["--once"]).env("DOCKER_HOST", &address).run();
    let log = scene.log(&job(&outcome));
    assert!(log.contains(&format!("removed the container {container}")) && !log.contains("machine itself"), "{log}");
    assert_eq!(containers(&home), Vec::<String>::new());
    scene.is_tidy(&[]);
}

#[test]
fn a_job_that_is_called_off_ends_with_its_container() {
    if image().is_none() {
        return;
    }
    let home = TestHome::new();
    let (scene, _left) = boxed(&home, WAITS);
    let ticket = scene.ticket("Called off", "").to_string();
    let at_work = worker(&scene, &["--once"]).spawn();
    waiting(&home);
    scene.ok(&["ticket", "cancel", &ticket]);
    assert_eq!(job(&at_work.wait())["outcome"], json!("lost"));
    assert_eq!(containers(&home), Vec::<String>::new());
    assert_eq!(scene.remote(&["branch", "--list"]).trim(), "main");
    scene.is_tidy(&[]);

    // a worker that is killed before its container has the job makes another one
    let name = |job: u64, fence: u64| format!("harness-job-{}-{job}-{fence}", home.id().unwrap());
    let ticket = scene.ticket("Killed early", "");
    scene.ok(&["project", "set", "shop", r#"program=["sh","-c","echo 42 > answer"]"#]);
    let at_work = worker(&scene, &[]).spawn();
    wait_until("a container", LONG, || !containers(&home).is_empty());
    at_work.signal(Signal::KILL);
    at_work.wait();
    let outcome = worker(&scene, &["--once"]).run();
    let done = job(&outcome);
    assert_eq!((&done["outcome"], &done["ticket"]), (&json!("succeeded"), &json!(ticket)), "{outcome}");
    assert!(scene.log(&done).matches(&name(2, 2)).count() >= 1, "{}", scene.log(&done));
    assert_eq!(containers(&home), Vec::<String>::new());
    scene.is_tidy(&[]);
}
