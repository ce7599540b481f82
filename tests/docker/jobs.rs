//! `harness work` with jobs in containers, by programs that are small scripts.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::machine::{docker, skip, try_docker};
use crate::jobs::scene::{SECRET, Scene};
use crate::support::{HarnessCommand, LONG, Outcome, TestHome, wait_until};

/// What `tests/images/agent` makes.
const BASE: &str = "harness-tests/agent";

/// The image of jobs with this very harness in it; `None` with a line that says why the test is skipped.
pub(super) fn image() -> Option<&'static str> {
    static IMAGE: OnceLock<Option<&'static str>> = OnceLock::new();
    *IMAGE.get_or_init(|| {
        if let Err(reason) = try_docker(["version", "--format", "{{.Server.Version}}"]) {
            skip(&format!("no Docker engine answers: {}", reason.trim()));
            return None;
        }
        if try_docker(["image", "inspect", BASE]).is_err() {
            skip(&format!("the image {BASE} is missing; run tests/images/agent"));
            return None;
        }
        let name = "harness-tests/agent-now";
        let before = try_docker(["image", "inspect", "--format", "{{.Id}}", name]).ok();
        let context = tempfile::tempdir().unwrap();
        let binary = context.path().join("harness");
        let stripped = Command::new("strip").arg("-o").arg(&binary).arg(env!("CARGO_BIN_EXE_harness")).status();
        if !stripped.is_ok_and(|status| status.success()) {
            std::fs::copy(env!("CARGO_BIN_EXE_harness"), &binary).unwrap();
        }
        let text = format!("FROM {BASE}\nCOPY harness /usr/local/bin/harness\n");
        std::fs::write(context.path().join("Dockerfile"), text).unwrap();
        docker(["build", "--quiet", "--tag", name, context.path().to_str().unwrap()]);
        let after = docker(["image", "inspect", "--format", "{{.Id}}", name]);
        if let Some(before) = before.filter(|before| *before != after) {
            // the harness of an earlier run
            let _ = try_docker(["rmi", &before]);
        }
        Some(name)
    })
}

/// What a test that fails has left on the engine; it goes with the test.
pub(super) struct Left<'a>(&'a TestHome);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        let label = format!("label=harness.job-home={}", self.0.id().unwrap_or_default());
        let names = try_docker(["ps", "--all", "--filter", &label, "--format", "{{.Names}}"]).unwrap_or_default();
        for name in names.lines() {
            let _ = try_docker(["rm", "--force", "--volumes", name]);
        }
    }
}

/// A project whose jobs run in containers, with a database and this program.
pub(super) fn boxed<'a>(home: &'a TestHome, program: &str) -> (Scene<'a>, Left<'a>) {
    let scene = Scene::with(home, "true", |project| project.with_items().file("agent.sh", program));
    let program = r#"program=["sh","agent.sh","{prompt_file}"]"#;
    scene.ok(&["project", "set", "shop", "execution=docker", program]);
    (scene, Left(home))
}

/// A worker that knows the image.
pub(super) fn worker(scene: &Scene, words: &[&str]) -> HarnessCommand {
    let worker = scene.worker(words).env("AGENT_IMAGE", image().unwrap()).env("AGENT_CACHE_VOLUME", "");
    worker.env("AGENT_DOCKER_MODE", "none").deadline(Duration::from_mins(5))
}

/// The one job that a worker has done.
#[track_caller]
pub(super) fn job(outcome: &Outcome) -> Value {
    let document = outcome.json();
    assert_eq!(document["jobs"].as_array().map(Vec::len), Some(1), "{outcome}");
    document["jobs"][0].clone()
}

/// The containers of a home's jobs.
pub(super) fn containers(home: &TestHome) -> Vec<String> {
    let label = format!("label=harness.job-home={}", home.id().unwrap());
    let names = docker(["ps", "--all", "--filter", &label, "--format", "{{.Names}}"]);
    names.lines().map(str::to_owned).collect()
}

/// A volume that goes with the test.
struct Volume(String);

impl Drop for Volume {
    fn drop(&mut self) {
        let _ = try_docker(["volume", "rm", "--force", &self.0]);
    }
}

#[test]
fn a_job_is_done_in_a_container_as_a_user_without_the_keys_of_its_worker() {
    let Some(image) = image() else { return };
    let home = TestHome::new();
    let (scene, _left) = boxed(
        &home,
        "echo user $(id -u) $(id -un), database $(psql -X -A -t -c 'select name from items' \"$DATABASE_URL\")\n\
         echo key $SECRET_KEY\n\
         echo keys of the worker: $(env | grep -cE 'GITHUB|WORKER_KEY') $(cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -cE '^(GITHUB_TOKEN|HARNESS_WORKER_KEY)=')\n\
         echo remote: $(git remote)\n\
         echo cache: $(cat /cache/marker 2>/dev/null)\n\
         echo of job $HARNESS_TICKET > /cache/marker\n\
         ls /var/run/docker.sock\n\
         if [ $HARNESS_ROUND = 1 ]; then echo 40 > answer; exit; fi\n\
         echo 42 > answer\n\
         harness complete \"mended with $SECRET_KEY\"\n",
    );
    let volume = Volume(format!("harness-test-cache-{}", std::process::id()));
    let ticket = scene.ticket("In a container", "");
    let outcome = worker(&scene, &["--once"]).env("AGENT_CACHE_VOLUME", &volume.0).run();
    let done = job(&outcome);
    let log = scene.log(&done);
    assert_eq!((&done["outcome"], &done["ticket"]), (&json!("succeeded"), &json!(ticket)), "{outcome}\n{log}");
    for expected in [
        "| user 1000 agent, database seeded\n",
        "| key [redacted]\n",
        "| keys of the worker: 0 0\n",
        "| remote:\n",
        "| cache:\n",
        "'/var/run/docker.sock': No such file",
        "verify: fail: check: answer:1: is not 42\n",
        "round 2: verify --full\n",
        "verify: pass\n",
        "harness attach 1 job-1-1",
    ] {
        assert!(log.contains(expected), "{expected:?} is not in\n{log}");
    }
    let head = format!("harness/ticket-{ticket}");
    assert_eq!(scene.remote(&["show", &format!("{head}:answer")]), "42\n");
    assert_eq!(scene.remote(&["rev-parse", &head]).trim(), done["commit"].as_str().unwrap());
    assert_eq!(scene.remote(&["log", "--format=%s", &format!("main..{head}")]).lines().count(), 2, "each round's work");
    let pulls = scene.github.pulls();
    assert_eq!(pulls.len(), 1);
    assert!(pulls[0]["body"].as_str().unwrap().starts_with("mended with [redacted]"), "{pulls:#?}");
    let shown = scene.ok(&["ticket", "show", &ticket.to_string()]);
    let of_job = &shown["job"];
    assert_eq!(
        (&of_job["round"], &of_job["verify"]["status"], &of_job["agent"], &of_job["session"]),
        (&json!(2), &json!("pass"), &Value::Null, &Value::Null),
        "{shown:#}"
    );
    assert_eq!(containers(&home), Vec::<String>::new());
    scene.is_tidy(&[]);

    // another job: what was downloaded is there, and without any setting it is the image of the success
    let ticket = scene.ticket("Once more", "");
    let outcome = worker(&scene, &["--once"]).env("AGENT_IMAGE", "").env("AGENT_CACHE_VOLUME", &volume.0).run();
    let log = scene.log(&job(&outcome));
    assert!(log.contains(&format!("of {image}\n")) && log.contains("| cache: of job 1\n"), "{log}");
    assert!(!scene.remote(&["branch", "--list", &format!("harness/ticket-{ticket}")]).is_empty(), "{outcome}\n{log}");

    // work that gives a key away, and work that fails, are not pushed
    scene.ok(&[
        "project",
        "set",
        "shop",
        "rounds=1",
        r#"program=["sh","-c","echo $SECRET_KEY > key; echo 42 > answer"]"#,
    ]);
    scene.ticket("Gives a key away", "");
    let gives_away = job(&worker(&scene, &["--once"]).run());
    assert_eq!(gives_away["reason"], "the work holds the value of `SECRET_KEY`: it is not pushed");
    scene.ok(&["project", "set", "shop", r#"program=["sh","-c","echo 43 > answer"]"#]);
    let ticket = scene.ticket("Wrong", "");
    let wrong = job(&worker(&scene, &["--once"]).run());
    assert_eq!(wrong["reason"], "verify fails after round 1: check: answer:1: is not 42");
    let kept = format!("harness/ticket-{ticket}");
    assert_eq!(scene.project.git(&["show", &format!("{kept}:answer")]).trim(), "43", "its work is not lost");
    assert_eq!(scene.remote(&["branch", "--list", &kept]), "");
    assert_eq!(containers(&home), Vec::<String>::new());
    let database = std::fs::read(home.path().join("serve/harness.db")).unwrap();
    assert!(!database.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()));
}

#[test]
fn a_worker_that_is_killed_is_followed_by_one_that_goes_on_with_all_three() {
    let Some(image) = image() else { return };
    let home = TestHome::new();
    let (scene, _left) = boxed(
        &home,
        "echo started; touch /work/runs.$$; echo key $SECRET_KEY\n\
         while [ ! -e /work/go ]; do sleep 0.1; done; echo 42 > answer; echo late\n",
    );
    let root = scene.project.root().to_str().unwrap().to_owned();
    let settings = ["attempts=1", "github=o/r", "variables=[\"SECRET_KEY\"]"];
    scene.ok(&[&["project", "add", "here", &root][..], &settings].concat());
    let (runs, go) = (home.directory().join("runs"), home.directory().join("go"));
    let script =
        format!("echo $$ >> {}; while [ ! -e {} ]; do sleep 0.1; done; echo 42 > answer", runs.display(), go.display());
    scene.ok(&["project", "set", "here", &format!("program={}", json!(["sh", "-c", script]))]);
    let tickets =
        [scene.ticket("In a container", ""), scene.ticket_of("here", "One", ""), scene.ticket_of("here", "Two", "")];
    let many = |words: &[&str]| worker(&scene, words).env("MAX_CONCURRENT_AGENTS", "3");
    let first = many(&[]).spawn();
    let states = || {
        let list = scene.ok(&["job", "list"]);
        list["jobs"].as_array().unwrap().iter().map(|job| job["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let has_started = |name: &str| try_docker(["exec", name, "sh", "-c", "ls /work/runs.*"]).unwrap_or_default();
    wait_until("all three to run", LONG * 2, || {
        let local = std::fs::read_to_string(&runs).unwrap_or_default().lines().count();
        let container = containers(&home).first().is_some_and(|name| !has_started(name).is_empty());
        local == 2 && container && states().iter().all(|state| state == "running")
    });
    let container = containers(&home).remove(0);
    let described = docker(["inspect", &container]) + &docker(["history", "--no-trunc", image]);
    assert!(!described.contains(SECRET), "a key is in no description of a container: {described}");
    assert!(!docker(["logs", &container]).contains(SECRET));

    first.signal(Signal::KILL);
    first.wait();
    let pids = std::fs::read_to_string(&runs).unwrap();
    assert!(pids.lines().all(|pid| crate::support::is_alive(pid.parse().unwrap())), "the programs go on");
    let second = many(&[]).spawn();
    wait_until("the leases to be prolonged", LONG, || states().iter().all(|state| state == "running"));
    // asked to end, it leaves them as well
    second.signal(Signal::TERM);
    let left = second.wait().succeeds().json();
    assert!(left["jobs"].as_array().unwrap().iter().all(|job| job["outcome"] == "left"), "{left:#}");
    assert_eq!(left["jobs"].as_array().unwrap().len(), 3);

    std::fs::write(&go, "").unwrap();
    docker(["exec", &container, "touch", "/work/go"]);
    let third = many(&[]).spawn();
    wait_until("all three to be done", LONG * 2, || states().iter().all(|state| state == "succeeded"));
    third.signal(Signal::TERM);
    let said = third.wait().succeeds();
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 2, "each was started once");
    assert_eq!(states().len(), 3, "it was one attempt each");
    for ticket in tickets {
        assert_eq!(scene.remote(&["show", &format!("harness/ticket-{ticket}:answer")]), "42\n", "{said}");
    }
    let log = scene.log(&json!({ "job": 1 }));
    // what came in the last moment of a worker that is killed may be there twice, and is never lost
    assert!(log.contains("| started\n"), "{log}");
    for once in ["| late\n", "verify: pass\n"] {
        assert_eq!(log.matches(once).count(), 1, "{once:?} in\n{log}");
    }
    assert_eq!(scene.github.pulls().len(), 3);
    assert_eq!(containers(&home), Vec::<String>::new());
    scene.is_tidy(&[]);
}

#[test]
fn a_job_has_a_daemon_of_its_own_or_that_of_the_machine() {
    if image().is_none() {
        return;
    }
    let home = TestHome::new();
    let (scene, _left) = boxed(
        &home,
        "echo user $(id -un), daemon $(docker info --format '{{.ID}}' 2>&1 | head -1); echo 42 > answer\n\
         grep host.docker.internal /etc/hosts | awk '{ print \"machine \" $2 }'\n",
    );
    let machine = docker(["info", "--format", "{{.ID}}"]);
    scene.ok(&["project", "set", "shop", "variables=[\"SECRET_KEY\",\"MODEL_URL\"]"]);
    let privileged = try_docker(["run", "--rm", "--privileged", "--user", "0", BASE, "true"]);
    for (mode, is_machines) in [("dood", true), ("dind", false)] {
        scene.ticket(mode, "");
        let url = "http://host.docker.internal:9";
        let outcome = worker(&scene, &["--once"]).env("AGENT_DOCKER_MODE", mode).env("MODEL_URL", url).run();
        let done = job(&outcome);
        let log = scene.log(&done);
        assert_eq!(done["outcome"], "succeeded", "{mode}: {outcome}\n{log}");
        assert_eq!(containers(&home), Vec::<String>::new());
        if let (Err(why), "dind") = (&privileged, mode) {
            // nor can a job have one then
            eprintln!("no daemon in a container was tried, since none is privileged here: {}", why.trim());
            assert!(log.contains("Docker: ") && log.contains("done on this machine itself"), "{log}");
            continue;
        }
        let said = log.lines().find_map(|line| line.strip_prefix("| user agent, daemon ")).unwrap_or_default();
        assert_eq!(said == machine, is_machines, "{mode}: {said:?}, and the machine's is {machine}");
        assert!(!said.is_empty() && !said.contains(' '), "{mode}: {log}");
        assert!(log.contains("| machine host.docker.internal\n"), "{log}");
    }
}
