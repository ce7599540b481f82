//! `harness verify` and `harness hook`, as typed, for agents that were launched.

use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{SHORT, TestHome, TestProject, is_alive, wait_for, wait_until};

/// Two packages, one with a type error, one with a lint error.
const STAGES: &str = r#"
[[verify.stages]]
name = "check"
commands = [
  { name = "types", working_dir = "packages/a", run = "cat types" },
  { name = "lint", working_dir = "packages/b", run = "cat lint" },
]
[[verify.stages]]
name = "test"
commands = [{ name = "all", run = "test \"$AGENT_ID\" = {{ id }}" }]
[[verify.stages]]
name = "smoke"
full = true
commands = [{ name = "health", http_get = { path = "/health", port = "{{ ports.api }}" } }]
"#;

fn project(home: &TestHome) -> TestProject<'_> {
    home.project("shop")
        .application("api")
        .toml(STAGES)
        .file("packages/a/src/price.ts", "export {};\n")
        .file("packages/a/types", "")
        .file("packages/b/lint", "")
        .write()
}

/// Plants the two errors: what the tools would print, and that they fail.
fn break_it(project: &TestProject<'_>) {
    project.replace("harness.toml", "cat types", "cat types; exit 2");
    project.replace("harness.toml", "cat lint", "cat lint; exit 1");
    project.put("packages/a/types", "src/price.ts(3,5): error TS2322: Type 'x' is not assignable to type 'y'.\n");
    project.put("packages/b/lint", "packages/b/lint:1:1: error: \"quoted\"\n");
}

#[test]
fn a_failing_run_names_stage_command_file_and_line() {
    let home = TestHome::new();
    let project = project(&home);
    break_it(&project);
    project.harness(["launch", "3"]).run().succeeds();
    let outcome = project.harness(["verify", "3", "--full"]).run().exits_with(1);
    let document = outcome.json();
    assert_eq!(document["schema"], "harness/verify/1");
    assert_eq!((&document["status"], &document["reason"]), (&"fail".into(), &"stage_failed".into()));
    assert_eq!((&document["agent"], &document["full"]), (&3.into(), &true.into()));
    let check = &document["stages"][0];
    let message = "packages/a/src/price.ts:3:5: error TS2322: Type 'x' is not assignable to type 'y'.";
    assert_eq!(check["first_error"], message);
    assert_eq!(check["commands"][1]["first_error"], "packages/b/lint:1:1: error: \"quoted\"");
    assert_eq!((&check["commands"][0]["exit_code"], &check["commands"][1]["exit_code"]), (&2.into(), &1.into()));
    assert_eq!(document["stages"][1]["status"], "skipped");
    assert_eq!(document["stages"][2]["status"], "skipped");
    let log = check["commands"][0]["log"].as_str().unwrap();
    assert!(Path::new(log).starts_with(home.path().join("agents/3")), "{log}");
    outcome.says("check: types").says(message).says(log);
}

#[test]
fn a_verdict_is_also_junit_xml_and_annotations() {
    let home = TestHome::new();
    let project = project(&home);
    break_it(&project);
    project.put("packages/b/lint", "packages/b/lint:1:1: error: <50 % & \"more\">\u{1b}[0m\n");
    project.harness(["launch", "3"]).run().succeeds();
    let outcome = project
        .harness(["verify", "3", "--keep-going", "--junit", "out.xml"])
        .env("GITHUB_ACTIONS", "true")
        .run()
        .exits_with(1);
    assert_eq!(outcome.json()["reason"], "stage_failed");
    let outcome = outcome.says("::error file=packages/a/src/price.ts,line=3,col=5,title=check%3A types::error TS2322");
    outcome.says("::error file=packages/b/lint,line=1,col=1,title=check%3A lint::error: <50 %25 &");
    let script = "import sys, xml.etree.ElementTree as e\nfor c in e.parse(sys.argv[1]).iter('testcase'): print(c.get('classname'), c.get('name'), *[f.get('message') for f in c.iter('failure')], *[f.tag for f in c.iter('skipped')])";
    let read = || {
        let file = project.root().join("out.xml");
        let output = Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::remove_file(file).unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(
        read(),
        "check types packages/a/src/price.ts:3:5: error TS2322: Type 'x' is not assignable to type 'y'.\n\
         check lint packages/b/lint:1:1: error: <50 % & \"more\">\ntest all\n"
    );
    // what fails without a command that did
    project.harness(["stop", "3"]).run().succeeds();
    project.harness(["verify", "3", "--stage", "smoke", "--junit", "out.xml"]).run().exits_with(5);
    assert!(read().contains("verify not_running"));
    // before the stages take their time
    for wrong in ["no/such/folder/out.xml", "packages"] {
        for more in [&[][..], &["--watch"]] {
            let words = ["verify", "3", "--junit", wrong];
            let outcome = project
                .harness(words.iter().chain(more).copied())
                .run()
                .exits_with(2)
                .says(wrong)
                .says("--junit out.xml");
            let document = outcome.json();
            assert_eq!((&document["reason"], &document["stages"]), (&"configuration".into(), &serde_json::json!([])));
            assert_eq!(document["error"]["code"], "verify.unwritable");
        }
    }
}

#[test]
fn the_document_says_whether_the_database_is_of_the_present_template() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").toml(STAGES).write();
    for file in ["packages/a/types", "packages/b/lint"] {
        project.put(file, "");
    }
    project.harness(["launch", "3"]).run().succeeds();
    let document = project.harness(["verify", "3"]).run().succeeds().json();
    assert_eq!(document["template"], "current");
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('changed');\n");
    let outcome = project.harness(["verify", "3"]).run().succeeds();
    assert_eq!(outcome.json()["template"], "stale");
    outcome.says("harness db 3 reset --yes");
    project.harness(["db", "3", "reset", "--yes"]).run().succeeds();
    assert_eq!(project.harness(["verify", "3"]).run().succeeds().json()["template"], "current");
}

#[test]
fn a_full_pass_is_remembered_until_the_tree_changes() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["verify", "3", "--status"]).run().exits_with(1).says("has not passed yet");
    let document = project.harness(["verify", "--full"]).env("AGENT_ID", "3").run().succeeds().json();
    assert_eq!(document["status"], "pass");
    assert_eq!(document["tree"]["before"], document["tree"]["after"]);
    assert_eq!(document["stages"][2]["status"], "pass", "the stack answered: {document}");
    let status = project.harness(["verify", "3", "--status"]).run().succeeds().json();
    assert_eq!((&status["verified"], &status["tree"]), (&true.into(), &document["tree"]["after"]));
    project.commit("Work");
    project.harness(["verify", "3", "--status"]).run().succeeds();
    project.put("packages/a/new.ts", "export {};\n");
    project.harness(["verify", "3", "--status"]).run().exits_with(1).says("files have changed");
}

#[test]
fn stages_are_listed_chosen_and_refused_by_name() {
    let home = TestHome::new();
    let project = project(&home);
    let list = project.harness(["verify", "--list", "--json"]).run().succeeds().json();
    let names: Vec<&str> = list["stages"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["check", "test", "smoke"]);
    project.harness(["launch", "3"]).run().succeeds();
    let document = project.harness(["verify", "3", "--stage", "test"]).run().succeeds().json();
    assert_eq!(document["stages"][0]["status"], "skipped");
    let outcome = project.harness(["verify", "3", "--stage", "tset"]).run().exits_with(2);
    assert_eq!(outcome.json()["error"]["code"], "verify.unknown_stage");
    outcome.says("there is no stage `tset`");
}

#[test]
fn every_way_to_fail_is_one_document() {
    let home = TestHome::new();
    let project = project(&home);
    let document = project.harness(["verify", "7"]).run().exits_with(5).json();
    assert_eq!((&document["status"], &document["reason"]), (&"fail".into(), &"not_running".into()));
    assert_eq!(document["error"]["code"], "agent.unknown");
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["stop", "3"]).run().succeeds();
    let outcome = project.harness(["verify", "3", "--stage", "test"]).run().exits_with(5);
    assert_eq!(outcome.json()["reason"], "not_running");
    outcome.says("harness launch 3");
    project.harness(["launch", "3"]).run().succeeds();
    let document = project.harness(["verify", "7", "--no-such-flag"]).run().exits_with(2).json();
    assert_eq!(document["reason"], "configuration");
    project.replace("harness.toml", "{{ id }}", "{{ idd }}");
    let document = project.harness(["verify", "3"]).run().exits_with(3).json();
    assert_eq!((&document["status"], &document["reason"]), (&"fail".into(), &"configuration".into()));
    assert!(document["error"]["message"].as_str().unwrap().contains("idd"), "{document}");
}

#[test]
fn an_agent_is_judged_by_the_projects_plan() {
    let home = TestHome::new();
    let path = home.directory().join("tree").display().to_string();
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{path}-{{{{ id }}}}\"\n"))
        .toml("[[verify.stages]]\nname = \"gate\"\ncommands = [{ name = \"all\", run = \"echo code:1; exit 1\" }]\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = home.directory().join("tree-3");
    let own = std::fs::read_to_string(tree.join("harness.toml")).unwrap().replace("exit 1", "exit 0");
    let more = "[[verify.stages]]\nname = \"own\"\ncommands = [{ name = \"all\", run = \"true\" }]\n";
    std::fs::write(tree.join("harness.toml"), format!("{own}\n{more}")).unwrap();
    // standing in the work tree is enough
    let outcome = project.harness(["verify"]).dir(&tree).run().exits_with(1);
    let document = outcome.json();
    assert_eq!((&document["agent"], &document["status"]), (&3.into(), &"fail".into()));
    let warnings: Vec<&str> = document["warnings"].as_array().unwrap().iter().filter_map(|it| it.as_str()).collect();
    let [warning] = warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.contains("stage `own` is only in the work tree"), "{warning}");
    assert!(
        warning.contains("differs from that of the project's root, which is used") && warning.contains("gate"),
        "{warning}"
    );
    outcome.says("gate");
}

#[test]
fn the_gate_lets_only_a_verified_tree_be_committed() {
    let home = TestHome::new();
    let project = project(&home);
    let commit = |message: &str| {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Test",
                "-c",
                "user.email=test@example.com",
                "commit",
                "--all",
                "--allow-empty",
                "-m",
                message,
            ])
            .current_dir(project.root())
            .env_clear()
            .envs(home.environment())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let hook = project.harness(["hook", "install", "--json"]).run().succeeds().json();
    assert_eq!(hook["outcome"], "installed");
    assert!(commit("nobody works here yet").0);
    project.harness(["launch", "3"]).run().succeeds();
    let (committed, said) = commit("not verified");
    assert!(!committed && said.contains("run `harness verify --full` first"), "{said}");
    project.harness(["verify", "3", "--full"]).run().succeeds();
    let (committed, said) = commit("verified");
    assert!(committed, "{said}");
    assert_eq!(project.harness(["hook", "remove", "--json"]).run().succeeds().json()["outcome"], "removed");
}

#[test]
fn l10_what_a_killed_verify_leaves_is_ended_by_the_next() {
    let home = TestHome::new();
    let line =
        "setsid sh -c 'echo $$ > ../session; sleep 600; sleep 600' & echo $$ > ../leader; test -e ../go || sleep 600";
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[[verify.stages]]\nname = \"long\"\ncommands = [{{ name = \"all\", run = {line:?} }}]\n"))
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let verify = project.harness(["verify", "3"]).spawn();
    let pid = |name: &str| {
        let file = project.root().parent().unwrap().join(name);
        wait_for(name, SHORT, || {
            std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<u32>().ok()).ok_or("not there")
        })
    };
    let (leader, session) = (pid("leader"), pid("session"));
    verify.signal(Signal::KILL);
    let _ = verify.wait();
    wait_until("the command to end with harness", SHORT, || !is_alive(leader));
    std::fs::write(project.root().parent().unwrap().join("go"), "").unwrap();
    let document = project.harness(["verify", "3"]).run().succeeds().json();
    assert!(!is_alive(session), "{session} lives on");
    assert!(document["warnings"][0].as_str().unwrap().starts_with("an earlier run was killed"), "{document}");
}

#[test]
fn l10_a_daemon_that_cuts_every_tie_is_ended_too() {
    let home = TestHome::new();
    let line = "env -i setsid sh -c '(echo $$ > /dev/null; sh -c \"echo \\$\\$ > ../daemon; sleep 600; sleep 600\" &)'; while ! test -s ../daemon; do sleep 0.01; done";
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[[verify.stages]]\nname = \"start\"\ncommands = [{{ name = \"all\", run = {line:?} }}]\n"))
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["verify", "3"]).run().succeeds();
    let text = std::fs::read_to_string(project.root().parent().unwrap().join("daemon")).unwrap();
    let daemon: u32 = text.trim().parse().unwrap();
    assert!(!is_alive(daemon), "{daemon} lives on");
}

#[test]
fn an_interrupted_verify_says_so_and_leaves_nothing() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[[verify.stages]]\nname = \"long\"\ncommands = [{ name = \"all\", run = \"echo $$ > ../leader; sleep 600\" }]\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let verify = project.harness(["verify", "3"]).spawn();
    let file = project.root().parent().unwrap().join("leader");
    let leader: u32 = wait_for("the command", SHORT, || {
        std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()).ok_or("not there")
    });
    verify.signal(Signal::INT);
    let document = verify.wait().exits_with(130).json();
    assert_eq!(document["error"]["code"], "interrupted");
    assert!(!is_alive(leader));
}

#[test]
fn an_application_that_is_down_never_passes() {
    let home = TestHome::new();
    let crash = "[processes.web]\ncommand = \"sh -c 'test ! -e broken && exec sleep 600; echo no more; exit 3'\"\nmax_restarts = 1\n";
    let project = project(&home);
    let text = project.read("harness.toml") + crash;
    project.put("harness.toml", &text);
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["verify", "3", "--full"]).run().succeeds();

    project.put("broken", "");
    project.harness(["restart", "3", "web"]).run();
    let state =
        || project.harness(["status", "3", "--json"]).run().json()["agents"][0]["processes"][1]["state"].clone();
    wait_until("the application to be given up", SHORT, || state() == "failed");
    let outcome = project.harness(["verify", "3", "--full"]).run().exits_with(1);
    let document = outcome.json();
    assert_eq!((&document["status"], &document["reason"]), (&"fail".into(), &"not_running".into()));
    assert_eq!(document["error"]["code"], "stack.unhealthy");
    outcome.says("no more");

    // nor one of which a part was stopped by hand
    std::fs::remove_file(project.root().join("broken")).unwrap();
    project.harness(["start", "3", "web"]).run().succeeds();
    project.harness(["stop", "3", "web"]).run().succeeds();
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["state"], "partly_stopped");
    project.harness(["verify", "3"]).run().exits_with(1).says("web: stopped");

    // a part of the stages is not the full run
    project.harness(["start", "3", "web"]).run().succeeds();
    let part = project.harness(["verify", "3", "--full", "--stage", "test"]).run().succeeds().json();
    assert_eq!(part["full"], false);
    project.harness(["verify", "3", "--timeout", "10000000000000000000"]).run().exits_with(2).says("of at most a week");
}

#[test]
fn harness_inside_an_agent_means_the_same_home() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3"]).run().succeeds();
    let harness = env!("CARGO_BIN_EXE_harness");
    let inner = ["exec", "3", "--", harness, "url", "--json"];
    assert_eq!(project.harness(inner).run().succeeds().json()["agent"], 3);
}
