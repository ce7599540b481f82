//! `harness rehearse`: what git merges cleanly and does not go together is found, and nothing is left.

use serde_json::json;

use crate::support::{TestHome, TestProject};

/// Beside the project: the user's own folder of trees is shared by all tests.
const TREES: &str = "[worktree]\npath = \"{{ project_root }}/../trees/{{ id }}\"\n";

fn branch(project: &TestProject<'_>, name: &str, files: &[(&str, &str)]) {
    project.git(&["checkout", "--quiet", "-b", name, "main"]);
    for (path, text) in files {
        project.put(path, text);
    }
    project.commit(name);
    project.git(&["checkout", "--quiet", "main"]);
}

#[test]
fn a_pair_that_breaks_is_named_and_nothing_is_left() {
    let home = TestHome::new();
    // at most two flags may be on; one alone is right
    let stage = "[[verify.stages]]\nname = \"check\"\ncommands = [{ name = \"flags\", run = \"test $(ls flags | wc -l) -le 2\" }]\n";
    let project = home
        .project("shop")
        .application("api")
        .toml(TREES)
        .toml(stage)
        .file("flags/base", "")
        .file("a.txt", "1\n2\n3\n")
        .write();
    branch(&project, "one", &[("flags/one", "")]);
    branch(&project, "two", &[("flags/two", "")]);
    branch(&project, "text", &[("text.txt", "x\n")]);
    branch(&project, "first", &[("a.txt", "1\n2 first\n3\n"), ("db/migrations/002_first.sql", "")]);
    branch(&project, "second", &[("a.txt", "1\n2 second\n3\n"), ("db/migrations/002_second.sql", "")]);
    let rehearse = |words: &[&str]| {
        let outcome = project.harness(["rehearse"].into_iter().chain(words.iter().copied()).chain(["--json"])).run();
        (outcome.code, outcome.json())
    };
    let (code, found) = rehearse(&["one", "text", "two"]);
    assert_eq!((code, &found["problems"].as_array().unwrap().len()), (Some(1), &1), "{found}");
    assert_eq!(
        (&found["problems"][0]["kind"], &found["problems"][0]["between"]),
        (&json!("verify"), &json!(["one", "two"]))
    );
    assert_eq!(found["inputs"][0]["alone"], "pass");
    let (code, found) = rehearse(&["one", "text"]);
    assert_eq!(
        (code, &found["status"], &found["verify"]["status"]),
        (Some(0), &json!("pass"), &json!("pass")),
        "{found}"
    );

    let (code, found) = rehearse(&["first", "second", "--merge-only"]);
    let kinds: Vec<_> = found["problems"].as_array().unwrap().iter().map(|problem| &problem["kind"]).collect();
    assert_eq!((code, kinds), (Some(1), vec![&json!("migration_number"), &json!("conflict")]), "{found}");
    assert_eq!(found["problems"][1]["paths"], json!(["a.txt"]));
    assert_eq!(found["problems"][1]["between"], json!(["first", "second"]));

    assert_eq!(project.git(&["branch", "--list", "harness/*"]), "");
    assert_eq!(project.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
    assert_eq!(project.harness(["status", "--json"]).run().json()["agents"], json!([]));
    assert_eq!(rehearse(&["one", "9"]).1["error"]["code"], "agent.unknown");
}
