//! A result belongs to a tree.

use harness::report::verify::{Outcome, Reason};

use super::verify_bench::Bench;

#[test]
fn an_edit_during_the_run_never_passes() {
    let bench = Bench::new().stage("edit", &[("all", "echo 2 > kept; echo 1 > made")]);
    bench.write("kept", "1");
    let verdict = bench.verdict();
    let tree = verdict.document.tree.unwrap();
    assert_eq!((verdict.document.status, verdict.document.reason), (Outcome::Fail, Some(Reason::TreeChanged)));
    assert_eq!(verdict.exit_code, 1);
    assert_ne!(Some(&tree.before), tree.after.as_ref());
    assert_eq!(tree.changed, ["kept", "made"]);
    assert!(!bench.status().verified);
}

#[test]
fn what_git_ignores_may_change() {
    let bench = Bench::new().stage("build", &[("all", "mkdir -p target && date > target/built")]);
    bench.write(".gitignore", "/target\n");
    let document = bench.run();
    let tree = document.tree.unwrap();
    assert_eq!((document.status, Some(tree.before)), (Outcome::Pass, tree.after));
}

#[test]
fn status_follows_the_tree_and_the_plan() {
    let mut bench = Bench::new().stage("test", &[("all", "true")]).stage("e2e", &[("all", "true")]);
    bench.stages[1].full = true;
    bench.write("a", "1");
    assert!(bench.status().reason.unwrap().contains("has not passed yet"));
    bench.run();
    assert!(!bench.status().verified, "a run without `full` proves nothing of the rest");
    bench.selection.full = true;
    bench.run();
    assert!(bench.status().verified);
    bench.git(&["add", "--all"]);
    bench.git(&["commit", "--quiet", "--message", "work"]);
    assert!(bench.status().verified, "a commit does not change the tree");
    bench.write("a", "2");
    let status = bench.status();
    assert_eq!(
        (status.verified, status.reason.unwrap().as_str()),
        (false, "files have changed since `harness verify --full` last passed")
    );
    bench.write("a", "1");
    assert!(bench.status().verified, "it is the same tree again");
    bench.selection.full = false;
    bench.run();
    assert!(bench.status().verified, "a later partial run takes nothing back");
    bench.stages[0].commands[0].name = "other".to_owned();
    assert_eq!(bench.status().reason.unwrap(), "`[verify]` has changed since `harness verify --full` last passed");
}

#[test]
fn a_failed_full_run_of_the_same_tree_takes_the_pass_back() {
    let bench = Bench::new().stage("flaky", &[("all", "test ! -e ../broken")]);
    assert_eq!(bench.run().status, Outcome::Pass);
    assert!(bench.status().verified);
    std::fs::write(bench.path().join("broken"), "").unwrap();
    assert_eq!(bench.run().status, Outcome::Fail);
    let status = bench.status();
    assert_eq!((status.verified, status.reason.unwrap().as_str()), (false, "the last run on this tree failed"));
}

#[test]
fn without_git_there_is_no_tree_and_no_proof() {
    let bench = Bench::new().stage("test", &[("all", "true")]);
    std::fs::remove_dir_all(bench.tree().join(".git")).unwrap();
    let document = bench.run();
    assert_eq!((document.status, document.tree), (Outcome::Pass, None));
    let status = bench.status();
    assert_eq!((status.verified, status.tree), (false, None));
    assert!(status.reason.unwrap().contains("not in a git repository"));
}

#[test]
fn a_damaged_record_is_an_error_and_the_next_run_mends_it() {
    let bench = Bench::new().stage("test", &[("all", "true")]);
    bench.run();
    std::fs::write(bench.runs().join("state.json"), "{\"version\":1,").unwrap();
    let answer = crate::support::block_on(harness::verify::status(
        &bench.tree(),
        harness::verify::Content::WorkTree,
        &bench.stages,
        &bench.runs(),
        None,
    ));
    assert!(answer.unwrap_err().to_string().contains("is not a valid record of verify"));
    bench.run();
    assert!(bench.status().verified);
}
