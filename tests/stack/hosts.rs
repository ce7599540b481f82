//! Programs that start coding agents: each payload gives a healthy stack of its tree, and its removal frees it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{TestHome, TestProject, get};

/// What a hook did.
struct Called {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Called {
    #[track_caller]
    fn succeeds(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// A tree of a program, and the call of its hooks.
struct Tree<'a> {
    home: &'a TestHome,
    project: &'a TestProject<'a>,
    program: &'static str,
    path: PathBuf,
}

impl<'a> Tree<'a> {
    /// Made as the programs make it: by git, elsewhere, without harness.
    fn new(home: &'a TestHome, project: &'a TestProject<'a>, program: &'static str) -> Self {
        let path = home.directory().join("trees").join(program);
        let there = path.display().to_string();
        if program == "symphony" {
            project.git(&["clone", "--quiet", &project.root().display().to_string(), &there]);
        } else {
            project.git(&["worktree", "add", "--quiet", "-b", &format!("task-{program}"), &there]);
        }
        Self { home, project, program, path }
    }

    /// The payload of an event, and where the program calls.
    fn payload(&self, event: &str) -> (String, PathBuf) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hosts").join(self.program);
        let read = |ending: &str| std::fs::read_to_string(folder.join(format!("{event}.{ending}"))).ok();
        let text = read("json").or_else(|| read("env")).expect("the event has a payload");
        let (tree, root) = (self.path.display().to_string(), self.project.root().display().to_string());
        let name = self.path.file_name().unwrap().to_string_lossy().into_owned();
        let text = text.replace("{tree}", &tree).replace("{root}", &root).replace("{name}", &name);
        let text = text.replace("{home}", &self.home.directory().display().to_string());
        let at_root = self.program == "claude" || text.contains(&format!("is {root}\n"));
        (text, if at_root { self.project.root().to_owned() } else { self.path.clone() })
    }

    fn call(&self, event: &str) -> Called {
        let (payload, directory) = self.payload(event);
        let json = payload.starts_with('{');
        let directory = if directory.is_dir() { directory } else { self.project.root().to_owned() };
        let variables =
            payload.lines().filter(|line| !json && !line.starts_with('#')).filter_map(|it| it.split_once('='));
        // the agent that started the program is not whose tree this is
        let hook = self.home.harness(["hook", self.program, event]).dir(&directory).env("AGENT_ID", "17");
        let mut child = variables.fold(hook, |hook, (name, value)| hook.env(name, value)).child();
        // it stays open: the end of the object is the end of the payload
        let mut stdin = child.stdin.take().unwrap();
        if json {
            stdin.write_all(payload.as_bytes()).unwrap();
        }
        let (mut stdout, mut stderr) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let code = child.wait().unwrap().code().unwrap();
        drop(stdin);
        Called { code, stdout, stderr }
    }

    /// The agents that live in this tree.
    fn agents(&self) -> Vec<Value> {
        let status = self.home.harness(["status", "--json"]).run().succeeds().json();
        let here = |agent: &&Value| agent["tree"] == self.path.display().to_string();
        status["agents"].as_array().unwrap().iter().filter(here).cloned().collect()
    }
}

#[test]
fn every_payload_gives_a_healthy_stack_of_its_tree_and_the_removal_frees_it() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "9"]).run().succeeds();
    for (program, begins, removes) in [
        ("claude", "SessionStart", "WorktreeRemove"),
        ("codex", "setup", "cleanup"),
        ("cursor", "setup", "teardown"),
        ("conductor", "setup", "archive"),
        ("superset", "setup", "teardown"),
        ("emdash", "setup", "teardown"),
        ("orca", "setup", "archive"),
        ("kilo", "setup", "teardown"),
        ("worktrunk", "pre-start post-start", "pre-remove"),
        ("symphony", "after_create before_run", "before_remove"),
    ] {
        let tree = Tree::new(&home, &project, program);
        for event in begins.split(' ') {
            tree.call(event).succeeds();
            let again = tree.call(event).succeeds();
            let agents = tree.agents();
            assert_eq!(agents.len(), 1, "{program}: once is enough\n{}", again.stderr);
            assert_eq!(agents[0]["state"], "healthy", "{program}");
            let port = agents[0]["ports"]["api"].as_u64().unwrap();
            assert_eq!(get(u16::try_from(port).unwrap(), "/health").status, 200, "{program}");
        }
        tree.call(removes).succeeds();
        assert_eq!(tree.agents(), [Value::Null; 0], "{program}");
        assert!(tree.path.join("harness.toml").exists(), "{program}: the tree is the program's");
        tree.call(removes).succeeds();
    }
    // a payload that names no tree does not mean the main checkout
    project.harness(["hook", "codex", "cleanup"]).run().exits_with(1).says("names no work tree");
    // nor does one that names it
    let at_root = Tree { home: &home, project: &project, program: "claude", path: project.root().to_owned() };
    let refused = at_root.call("WorktreeRemove");
    assert!(refused.code != 0 && refused.stderr.contains("main checkout"), "{}", refused.stderr);
    let left = home.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(left["agents"].as_array().unwrap().len(), 1, "the agent of the root is nobody's to remove");
}

#[test]
fn claude_code_is_answered_in_its_own_form() {
    let home = TestHome::new();
    let stage = "[[verify.stages]]\nname = \"check\"\ncommands = [{ name = \"it\", run = \"true\" }]\n";
    let project = home.project("shop").application_with("api", &[], "restart = \"no\"").toml(stage).write();
    let path = project.root().join(".claude/worktrees/bright-fox");
    let tree = Tree { home: &home, project: &project, program: "claude", path };
    // the main checkout gets no stack unasked
    let at_root = Tree { home: &home, project: &project, program: "claude", path: project.root().to_owned() };
    assert!(at_root.call("SessionStart").succeeds().stdout.contains("`harness launch`"));
    assert!(at_root.agents().is_empty() && !at_root.call("Stop").succeeds().stdout.contains("block"));

    for _ in 0..2 {
        let made = tree.call("WorktreeCreate").succeeds();
        assert_eq!(made.stdout, format!("{}\n", tree.path.display()), "the path alone");
        assert_eq!(tree.agents()[0]["state"], "healthy");
    }
    let branch = project.git(&["-C", &tree.path.display().to_string(), "branch", "--show-current"]);
    assert_eq!(branch.trim(), "worktree-bright-fox");
    let begun = tree.call("SessionStart").succeeds().stdout;
    assert!(begun.contains("api: http://localhost:") && begun.contains("harness verify --full"), "{begun}");

    // nothing was changed, then something was, then it is verified
    assert_eq!(tree.call("Stop").succeeds().stdout, "");
    std::fs::write(tree.path.join("new.txt"), "new").unwrap();
    let answer: Value = serde_json::from_str(&tree.call("Stop").succeeds().stdout).unwrap();
    assert_eq!(answer["decision"], "block");
    assert!(answer["reason"].as_str().unwrap().contains("harness verify --full"), "{answer}");
    home.harness(["verify", "--full"]).dir(&tree.path).run().succeeds();
    assert_eq!(tree.call("Stop").succeeds().stdout, "");

    // uncommitted work stays; a session that ends leaves the tree and its stack
    assert_eq!(tree.call("SessionEnd").succeeds().stdout, "");
    assert_eq!(tree.agents().len(), 1);
    let kept = tree.call("WorktreeRemove");
    assert!(kept.code == 1 && kept.stderr.contains("worktree remove"), "{}", kept.stderr);
    assert!(tree.agents().is_empty() && tree.path.join("new.txt").exists());
    std::fs::remove_file(tree.path.join("new.txt")).unwrap();
    tree.call("WorktreeRemove").succeeds();
    assert!(!tree.path.exists(), "what a hook made it removes");

    // a tree whose application does not start is a tree all the same, and the model learns why
    project.replace("app.py", "import http.server", "raise SystemExit('planted')\nimport http.server");
    project.commit("Break it");
    let path = project.root().join(".claude/worktrees/sad-owl");
    let broken = Tree { home: &home, project: &project, program: "claude", path };
    let made = broken.call("WorktreeCreate").succeeds();
    assert!(
        made.stdout.trim() == broken.path.display().to_string() && made.stderr.contains("error:"),
        "{}",
        made.stderr
    );
    let begun = broken.call("SessionStart").succeeds().stdout;
    assert!(begun.contains("could not start") && begun.contains("planted"), "{begun}");
    broken.call("WorktreeRemove").succeeds();
    assert!(!broken.path.exists() && broken.agents().is_empty());
}

#[test]
fn a_failed_launch_fails_the_setup_of_other_programs() {
    let home = TestHome::new();
    let project = home.project("shop").application_with("api", &[("APP_EXIT", "3")], "restart = \"no\"").write();
    let tree = Tree::new(&home, &project, "codex");
    let failed = tree.call("setup");
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""), "{}", failed.stderr);
    assert!(failed.stderr.contains("is not healthy"), "{}", failed.stderr);
    assert!(tree.agents().is_empty());
}

#[test]
fn what_cannot_be_a_call_is_refused() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let refused = |arguments: &[&str]| project.harness(arguments.iter().copied()).run();
    for (arguments, code) in [
        (["--json", "hook", "codex", "nonsense"], "hook.unknown_event"),
        (["--json", "hook", "vim", "setup"], "hook.unknown_program"),
        (["--json", "hook", "claude", "SessionStart"], "hook.payload"),
    ] {
        assert_eq!(refused(&arguments).exits_with(2).json()["error"]["code"], code);
    }
    // exit code 2 means something else to a program
    refused(&["hook", "claude", "SessionStart"]).exits_with(1).says("payload");
    let mut child = project.harness(["--json", "hook", "claude", "WorktreeCreate"]).child();
    child.stdin.take().unwrap().write_all(br#"{"name":"../elsewhere"}"#).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"hook.tree_name\""));
}

#[test]
fn connect_adds_takes_out_and_leaves_what_others_wrote() {
    let home = TestHome::new();
    let project = home.project("shop").write();
    let connect = |arguments: &[&str]| project.harness(["connect"].iter().chain(arguments).copied());
    project.put(
        "WORKFLOW.md",
        "---\ntracker:\n  kind: linear\nhooks:\n  after_create: |\n    git clone x .\n---\nDo it.\n",
    );
    project.put(
        "conductor.json",
        "{\n    \"scripts\": {\n        \"setup\": \"npm ci\",\n        \"run\": \"npm run dev\"\n    }\n}\n",
    );
    project.put(".claude/settings.json", "{\n\t\"permissions\": { \"allow\": [ \"Bash(npm:*)\" ] }\n}\n");
    project.commit("What others wrote");
    let programs =
        ["claude", "codex", "cursor", "conductor", "superset", "emdash", "orca", "kilo", "worktrunk", "symphony"];
    for program in programs {
        let printed = connect(&[program, "--print"]).run().succeeds().stdout;
        assert!(printed.contains(&format!("harness hook {program} ")), "{printed}");
        assert!(printed.starts_with("would be "), "{printed}");
        assert_eq!(project.git(&["status", "--porcelain"]), "", "{program}: nothing is written");
        connect(&[program]).run().succeeds();
        let with = project.git(&["diff"]) + &project.git(&["status", "--porcelain"]);
        assert_ne!(with, "", "{program}");
        let again = connect(&[program, "--json"]).run().succeeds().json();
        assert!(again["files"].as_array().unwrap().iter().all(|file| file["outcome"] == "unchanged"), "{again:#}");
        connect(&[program, "--remove"]).run().succeeds();
        assert_eq!(project.git(&["status", "--porcelain", "--ignored"]), "", "{program}: all is as it was");
        connect(&[program, "--remove"]).run().succeeds();
    }
    connect(&["claude", "--create", "--gate"]).run().succeeds();
    let settings: Value = serde_json::from_str(&project.read(".claude/settings.json")).unwrap();
    assert_eq!(settings["hooks"].as_object().unwrap().len(), 5, "{settings:#}");
    // a check that was asked for does not go unasked
    let again = connect(&["claude"]).run().succeeds().stdout;
    assert_eq!(again.matches("unchanged: ").count(), 2, "{again}");
    connect(&["claude", "--remove", "--gate"]).run().succeeds();
    let settings: Value = serde_json::from_str(&project.read(".claude/settings.json")).unwrap();
    assert!(settings["hooks"].get("Stop").is_none() && settings["hooks"].get("WorktreeCreate").is_some());
    let refused = connect(&["codex", "--gate", "--json"]).run().exits_with(2).json();
    assert_eq!(refused["error"]["code"], "connect.no_option");
    assert!(refused["error"]["hint"].as_str().unwrap().contains("only claude"), "{refused}");
    assert!(!project.root().join(".codex").exists());
    let server: Value = serde_json::from_str(&project.read(".mcp.json")).unwrap();
    assert_eq!(server["mcpServers"]["harness"]["args"], serde_json::json!(["mcp"]));
}

#[test]
fn connect_refuses_what_it_cannot_change_and_names_file_and_line() {
    let home = TestHome::new();
    let project = home.project("shop").write();
    let refused = |program: &str, code: &str, place: &str| {
        let outcome = project.harness(["connect", program, "--json"]).run();
        let error = outcome.json()["error"].clone();
        assert_eq!(error["code"], code, "{outcome}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(place), "{message}");
    };
    project.put(".claude/settings.json", "{\n  \"hooks\": {\n    \"Stop\": [,]\n  }\n}\n");
    refused("claude", "connect.broken_file", "settings.json`:3");
    project.put(".codex/environments/environment.toml", "version = 1\n\n[setup]\nscript = \"npm ci\"\n");
    refused("codex", "connect.occupied", "environment.toml`:3");
    project.put(".config/wt.toml", "a = 1\nb =\n");
    refused("worktrunk", "connect.broken_file", "wt.toml`:2");
    project.put(".cursor/worktrees.json", "{\n  \"setup-worktree-unix\": \"setup.sh\"\n}\n");
    refused("cursor", "connect.occupied", "worktrees.json`:2");
    project.put("orca.yaml", "scripts:\n  archive: x\n");
    refused("orca", "connect.occupied", "orca.yaml`:2");
    refused("symphony", "connect.no_file", "WORKFLOW.md");
    assert!(!project.root().join(".mcp.json").exists(), "all files or none");
}
