//! `harness verify --watch`: a verdict for each state of the tree.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{LONG, SHORT, TestHome, TestProject, is_alive, wait_for, wait_until};

/// Fails by what `a.txt` says; writes down that it ran; hangs while `../slow` exists.
const STAGES: &str = r#"
[[verify.stages]]
name = "check"
commands = [
  { name = "words", run = "echo >> ../ran; if test -e ../slow; then echo $$ > ../leader; sleep 600; fi; ! grep -n bad a.txt /dev/null" },
  { name = "other", run = "echo >> ../other", inputs = ["other/**"] },
]
[[verify.stages]]
name = "smoke"
full = true
commands = [{ name = "health", http_get = { path = "/health", port = "{{ ports.api }}" } }]
"#;

fn project(home: &TestHome) -> TestProject<'_> {
    let project = home
        .project("shop")
        .application("api")
        .toml(STAGES)
        .file("a.txt", "good\n")
        .file("other/one", "1")
        .file(".gitignore", "*.log\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    project
}

/// A `verify --watch --json` that is running.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(project: &TestProject<'_>, more: &[&str]) -> Self {
        let arguments = ["verify", "3", "--watch", "--json"].iter().chain(more).copied();
        let mut child = project.harness(arguments).child();
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self { child, lines }
    }

    /// The next verdict.
    #[track_caller]
    fn next(&self) -> Value {
        let line = self.lines.recv_timeout(LONG).expect("there is a verdict");
        serde_json::from_str(&line).expect("each line is a document")
    }

    /// Ctrl-C; the exit code, and what was printed since.
    fn interrupt(mut self) -> (Option<i32>, Vec<String>) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let status = wait_for("the end", SHORT, || self.child.try_wait().unwrap().ok_or("it runs"));
        (status.code(), self.lines.iter().collect())
    }
}

fn beside(project: &TestProject<'_>, name: &str) -> std::path::PathBuf {
    project.root().parent().unwrap().join(name)
}

fn count(project: &TestProject<'_>, name: &str) -> usize {
    std::fs::read_to_string(beside(project, name)).unwrap_or_default().lines().count()
}

/// Waits for a command that hangs; its pid.
fn leader(project: &TestProject<'_>) -> u32 {
    let file = beside(project, "leader");
    let pid = wait_for("the command", SHORT, || {
        std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).ok_or("not there")
    });
    std::fs::remove_file(file).unwrap();
    pid
}

#[test]
fn each_change_of_the_tree_is_judged_and_the_newest_one_wins() {
    let home = TestHome::new();
    let project = project(&home);
    let watch = Watch::start(&project, &[]);
    let first = watch.next();
    assert_eq!((&first["schema"], &first["status"]), (&"harness/verify/1".into(), &"pass".into()));
    assert_eq!(first["stages"][1]["status"], "skipped", "the quick stages");
    project.put("a.txt", "bad\n");
    let second = watch.next();
    assert_eq!((&second["status"], &second["reason"]), (&"fail".into(), &"stage_failed".into()));
    assert_ne!(first["tree"]["before"], second["tree"]["before"]);
    // what git ignores, and the same content once more
    project.put("noise.log", "x\n");
    project.put("a.txt", "bad\n");
    // a new directory
    project.put("new/folder/file", "x\n");
    assert_eq!(watch.next()["status"], "fail");
    assert_eq!(count(&project, "ran"), 3);

    // overtaken: what runs is ended, and says nothing
    let runs = || std::fs::read_dir(home.path().join("agents/3/verify/runs")).unwrap().count();
    std::fs::write(beside(&project, "slow"), "").unwrap();
    project.put("a.txt", "good once more\n");
    let hanging = leader(&project);
    std::fs::remove_file(beside(&project, "slow")).unwrap();
    project.put("a.txt", "good at last\n");
    let third = watch.next();
    assert_eq!(third["status"], "pass");
    assert!(!is_alive(hanging), "{hanging} lives on");
    assert_eq!((count(&project, "ran"), runs()), (5, 4));

    // a configuration that is wrong for a moment
    let configuration = project.read("harness.toml");
    project.put("harness.toml", &configuration.replace("name = \"smoke\"", "nam = \"smoke\""));
    assert_eq!(watch.next()["reason"], "configuration");
    project.put("harness.toml", &configuration);
    assert_eq!(watch.next()["status"], "pass");

    std::fs::write(beside(&project, "slow"), "").unwrap();
    project.put("a.txt", "good for ever\n");
    let hanging = leader(&project);
    let (code, printed) = watch.interrupt();
    assert_eq!((code, printed), (Some(130), Vec::new()));
    assert!(!is_alive(hanging), "{hanging} lives on");
    assert!(!home.path().join("agents/3/verify/running.json").exists());
    std::fs::remove_file(beside(&project, "slow")).unwrap();
    let document = project.harness(["verify", "3"]).run().succeeds().json();
    assert_eq!(document["warnings"], Value::Array(Vec::new()), "nothing was left");
}

#[test]
fn what_a_change_does_not_concern_is_not_run() {
    let home = TestHome::new();
    let project = project(&home);
    let watch = Watch::start(&project, &["--affected"]);
    assert_eq!(watch.next()["stages"][0]["commands"][1]["status"], "pass");
    project.put("a.txt", "good again\n");
    let document = watch.next();
    let statuses = document["stages"][0]["commands"].as_array().unwrap().iter().map(|it| it["status"].clone());
    assert_eq!(statuses.collect::<Vec<_>>(), ["pass", "cached"]);
    project.put("other/two", "2");
    assert_eq!(watch.next()["stages"][0]["commands"][1]["status"], "pass");
    assert_eq!((count(&project, "ran"), count(&project, "other")), (3, 2));
    // the agent goes, and with it what there is to judge, though the tree stays as it is
    project.harness(["teardown", "3"]).run().succeeds();
    let last = watch.next();
    assert_eq!((&last["reason"], &last["error"]["code"]), (&"not_running".into(), &"agent.unknown".into()));
    let mut child = watch.child;
    let status = wait_for("the end", SHORT, || child.try_wait().unwrap().ok_or("it runs"));
    assert_eq!(status.code(), Some(5));
}

/// What a verdict warns of that a run has written itself.
fn output_of(document: &Value) -> Vec<&str> {
    let warnings = document["warnings"].as_array().unwrap().iter().map(|warning| warning.as_str().unwrap());
    warnings.filter(|warning| warning.contains(".gitignore")).collect()
}

/// Waits until the watch is not at work; what is run for that writes nothing.
#[track_caller]
fn wait_for_rest(project: &TestProject<'_>) {
    wait_until("the watch to rest", LONG, || {
        project.harness(["verify", "3", "--stage", "smoke"]).run().json()["status"] == "pass"
    });
}

#[test]
fn what_the_runs_write_themselves_is_named_once_and_begins_no_other() {
    let home = TestHome::new();
    let project = project(&home);
    // each run changes the tree: slowly, so that it overtakes itself
    project.replace("harness.toml", "echo >> ../ran;", "echo >> ../ran; date +%s%N > stamp; sleep 0.5;");
    let watch = Watch::start(&project, &[]);
    let first = watch.next();
    assert_eq!((&first["reason"], output_of(&first)), (&"tree_changed".into(), Vec::new()));
    let second = watch.next();
    assert_eq!(second["tree"]["changed"], serde_json::json!(["stamp"]));
    let [warning] = output_of(&second)[..] else { panic!("{second}") };
    assert!(warning.contains("during two runs in succession") && warning.contains("`stamp`"), "{warning}");
    let ran = count(&project, "ran");
    wait_for_rest(&project);
    assert_eq!(count(&project, "ran"), ran, "it begins no other run");

    // what is known by now neither overtakes the run of another change, nor is it named again
    project.put("a.txt", "bad\n");
    let third = watch.next();
    assert_eq!((&third["reason"], output_of(&third)), (&"stage_failed".into(), Vec::new()));
    wait_for_rest(&project);
    assert_eq!(count(&project, "ran"), ran + 1);
    // somebody else writes it
    project.put("stamp", "by hand\n");
    assert_eq!(watch.next()["reason"], "stage_failed");

    // a name of its own in each run
    project.replace("harness.toml", "date +%s%N > stamp; sleep 0.5;", "date > out-$(date +%s%N);");
    project.put("a.txt", "good\n");
    let rested = wait_for("the watch to give up", LONG, || {
        let document = watch.next();
        if output_of(&document).is_empty() { Err(document.to_string()) } else { Ok(document) }
    });
    assert!(output_of(&rested)[0].contains("runs in succession changed the tree"), "{rested}");
    let ran = count(&project, "ran");
    wait_for_rest(&project);
    assert_eq!(count(&project, "ran"), ran);
    let (code, printed) = watch.interrupt();
    assert_eq!((code, printed), (Some(130), Vec::new()));
}

#[test]
fn an_edit_of_the_configuration_that_the_plan_comes_from_is_judged() {
    let home = TestHome::new();
    let path = home.directory().join("tree").display().to_string();
    let stage = |line: &str| {
        format!("[[verify.stages]]\nname = \"gate\"\ncommands = [{{ name = \"all\", run = \"{line}\" }}]\n")
    };
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{path}-{{{{ id }}}}\"\n"))
        .toml(&stage("true"))
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let watch = Watch::start(&project, &[]);
    assert_eq!(watch.next()["status"], "pass");
    // the file of the root, which lies outside of the agent's tree
    project.replace("harness.toml", "run = \"true\"", "run = \"exit 1\"");
    assert_eq!(watch.next()["reason"], "stage_failed");
    // an editor puts another file in its place
    project.put("edited", &project.read("harness.toml").replace("run = \"exit 1\"", "run = \"true\""));
    std::fs::rename(project.root().join("edited"), project.root().join("harness.toml")).unwrap();
    assert_eq!(watch.next()["status"], "pass");
    // its overlay, which was not there
    project.put("harness.local.toml", &stage("exit 2"));
    assert_eq!(watch.next()["stages"][0]["commands"][0]["exit_code"], 2);
    std::fs::remove_file(project.root().join("harness.local.toml")).unwrap();
    assert_eq!(watch.next()["status"], "pass");
    // that of the tree rules its environment, and git ignores it
    let tree = home.directory().join("tree-3");
    std::fs::write(tree.join("harness.local.toml"), "[env]\nA = \"{{ no }}\"\n").unwrap();
    assert_eq!(watch.next()["reason"], "configuration");
    watch.interrupt();
}

#[test]
fn a_command_that_is_overtaken_is_cancelled_and_another_verify_is_waited_for() {
    let home = TestHome::new();
    let project = project(&home);
    std::fs::write(beside(&project, "slow"), "").unwrap();
    let watch = project.harness(["verify", "3", "--watch"]).spawn();
    leader(&project);
    std::fs::remove_file(beside(&project, "slow")).unwrap();
    project.put("a.txt", "good again\n");
    wait_until("the next run", SHORT, || count(&project, "ran") == 2);
    watch.signal(Signal::INT);
    let outcome = watch.wait().exits_with(130).says("check: words cancelled after");
    assert!(!outcome.stderr.contains("failed"), "{outcome}");

    std::fs::write(beside(&project, "slow"), "").unwrap();
    let other = project.harness(["verify", "3"]).spawn();
    let hanging = leader(&project);
    std::fs::remove_file(beside(&project, "slow")).unwrap();
    let ran = count(&project, "ran");
    let watch = Watch::start(&project, &[]);
    wait_until("the watch to find the other", SHORT, || {
        project.harness(["verify", "3"]).run().json()["error"]["code"] == "verify.busy"
    });
    other.signal(Signal::INT);
    other.wait().exits_with(130);
    assert!(!is_alive(hanging));
    assert_eq!(watch.next()["status"], "pass");
    assert_eq!(count(&project, "ran"), ran + 1);
    watch.interrupt();
}
