//! docs/faults.md L21: what a work tree gets from the project's root works there, and an entry that brings nothing
//! says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{TestHome, TestProject};

fn project<'a>(home: &'a TestHome, worktree: &str, tables: &str) -> TestProject<'a> {
    let path = home.directory().join("trees/{{ id }}");
    let table = format!("[worktree]\npath = \"{}\"\n{worktree}\n{tables}", path.display());
    home.project("shop")
        .application("api")
        .toml(&table)
        .file(".gitignore", ".venv\nbuild\nmodules\nlocal\n*.secret\nlog\n!dist/kept\ndist/*\n")
        .file("dist/kept", "tracked")
        .write()
}

fn tree(home: &TestHome, agent: u8) -> PathBuf {
    home.directory().join("trees").join(agent.to_string())
}

#[test]
fn l21_a_cloned_virtual_environment_uses_itself() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\".venv\", \"build\"]", "");
    let venv = project.root().join(".venv");
    let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let root = project.root().display().to_string();
    project.put("build/CMakeCache.txt", &format!("CMAKE_HOME_DIRECTORY:INTERNAL={root}\nOTHER={root}2\n"));
    project.put("build/main.o", &format!("{root}\n"));
    project.harness(["launch", "3"]).run().succeeds().says("held its own path");
    let tree = tree(&home, 3);
    let version = |directory: &Path| {
        let output = Command::new(directory.join(".venv/bin/pip")).arg("--version").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (in_tree, in_root) = (tree.canonicalize().unwrap(), project.root().canonicalize().unwrap());
    assert!(version(&tree).contains(&format!("{}/.venv", in_tree.display())), "{}", version(&tree));
    // the decoys: the root's own environment, and a file that is of no known kind
    assert!(version(project.root()).contains(&format!("{}/.venv", in_root.display())));
    assert_eq!(fs::read_to_string(tree.join("build/main.o")).unwrap(), format!("{root}\n"));
    let cache = fs::read_to_string(tree.join("build/CMakeCache.txt")).unwrap();
    assert_eq!(cache, format!("CMAKE_HOME_DIRECTORY:INTERNAL={}\nOTHER={root}2\n", tree.display()));
    let activate = ["-c", ". .venv/bin/activate; command -v pip"];
    let output = Command::new("sh").args(activate).current_dir(&tree).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), tree.join(".venv/bin/pip").display().to_string());
}

#[test]
fn l21_every_entry_works_or_is_said() {
    let home = TestHome::new();
    let entries = "copy = [\"*.secret\", \"none.txt\", \"app.py\"]\nclone = [\"dist\", \"missing\"]";
    let project = project(&home, entries, "");
    project.put(".worktreeinclude", "# what git ignores\nlocal/\nnowhere\n");
    for (path, text) in [("a.secret", "a"), ("b.secret", "b"), ("dist/built/x", "x"), ("local/y", "y")] {
        project.put(path, text);
    }
    let outcome = project.harness(["launch", "3"]).run().succeeds();
    let tree = tree(&home, 3);
    let read = |path: &str| fs::read_to_string(tree.join(path)).ok();
    for (path, text) in
        [("a.secret", "a"), ("b.secret", "b"), ("dist/built/x", "x"), ("dist/kept", "tracked"), ("local/y", "y")]
    {
        assert_eq!(read(path).as_deref(), Some(text), "{path}\n{outcome}");
    }
    let outcome = outcome
        .says("`none.txt` in `[worktree] copy` brings nothing along")
        .says("`missing` in `[worktree] clone` brings nothing along")
        .says("`nowhere` in .worktreeinclude brings nothing along")
        .says("`app.py` in `[worktree] copy` brings nothing along: git tracks it");
    assert_eq!(outcome.stderr.matches("brings nothing along").count(), 4, "{outcome}");
    let more = project.harness(["launch", "4", "5"]).run().succeeds();
    assert_eq!(more.stderr.matches("brings nothing along").count(), 4, "once for both: {more}");

    // what the agent has removed stays removed; an entry that is added comes with the next launch
    fs::remove_dir_all(tree.join("dist/built")).unwrap();
    fs::remove_file(tree.join("a.secret")).unwrap();
    project.put("log/z", "z");
    project.replace("harness.toml", "\"dist\", \"missing\"", "\"dist\", \"log\"");
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(read("log/z").as_deref(), Some("z"));
    assert_eq!((read("dist/built/x"), read("a.secret")), (None, None));
}

#[test]
fn l21_a_step_whose_outputs_were_cloned_of_the_same_inputs_is_skipped() {
    let home = TestHome::new();
    let steps = "[prepare]\nsteps = [\n\
        { name = \"install\", run = \"echo ran >> ../ran; mkdir -p modules; touch modules/done\", inputs = [\"lock\"], outputs = [\"modules\"] },\n]\n";
    let project = project(&home, "clone = [\"modules\"]", steps);
    project.put("lock", "1\n");
    project.commit("Lock");
    project.put("modules/done", "");
    project.harness(["launch", "3"]).run().succeeds().says("prepare step `install` is skipped");
    let ran = || fs::read_to_string(home.directory().join("trees/ran")).unwrap_or_default().lines().count();
    assert_eq!(ran(), 0);
    // the agent's inputs change
    fs::write(tree(&home, 3).join("lock"), "2\n").unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(ran(), 1);
    // the root's outputs are older than its inputs: they are of other inputs
    project.put("lock", "3\n");
    project.commit("Lock again");
    let old = fs::File::open(project.root().join("modules/done")).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    old.set_modified(long_ago).unwrap();
    fs::File::open(project.root().join("modules")).unwrap().set_modified(long_ago).unwrap();
    project.harness(["launch", "4"]).run().succeeds();
    assert_eq!(ran(), 2);
}

#[test]
fn l21_copying_the_modules_of_pnpm_without_reflinks_is_advised_against() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\"modules\"]", "");
    project.put("modules/.pnpm/left@1.0.0/index.js", "");
    let probe = ["-c", "echo x > a && cp --reflink=always a b"];
    let has_reflinks = Command::new("sh").args(probe).current_dir(home.directory()).output().unwrap().status.success();
    let outcome = project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(outcome.stderr.contains("pnpm install --offline"), !has_reflinks, "{outcome}");
    assert!(tree(&home, 3).join("modules/.pnpm/left@1.0.0/index.js").exists());
}

#[test]
fn l21_a_failure_after_the_clones_keeps_the_tree_for_the_retry() {
    let home = TestHome::new();
    let project = project(&home, "clone = [\"modules\"]", "");
    project.put("modules/large", "");
    let broken = project.read("app.py");
    project.put("app.py", "raise SystemExit(3)\n");
    project.commit("Break");
    let tree = tree(&home, 3);
    project.harness(["launch", "3", "--timeout", "2s"]).run().exits_with(1).says("is kept for the next launch");
    fs::write(tree.join("modules/mark"), "of the first launch").unwrap();
    fs::write(tree.join("app.py"), broken).unwrap();
    let again = project.harness(["launch", "3"]).run().succeeds();
    assert!(!again.stderr.contains("was interrupted"), "the undo came to its end: {again}");
    assert!(tree.join("modules/mark").exists());
    project.harness(["teardown", "3", "--force"]).run().succeeds();
    assert!(!tree.exists());
}
