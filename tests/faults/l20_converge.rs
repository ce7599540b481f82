//! docs/faults.md, rows L19, L20, P31 and D18: one list for the look and the act; what was cut off or failed
//! converges by the next launch or teardown; background jobs; a full disk.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use rustix::process::Signal;

use super::trio_of;
use crate::support::{
    Decoy, LONG, TestHome, TestProject, get, is_alive, listener, marked, post, python, try_get, wait_until,
};

fn with_trees(home: &TestHome) -> TestProject<'_> {
    let trees = home.directory().join("trees/{{ id }}");
    home.project("shop")
        .with_items()
        .with_s3()
        .with_mail()
        .application("api")
        .file("lock.txt", "one\n")
        .toml(&format!("[worktree]\npath = \"{}\"\n", trees.display()))
        .toml("[prepare]\nsteps = [{ name = \"install\", run = \"true\", inputs = [\"lock.txt\"] }]\n")
        .write()
}

fn things(report: &serde_json::Value) -> BTreeSet<String> {
    let removed = report["agents"][0]["removed"].as_array().unwrap().iter();
    removed.map(|thing| format!("{} {} {}", thing["kind"], thing["name"], thing["detail"])).collect()
}

#[test]
fn l19_a_dry_run_and_the_real_run_are_the_same_list() {
    let home = TestHome::new();
    let project = with_trees(&home);
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["db", "3", "snapshot", "before"]).run().succeeds();
    post(project.port("api", 3), "/mail", "text/plain", b"hello");
    let tree = home.directory().join("trees/3");
    let background = "setsid sleep 1000 > /dev/null 2>&1 &";
    project.harness(["exec", "3", "--", "sh", "-c", background]).run().succeeds();
    let look = project.harness(["teardown", "3", "--dry-run", "--json"]).run().succeeds().json();
    let real = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    assert_eq!(things(&look), things(&real));
    let kinds: BTreeSet<&str> =
        real["agents"][0]["removed"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    for kind in ["process", "database", "role", "bucket", "file", "worktree", "branch", "git_config", "state"] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert!(things(&real).iter().any(|thing| thing.contains("agent_3_snap_before")), "{real}");
    assert!(!tree.exists() && fs::read_dir(home.path().join("prepared")).unwrap().next().is_none());
}

#[test]
fn l20_teardowns_of_one_agent_at_once_all_succeed() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    for _ in 0..12 {
        let all: Vec<_> = (0..6).map(|_| project.harness(["teardown", "3"]).spawn()).collect();
        for one in all {
            one.wait().succeeds();
        }
    }
    assert!(!home.path().join("agents/3").exists());
}

#[test]
fn l19_what_a_frozen_server_has_is_in_the_dry_run_too() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let whole = project.harness(["teardown", "3", "--dry-run", "--json"]).run().succeeds().json();
    let (server, _) = listener(home.database_port()).unwrap();
    let server = harness::system::ProcessIdentity::of(server).unwrap();
    server.signal(Signal::STOP);
    let look = project.harness(["teardown", "3", "--dry-run", "--json"]).deadline(LONG).run();
    server.signal(Signal::CONT);
    let look = look.succeeds();
    let names = |report: &serde_json::Value| -> BTreeSet<String> {
        let removed = report["agents"][0]["removed"].as_array().unwrap().iter();
        removed.map(|thing| format!("{} {}", thing["kind"], thing["name"])).collect()
    };
    assert_eq!(names(&look.json()), names(&whole), "{look}");
    assert!(look.stdout.contains("not looked at") && !look.stdout.contains("not set up any more"), "{look}");
}

#[test]
fn l19_a_dry_run_of_the_servers_is_the_same_list() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().with_mail().application("api").write();
    project.harness(["setup"]).run().succeeds();
    for options in [&["--infra"][..], &["--infra", "--volumes"]] {
        project.harness(["setup"]).run().succeeds();
        let run = |more: &[&str]| {
            let arguments = [&["teardown", "--json"], options, more].concat();
            let report = project.harness(arguments).run().succeeds().json();
            let things = report["infra"].as_array().unwrap().iter();
            things.map(|thing| format!("{} {}", thing["kind"], thing["name"])).collect::<BTreeSet<_>>()
        };
        let look = run(&["--dry-run"]);
        assert_eq!(look, run(&[]), "{options:?}");
        assert!(look.contains("\"service\" \"db\""), "{look:?}");
        assert_eq!(look.iter().any(|thing| thing.starts_with("\"data\"")), options.len() > 1, "{look:?}");
    }
}

#[test]
fn l20_the_logs_of_a_launch_that_was_undone_can_be_read() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[processes.worker]\ncommand = \"echo the reason; exit 3\"\n")
        .write();
    let failed = project.harness(["launch", "3"]).run().exits_with(1);
    assert!(failed.stderr.contains("harness logs 3") && failed.stderr.contains("--keep"), "{failed}");
    assert!(!home.path().join("agents/3").exists());
    let logs = project.harness(["logs", "3", "worker"]).run().succeeds();
    assert!(logs.stdout.contains("the reason") && logs.stderr.contains("was undone"), "{logs}");
    project
        .harness(["health", "3"])
        .run()
        .exits_with(5)
        .says("its launch failed and was undone")
        .says("harness logs 3");
    let look = project.harness(["teardown", "3", "--dry-run"]).run().succeeds();
    assert!(look.stdout.contains("undone/3"), "{look}");
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!home.path().join("undone/3").exists());
    project.harness(["logs", "3"]).run().exits_with(5);
}

#[test]
fn l20_a_launch_finishes_the_teardown_that_was_cut_off() {
    let home = TestHome::new();
    let project = with_trees(&home);
    let tree = home.directory().join("trees/3");
    for step in ["processes", "database", "bucket", "files", "worktree", "branch", "exclude", "prepared"] {
        project.harness(["launch", "3"]).run().succeeds();
        project.harness(["psql", "3", "insert into items (name) values ('old')"]).run().succeeds();
        let point = format!("teardown:{step}:done");
        let cut = project.harness(["teardown", "3"]).env("HARNESS_KILL_AT", &point).run();
        assert_eq!(cut.code, None, "killed at {point}: {cut}");
        project.harness(["launch", "3"]).run().succeeds();
        assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n", "a new one after {point}");
        project.harness(["teardown", "3"]).run().succeeds();
        assert!(!tree.exists() && !home.path().join("agents/3").exists(), "after {point}");
    }
    // work that was written meanwhile stays
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["teardown", "3"]).env("HARNESS_KILL_AT", "teardown:database:done").run();
    fs::write(tree.join("work.txt"), "mine\n").unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(fs::read_to_string(tree.join("work.txt")).unwrap(), "mine\n");
    project.harness(["teardown", "3"]).run().exits_with(5).says("1 uncommitted file (work.txt)");
    project.harness(["teardown", "3", "--force"]).run().succeeds();
}

#[test]
fn l20_what_was_never_made_needs_no_server() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "4"]).run().succeeds();
    let port = project.port("api", 3);
    let mut stranger = Decoy::shell(&format!("exec {} -m http.server --bind 127.0.0.1 {port}", python()));
    wait_until("the stranger to listen", LONG, || listener(port).is_some());
    project.harness(["launch", "3", "--keep"]).run().exits_with(5).says("is in use");
    // the database server is frozen: nothing asks it
    let (server, _) = listener(home.database_port()).unwrap();
    let server = harness::system::ProcessIdentity::of(server).unwrap();
    server.signal(Signal::STOP);
    let torn_down = project.harness(["teardown", "3"]).deadline(LONG).run();
    server.signal(Signal::CONT);
    torn_down.succeeds();
    stranger.assert_alive();
    assert_eq!(get(project.port("api", 4), "/items").body, "seeded\n");
}

#[test]
fn l20_a_launch_right_after_supervisor_and_guardian_died_succeeds() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    for _ in 0..8 {
        for process in trio_of(&home.path().join("agents/3")) {
            process.signal(Signal::KILL);
        }
        project.harness(["launch", "3"]).run().succeeds();
        assert_eq!(get(project.port("api", 3), "/health").status, 200);
    }
}

#[test]
fn p31_background_jobs_of_an_agent_are_ended_or_named() {
    let home = TestHome::new();
    let project = with_trees(&home);
    project.harness(["launch", "3", "4"]).run().succeeds();
    let tree = |agent: u8| home.directory().join("trees").join(agent.to_string());
    let job = |agent: &str| {
        let script = "setsid sleep 1000 > /dev/null 2>&1 & echo $!";
        let started = project.harness(["exec", agent, "--", "sh", "-c", script]).run().succeeds();
        started.stdout.trim().parse::<u32>().unwrap()
    };
    let (ours, neighbours) = (job("3"), job("4"));
    // one that stands there and was forgotten by its parent; one whose parent lives is somebody's
    let script = format!("cd {} && (setsid sleep 1000 > /dev/null 2>&1 & echo $!)", tree(3).display());
    let forgotten = Command::new("sh").args(["-c", &script]).output().unwrap();
    let forgotten: u32 = String::from_utf8_lossy(&forgotten.stdout).trim().parse().unwrap();
    let mut editor = Command::new("sleep").arg("1000").current_dir(tree(3)).spawn().unwrap();
    let report = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    assert!(!is_alive(ours) && !is_alive(forgotten), "{report}");
    let foreign = report["agents"][0]["foreign"].to_string();
    assert!(foreign.contains(&format!("pid {}", editor.id())) && foreign.contains("sleep 1000"), "{report}");
    assert!(is_alive(editor.id()) && is_alive(neighbours), "an editor and a neighbour's job live on");
    editor.kill().unwrap();
    editor.wait().unwrap();
    project.harness(["teardown", "4"]).run().succeeds();
    assert!(!is_alive(neighbours));
}

#[test]
fn d18_on_a_full_disk_whatever_frees_space_works() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = TestHome::new();
    fs::create_dir(home.path()).unwrap();
    let mount = |arguments: &[&str]| Command::new("mount").args(arguments).arg(home.path()).status().unwrap().success();
    assert!(mount(&["-t", "tmpfs", "-o", "size=300m,mode=0711", "tmpfs"]), "mount a small disk");
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "2", "3"]).run().succeeds();
    let filler = home.path().join("filler");
    let fill = || {
        let _ = Command::new("dd").args(["if=/dev/zero", "bs=64k"]).arg(format!("of={}", filler.display())).output();
    };
    fill();
    let refused = project.harness(["launch", "4"]).run();
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(refused.stderr.contains("No space left"), "{refused}");
    project.harness(["stop", "3"]).run().succeeds();
    fill();
    project.harness(["teardown", "2"]).run().succeeds();
    fill();
    project.harness(["gc"]).run().succeeds();
    assert!(!home.path().join("agents/2").exists());
    fs::remove_file(&filler).unwrap();
    // nothing is half made: agent 4 launches, agent 3 has its data
    project.harness(["launch", "3", "4"]).run().succeeds();
    for agent in [3, 4] {
        assert_eq!(get(project.port("api", agent), "/items").body, "seeded\n");
    }
    project.harness(["teardown", "--all"]).run().succeeds();
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    assert!(try_get(project.port("api", 3), "/health").is_err());
    assert_eq!(marked(&format!("{}/", home.id().unwrap())), []);
    assert!(Command::new("umount").arg("--lazy").arg(home.path()).status().unwrap().success());
}

#[test]
fn a_look_makes_no_home_and_a_relative_one_is_refused() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    for verb in [&["status"][..], &["ports"], &["teardown", "3"], &["teardown", "--all"], &["gc"], &["infra", "ps"]] {
        project.harness(verb.iter().copied()).run().succeeds();
        assert!(!home.path().exists(), "{verb:?} made a home");
    }
    let refused = project.harness(["status", "--json"]).env("HARNESS_HOME", "state").run();
    assert_eq!(refused.json()["error"]["code"], "home.relative", "{refused}");
    assert!(!project.root().join("state").exists());
}

#[test]
fn an_agent_in_the_root_is_not_said_to_have_a_tree() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let refused = project.harness(["launch", "3", "--worktree", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["agents"][0]["error"]["code"], "agent.other_tree", "{refused}");
    assert!(refused["agents"][0]["error"]["hint"].as_str().unwrap().contains("harness launch 3 --worktree"));
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
}

/// Row L7 on a smaller scale; `HARNESS_TEST_ROUNDS=200` runs it in full.
#[test]
fn l7_rounds_of_launch_and_teardown_leave_nothing() {
    let home = TestHome::new();
    let project = with_trees(&home);
    project.harness(["launch", "4"]).run().succeeds();
    let trios = || [home.path().join("infra"), home.path().join("agents/4")].into_iter().flat_map(|it| trio_of(&it));
    let state = || {
        // spares come in the background
        let query = "select (select count(*) from pg_database where datname !~ '^spare_'), \
                     (select count(*) from pg_roles where rolname !~ '^spare_')";
        let counts = project.harness(["psql", "4", query, "--csv"]).run().succeeds().stdout;
        let find = |arguments: &[&str]| {
            let output = Command::new("find").args(arguments).current_dir(home.directory()).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().map(str::to_owned).collect::<BTreeSet<_>>()
        };
        // what the servers keep inside is counted by them
        let files = find(&[
            ".",
            "-not",
            "-path",
            "*/infra/*",
            "-not",
            "-path",
            "*/logs/*",
            "-not",
            "-path",
            "*/.git/objects/*",
        ]);
        let descriptors: Vec<usize> =
            trios().map(|it| fs::read_dir(format!("/proc/{}/fd", it.pid)).unwrap().count()).collect();
        let config = fs::read_to_string(project.root().join(".git/config")).unwrap();
        (counts, files, descriptors, config, marked(&format!("{}/", home.id().unwrap())).len())
    };
    let round = || {
        project.harness(["launch", "3"]).run().succeeds();
        post(project.port("api", 3), "/mail", "text/plain", b"hello");
        project.harness(["teardown", "3"]).run().succeeds();
    };
    round();
    // a probe of a server holds a descriptor for a moment
    let settled = || {
        let mut last = state();
        (0..50).find_map(|_| (std::mem::replace(&mut last, state()) == last).then(|| last.clone())).unwrap_or(last)
    };
    let before = settled();
    let rounds = std::env::var("HARNESS_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    for _ in 0..rounds {
        round();
    }
    // what was leaked is there at every look
    if !(0..50).any(|_| state() == before) {
        assert_eq!(state(), before);
    }
}
