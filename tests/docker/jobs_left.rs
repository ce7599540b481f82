//! Containers of jobs that nobody goes on with.

use std::fs::File;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::jobs::{boxed, containers, image, job, worker};
use super::jobs_faults::{WAITS, waiting};
use super::machine::{docker, try_docker};
use crate::support::TestHome;

/// A container that never runs; it goes with the test.
struct Decoy(String);

impl Decoy {
    fn new(name: &str, labels: &[(&str, &str)]) -> Self {
        let decoy = Self(format!("harness-test-{name}-{}", std::process::id()));
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("--label={label}={value}")).collect();
        let labels = labels.iter().map(String::as_str);
        docker(["create", "--name", &decoy.0].into_iter().chain(labels).chain([image().unwrap(), "true"]));
        decoy
    }

    fn is_there(&self) -> bool {
        try_docker(["inspect", &self.0]).is_ok()
    }
}

impl Drop for Decoy {
    fn drop(&mut self) {
        let _ = try_docker(["rm", "--force", &self.0]);
    }
}

#[test]
fn gc_removes_containers_of_jobs_that_no_worker_goes_on_with() {
    if image().is_none() {
        return;
    }
    let home = TestHome::new();
    let (scene, _left) = boxed(&home, WAITS);
    let ticket = scene.ticket("Its worker is gone", "");
    let at_work = worker(&scene, &[]).spawn();
    let container = waiting(&home);
    let id = home.id().unwrap();
    let path = home.path();
    let here = path.to_str().unwrap();
    let forgotten = Decoy::new("forgotten", &[("harness.job-home", &id), ("harness.job", "77")]);
    let others = Decoy::new("others", &[("harness.job-home", "another"), ("harness.job-home-path", here)]);
    let homeless = Decoy::new("homeless", &[("harness.job-home", "gone"), ("harness.job-home-path", "/nowhere/home")]);

    // what a newer harness has written down cannot be read, and may name it
    let unreadable = Decoy::new("unreadable", &[("harness.job-home", &id), ("harness.job", "78")]);
    let written = home.path().join("work/one/78.json");
    std::fs::write(&written, "{\"version\":99}").unwrap();

    let gc = |words: &[&str]| -> Vec<(String, String)> {
        let gc = scene.ok(&[&["gc"][..], words].concat());
        let removed = gc["removed"].as_array().unwrap().iter().filter(|removed| removed["kind"] == "container");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        removed.map(|removed| (text(&removed["name"]), text(&removed["detail"]))).collect()
    };
    let doctor = || home.harness(["doctor", "--json"]).run().json()["findings"].to_string();
    let of_77 = (forgotten.0.clone(), "of job 77, which does not run in it any more".to_owned());
    assert_eq!(gc(&["--dry-run"]), std::slice::from_ref(&of_77));
    let said = doctor();
    assert!(said.contains(&forgotten.0) && !said.contains(&container) && !said.contains(&others.0), "{said}");
    assert!(said.contains(&format!("docker rm -f -v {}", homeless.0)) && said.contains("/nowhere/home"), "{said}");
    assert_eq!(gc(&[]), [of_77]);
    assert!(!forgotten.is_there() && others.is_there() && homeless.is_there() && unreadable.is_there());
    std::fs::remove_file(written).unwrap();
    drop(unreadable);

    // the next worker may go on with it, until the lease has ended
    at_work.signal(Signal::KILL);
    at_work.wait();
    assert_eq!(gc(&[]), []);
    let state = File::options().append(true).open(home.path().join("work/one/1.json")).unwrap();
    state.set_modified(SystemTime::now() - Duration::from_mins(10)).unwrap();
    let why = "of job 1, whose worker `one` has not run for 10 minutes".to_owned();
    assert!(doctor().contains(&format!("{container}: {why}")), "{}", doctor());
    assert_eq!(gc(&["--dry-run"]), [(container.clone(), why.clone())]);
    assert_eq!(containers(&home), std::slice::from_ref(&container));
    assert_eq!(gc(&[]), [(container, why)]);
    assert_eq!(containers(&home), Vec::<String>::new());
    assert_eq!(gc(&[]), []);

    // a worker that comes in spite of that begins again
    let outcome = worker(&scene, &["--once"]).run();
    let done = job(&outcome);
    assert_eq!((&done["outcome"], &done["ticket"]), (&json!("succeeded"), &json!(ticket)), "{outcome}");
    scene.is_tidy(&[]);
}
