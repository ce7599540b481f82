//! Spare work trees: made after a launch, taken over by the next one, right wherever the one or the other was killed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::{HarnessCommand, LONG, TestHome, TestProject, get, marked, wait_for, wait_until};

/// Leaves `installed`, which tells how often it ran, and a program that holds the path of its tree.
const INSTALL: &str = "echo x >> installed; mkdir -p .venv/bin; \
    echo home > .venv/pyvenv.cfg; echo \"#!$PWD/.venv/bin/python\" > .venv/bin/tool";

fn project<'a>(home: &'a TestHome, keys: &str) -> TestProject<'a> {
    let install = INSTALL.replace('"', "\\\"");
    let toml = format!(
        "[worktree]\npath = \"{}/{{{{ id }}}}\"\nspare = 1\n{keys}\n[prepare]\nsteps = [{{ name = \"install\", run = \
         \"{install}\", inputs = [\"lock.txt\"], outputs = [\"installed\"] }}]\n",
        trees(home).display()
    );
    let project = home.project("shop").application("api").toml(&toml).file("lock.txt", "one\n");
    let project = project.file(".gitignore", "installed\n.venv/\nmodules/\nlocal.txt\n").write();
    project.put("modules/a", "whole\n");
    project.put("local.txt", "first\n");
    project
}

fn trees(home: &TestHome) -> PathBuf {
    home.directory().join("trees")
}

/// The records of spares.
fn records(home: &TestHome) -> Vec<serde_json::Value> {
    let entries =
        fs::read_dir(home.path().join("spare-trees")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let records = entries.filter(|path| path.extension().is_some_and(|it| it == "json"));
    records.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect()
}

fn refills(home: &TestHome) -> Vec<(u32, String)> {
    marked(&format!("{}/spare-trees", home.id().unwrap()))
}

/// Waits until no process of the home is at work on spares: a launch hands out none that is being looked at.
fn wait_for_refills(home: &TestHome) {
    wait_until("the refills to end", LONG, || refills(home).is_empty());
}

/// Waits until there is one spare, complete and of this commit; returns its tree.
fn spare(home: &TestHome, project: &TestProject<'_>) -> PathBuf {
    let head = project.git(&["rev-parse", "HEAD"]).trim().to_owned();
    wait_for("a spare tree", LONG, || {
        let found = records(home);
        match found.as_slice() {
            [one] if one["stage"]["ready"]["head"] == head && refills(home).is_empty() => {
                Ok(PathBuf::from(one["path"].as_str().unwrap()))
            }
            _ => {
                let log = fs::read_to_string(home.path().join("spare-trees/refill.log"));
                Err(format!("{found:?} {log:?}"))
            }
        }
    })
}

/// That agent 3's tree is what a launch makes of it, prepared so often.
fn assert_whole(home: &TestHome, project: &TestProject<'_>, installed: usize) {
    let tree = trees(home).join("3");
    assert_eq!(fs::read_to_string(tree.join("installed")).unwrap(), "x\n".repeat(installed));
    let tool = fs::read_to_string(tree.join(".venv/bin/tool")).unwrap();
    assert_eq!(tool, format!("#!{}/.venv/bin/python\n", tree.display()));
    let git =
        |arguments: &[&str]| project.git(&[&["-C", tree.to_str().unwrap()], arguments].concat()).trim().to_owned();
    assert_eq!(git(&["branch", "--show-current"]), "agent/3");
    assert_eq!(git(&["rev-parse", "HEAD"]), project.git(&["rev-parse", "HEAD"]).trim());
    assert_eq!(git(&["status", "--porcelain"]), "");
    let listed = project.git(&["worktree", "list", "--porcelain"]);
    assert!(listed.lines().any(|line| line == format!("worktree {}", tree.display())), "{listed}");
    assert!(!listed.contains("prunable"), "{listed}");
}

/// Which directory it is, wherever it lies.
fn inode(path: &Path) -> u64 {
    path.metadata().unwrap().ino()
}

#[test]
fn the_next_launch_takes_the_spare_over_and_it_is_nobodys() {
    let home = TestHome::new();
    let project = project(&home, "copy = [\"local.txt\"]\nclone = [\"modules\"]");
    project.harness(["launch", "1"]).run().succeeds();
    let ready = spare(&home, &project);
    for verb in
        [&["status", "--json"][..], &["ports", "--json"], &["doctor"], &["teardown", "--all", "--dry-run"], &["gc"]]
    {
        let said = project.harness(verb.iter().copied()).run().stdout;
        assert!(!said.contains("spare"), "{verb:?}: {said}");
    }
    let refused = project.harness(["launch", "--json"]).dir(&ready).run().exits_with(5).json();
    assert_eq!(refused["agents"][0]["error"]["code"], "worktree.spare", "{refused}");

    let was = inode(&ready);
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees(&home).join("3");
    assert_eq!(inode(&tree), was, "it is the same directory");
    assert_whole(&home, &project, 1);
    assert_eq!(fs::read_to_string(tree.join("modules/a")).unwrap(), "whole\n");
    assert_eq!(get(project.port("api", 3), "/health").status, 200);
    // a second launch has nothing to do
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(again.stdout.contains("already running"), "{again}");
    // and another spare takes its place
    spare(&home, &project);
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!tree.exists());
    assert_eq!(project.git(&["branch", "--list", "agent/3"]), "");
}

#[test]
fn a_stale_spare_gets_the_commit_and_what_has_changed_since() {
    let home = TestHome::new();
    let project = project(&home, "copy = [\"local.txt\"]");
    project.harness(["launch", "1"]).run().succeeds();
    let was = inode(&spare(&home, &project));
    project.put("local.txt", "second\n");
    project.put("lock.txt", "two\n");
    project.commit("another lock");
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees(&home).join("3");
    assert_eq!(inode(&tree), was);
    assert_eq!(fs::read_to_string(tree.join("lock.txt")).unwrap(), "two\n");
    assert_eq!(fs::read_to_string(tree.join("local.txt")).unwrap(), "second\n");
    assert_whole(&home, &project, 2);
    // in the background, a spare follows too
    let was = inode(&spare(&home, &project));
    project.put("lock.txt", "three\n");
    project.commit("and another");
    project.harness(["launch", "1"]).run().succeeds();
    let ready = spare(&home, &project);
    assert_eq!(inode(&ready), was);
    assert_eq!(fs::read_to_string(ready.join("installed")).unwrap(), "x\nx\n");
    // an existing branch is taken as well
    project.git(&["branch", "topic", "HEAD~1"]);
    project.harness(["launch", "4", "--branch", "topic"]).run().succeeds();
    assert_eq!(inode(&trees(&home).join("4")), was);
    assert_eq!(fs::read_to_string(trees(&home).join("4/lock.txt")).unwrap(), "two\n");
}

#[test]
fn a_spare_in_which_somebody_has_worked_is_neither_handed_out_nor_removed() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\"modules\"]");
    project.harness(["launch", "1"]).run().succeeds();
    let first = spare(&home, &project);
    fs::write(first.join("idea.txt"), "mine\n").unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert_whole(&home, &project, 1);
    // another one is made, and no third
    let second = trees(&home).join("shop-spare-2");
    wait_until("another spare", LONG, || {
        records(&home).iter().filter(|it| it["stage"]["ready"].is_object()).count() == 2
    });
    fs::write(second.join("app.py"), "mine\n").unwrap();
    let doctor = || project.harness(["doctor"]).run().stdout;
    wait_for("the reason", LONG, || {
        project.harness(["launch", "1"]).run().succeeds();
        if doctor().contains("holds changes") { Ok(()) } else { Err(doctor()) }
    });
    assert_eq!(records(&home).len(), 2);
    project.harness(["launch", "4"]).run().succeeds();
    assert!(first.join("idea.txt").exists() && second.exists());

    project.replace("harness.toml", "spare = 1", "spare = 0");
    wait_for_refills(&home);
    let said = project.harness(["gc"]).run().succeeds().stderr;
    for name in ["idea.txt", "app.py"] {
        assert!(said.contains(&format!("files were changed there ({name})")), "{said}");
    }
    fs::remove_file(first.join("idea.txt")).unwrap();
    let gc = project.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    assert_eq!(gc["removed"][0]["name"], first.display().to_string(), "{gc}");
    project.harness(["gc"]).run().succeeds();
    project.git(&["-C", second.to_str().unwrap(), "checkout", "--quiet", "app.py"]);
    project.harness(["gc"]).run().succeeds();
    assert!(!first.exists() && !second.exists() && records(&home).is_empty());
    assert!(!project.git(&["worktree", "list"]).contains("spare"));
    project.harness(["teardown", "4"]).run().succeeds();

    // what the root lends has changed: the spare is not what a launch would make
    project.replace("harness.toml", "spare = 0", "spare = 1");
    project.harness(["launch", "1"]).run().succeeds();
    let was = inode(&spare(&home, &project));
    project.put("modules/b", "whole\n");
    project.harness(["launch", "4"]).run().succeeds();
    assert!(trees(&home).join("4/modules/b").exists());
    assert_ne!(inode(&trees(&home).join("4")), was);
    spare(&home, &project);
    let down = project.harness(["teardown", "--all", "--infra", "--force", "--json"]).run().succeeds().json();
    assert!(down["infra"].to_string().contains("spare"), "{down}");
    assert!(records(&home).is_empty());
}

#[test]
fn steps_that_are_an_agents_own_are_left_to_its_launch() {
    let home = TestHome::new();
    let toml = format!(
        "[worktree]\npath = \"{}/{{{{ id }}}}\"\nspare = 1\n[prepare]\nsteps = [\n\
         {{ name = \"one\", run = \"echo one >> done\", inputs = [\"app.py\"] }},\n\
         {{ name = \"two\", run = \"sh two.sh\", inputs = [\"two.sh\"] }},\n\
         {{ name = \"three\", run = \"echo three >> done\", inputs = [\"app.py\"] }}]\n",
        trees(&home).display()
    );
    let project = home.project("shop").application("api").env("OWN", "{{ ports.api }}").toml(&toml);
    let project = project.file(".gitignore", "done\n").file("two.sh", "echo $OWN >> done\n").write();
    project.harness(["launch", "1"]).run().succeeds();
    let ready = spare(&home, &project);
    assert_eq!(fs::read_to_string(ready.join("done")).unwrap(), "one\n");
    project.harness(["launch", "3"]).run().succeeds();
    let done = fs::read_to_string(trees(&home).join("3/done")).unwrap();
    assert_eq!(done, format!("one\n{}\nthree\n", project.port("api", 3)));
    spare(&home, &project);
}

/// Ten launches at once, two spares; `HARNESS_TEST_ROUNDS=20` for more rounds.
#[test]
fn launches_at_once_never_get_the_same_spare() {
    let home = TestHome::new();
    let project = project(&home, "");
    let rounds = std::env::var("HARNESS_TEST_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    project.harness(["launch", "1"]).run().succeeds();
    for round in 0..rounds {
        spare(&home, &project);
        let agents: Vec<String> = (2..=11).map(|id: u8| id.to_string()).collect();
        let launches: Vec<_> = agents.iter().map(|id| project.harness(["launch", id.as_str()]).spawn()).collect();
        for launch in launches {
            launch.wait().succeeds();
        }
        let inodes: BTreeSet<u64> = agents.iter().map(|id| inode(&trees(&home).join(id))).collect();
        assert_eq!(inodes.len(), agents.len(), "round {round}");
        for id in &agents {
            assert_eq!(fs::read_to_string(trees(&home).join(id).join("installed")).unwrap(), "x\n", "round {round}");
        }
        let mut teardown = vec!["teardown"];
        teardown.extend(agents.iter().map(String::as_str));
        project.harness(teardown).run().succeeds();
    }
    spare(&home, &project);
}

/// A command during which the calls of `git` and `cp` are counted, and which is killed after the n-th; not what it leaves
/// running in the background. `words` are in its command line. Some calls run beside each other: each takes its number
/// under a lock.
fn killed(home: &TestHome, command: HarnessCommand, words: &str, moment: u32) -> Option<i32> {
    let directory = home.directory().join("programs");
    fs::create_dir_all(&directory).unwrap();
    let count = home.directory().join("count");
    fs::write(&count, "").unwrap();
    for program in ["git", "cp"] {
        let real = which::which(program).unwrap();
        let script = format!(
            "#!/bin/sh\ncase \"$(tr '\\0' ' ' < /proc/$PPID/cmdline)\" in *'{words}'*) ;; *) exec {real} \"$@\";; esac\n\
             n=$(flock {count} sh -c 'echo x >> {count}; wc -l < {count}')\n{real} \"$@\"\ncode=$?\n\
             [ $n != {moment} ] || kill -9 $PPID\nexit $code\n",
            count = count.display(),
            real = real.display()
        );
        fs::write(directory.join(program), script).unwrap();
        fs::set_permissions(directory.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    let outcome = command.env("PATH", path).run();
    let calls = u32::try_from(fs::read_to_string(&count).unwrap().lines().count()).unwrap();
    assert_eq!(outcome.code.is_none(), calls >= moment, "{outcome}");
    outcome.code
}

fn refill(project: &TestProject<'_>) -> HarnessCommand {
    project.harness(["__refill-trees".into(), project.root().as_os_str().to_owned()])
}

#[test]
fn l22_a_launch_killed_at_any_moment_of_a_hand_out_is_completed() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\"modules\"]");
    project.harness(["launch", "1"]).run().succeeds();
    let mut moment = 0;
    loop {
        moment += 1;
        spare(&home, &project);
        if killed(&home, project.harness(["launch", "3"]), "launch 3", moment).is_some() {
            break;
        }
        // every second time the next command is a teardown
        if moment % 2 == 0 {
            project.harness(["teardown", "3"]).run().succeeds();
            assert!(!trees(&home).join("3").exists(), "after kill {moment}");
        }
        project.harness(["launch", "3"]).run().succeeds();
        assert_whole(&home, &project, 1);
        project.harness(["teardown", "3"]).run().succeeds();
        assert_eq!(project.git(&["branch", "--list", "agent/3"]), "", "after kill {moment}");
        project.harness(["launch", "1"]).run().succeeds();
    }
    assert!(moment > 8, "only {moment} moments were tried");
    project.harness(["teardown", "3"]).run().succeeds();
    spare(&home, &project);
    let listed = project.git(&["worktree", "list"]);
    assert_eq!(listed.lines().count(), 3, "root, agent 1, the spare: {listed}");
}

/// git moves a work tree in two steps.
#[test]
fn l22_a_launch_killed_between_the_steps_of_gits_own_move_is_completed() {
    let home = TestHome::new();
    let project = project(&home, "");
    project.harness(["launch", "1"]).run().succeeds();
    let directory = home.directory().join("programs");
    fs::create_dir_all(&directory).unwrap();
    let git = which::which("git").unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$1 $2\" in\n  'worktree move') mv \"$3\" \"$4\"; kill -9 $PPID;;\n  *) exec {} \"$@\";;\nesac\n",
        git.display()
    );
    fs::write(directory.join("git"), script).unwrap();
    fs::set_permissions(directory.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", directory.display(), std::env::var("PATH").unwrap());
    for next in ["launch", "teardown"] {
        let was = inode(&spare(&home, &project));
        assert_eq!(project.harness(["launch", "3"]).env("PATH", &path).run().code, None);
        assert_eq!(inode(&trees(&home).join("3")), was, "it is cut off where it should be");
        project.harness([next, "3"]).run().succeeds();
        if next == "launch" {
            assert_whole(&home, &project, 1);
            project.harness(["teardown", "3"]).run().succeeds();
        }
        assert!(!trees(&home).join("3").exists());
        assert_eq!(project.git(&["branch", "--list", "agent/3"]), "");
        project.harness(["launch", "1"]).run().succeeds();
    }
    spare(&home, &project);
}

#[test]
fn l22_a_refill_killed_at_any_moment_leaves_one_spare_after_the_next() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\"modules\"]");
    project.harness(["launch", "1"]).run().succeeds();
    let mut moment = 0;
    loop {
        moment += 1;
        let ready = spare(&home, &project);
        // one is removed by hand, every second time one is out of date
        if moment % 2 == 0 {
            project.put("lock.txt", &format!("{moment}\n"));
            project.commit("another lock");
        } else {
            fs::remove_dir_all(&ready).unwrap();
        }
        if killed(&home, refill(&project), "__refill-trees", moment).is_some() && moment > 20 {
            break;
        }
        let ready = wait_for("a spare tree", LONG, || {
            // the process that a launch has started may be about to end, with its lock
            refill(&project).run().succeeds();
            let ready = spare(&home, &project);
            if ready.join("installed").exists() { Ok(ready) } else { Err(ready.display().to_string()) }
        });
        let listed = project.git(&["worktree", "list"]);
        assert_eq!(listed.lines().count(), 3, "after kill {moment}: {listed}");
        assert!(ready.join("modules/a").exists(), "after kill {moment}");
    }
    spare(&home, &project);
}

#[test]
fn two_hundred_files_that_hold_the_path_are_right_after_the_move() {
    let home = TestHome::new();
    let toml = format!(
        "[worktree]\npath = \"{}/{{{{ id }}}}\"\nspare = 1\n[prepare]\nsteps = [{{ name = \"venv\", run = \"python3 -m venv \
         --without-pip .venv && for n in $(seq 200); do echo \\\"#!$PWD/.venv/bin/python\\\" > .venv/bin/tool$n; done\", \
         inputs = [\"app.py\"], outputs = [\".venv\"] }}]\n",
        trees(&home).display()
    );
    let project = home.project("shop").application("api").toml(&toml).file(".gitignore", ".venv/\n").write();
    project.harness(["launch", "1"]).run().succeeds();
    spare(&home, &project);
    project.harness(["launch", "3"]).run().succeeds();
    let tree = trees(&home).join("3");
    for number in 1..=200 {
        let script = fs::read_to_string(tree.join(format!(".venv/bin/tool{number}"))).unwrap();
        assert_eq!(script, format!("#!{}/.venv/bin/python\n", tree.display()));
    }
    let said = project.harness(["exec", "3", "--", ".venv/bin/python", "-c", "import sys; print(sys.prefix)"]).run();
    assert_eq!(said.succeeds().stdout.trim(), tree.join(".venv").display().to_string());
    spare(&home, &project);
}
