//! `harness verify --against`: whose failure it is.

use std::fs;

use crate::support::{TestHome, TestProject};

/// Looks for `broken` in the files of `tests/`; one check fails every second time that agent 3 runs it. Who ran it is
/// written down.
fn project(home: &TestHome) -> TestProject<'_> {
    let outside = home.directory().display().to_string();
    let script = format!(
        r"echo $AGENT_ID >> {outside}/runs
status=0
grep -n broken tests/*.txt | sed 's/:\([0-9]*\):/:\1: error: /' | grep . && status=1
if [ $AGENT_ID = 3 ]; then
  if mkdir {outside}/odd 2>/dev/null; then echo 'tests/flaky.txt:1: error: sometimes'; status=1; else rmdir {outside}/odd; fi
fi
exit $status
"
    );
    let seeded = "psql -tA -c 'select name from items' \"$DATABASE_URL\" | grep -qx seeded || { echo 'seed.sql:1: error: no row'; exit 1; }";
    let stages = format!(
        "[[verify.stages]]\nname = \"test\"\ncommands = [{{ name = \"suite\", run = \"sh suite.sh\" }}, {{ name = \"seed\", run = {seeded:?} }}]\n\
         [[verify.stages]]\nname = \"smoke\"\ncommands = [{{ name = \"health\", http_get = {{ path = \"/health\", port = \"{{{{ ports.api }}}}\" }} }}]\n"
    );
    home.project("shop")
        .with_items()
        .application("api")
        .toml(&stages)
        .file("suite.sh", &script)
        .file("tests/old.txt", "fine\nbroken since ever\n")
        .file("tests/flaky.txt", "fine\n")
        .file("tests/good.txt", "fine\n")
        .write()
}

fn classes(document: &serde_json::Value) -> Vec<(String, String)> {
    let failures = document["against"]["failures"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("null").to_owned();
    failures.iter().map(|it| (text(&it["first_error"]), text(&it["class"]))).collect()
}

#[test]
fn each_failure_is_new_pre_existing_or_flaky_and_the_baseline_runs_once() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3"]).run().succeeds();
    // the old failure is on another line now
    project.put("tests/old.txt", "one\ntwo\nthree\nbroken since ever\n");
    project.put("tests/good.txt", "broken by me\n");
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('other');\n");
    project.harness(["db", "3", "reset", "--yes"]).run().succeeds();
    let outcome = project.harness(["verify", "3", "--against", "--new-only"]).run().exits_with(1);
    let document = outcome.json();
    let expected = [
        ("tests/good.txt:1: error: broken by me", "new"),
        ("tests/old.txt:4: error: broken since ever", "pre-existing"),
        ("tests/flaky.txt:1: error: sometimes", "flaky"),
        ("seed.sql:1: error: no row", "new"),
    ];
    assert_eq!(classes(&document), expected.map(|(text, class)| (text.to_owned(), class.to_owned())), "{outcome}");
    assert_eq!((&document["status"], &document["against"]["cached"]), (&"fail".into(), &false.into()));
    assert_eq!(document["against"]["commit"], project.git(&["rev-parse", "HEAD"]).trim());
    outcome.says("pre-existing: tests/old.txt:4");
    let runs = || fs::read_to_string(home.directory().join("runs")).unwrap();
    assert_eq!(runs().lines().filter(|id| *id != "3").count(), 1, "{}", runs());

    // what is left of the baseline: nothing but its results
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(project.git(&["branch", "--list", "harness-baseline*"]), "");
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 1);

    // without what is new, only what was wrong already is wrong
    project.put("tests/good.txt", "fine\n");
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('seeded');\n");
    project.harness(["db", "3", "reset", "--yes"]).run().succeeds();
    let document = project.harness(["verify", "3", "--against=HEAD", "--new-only"]).run().succeeds().json();
    assert_eq!((&document["status"], &document["against"]["cached"]), (&"fail".into(), &true.into()));
    assert!(classes(&document).iter().all(|(_, class)| class != "new"), "{document}");
    assert_eq!(runs().lines().filter(|id| *id != "3").count(), 1, "the baseline is known");
    project.harness(["verify", "3", "--against"]).run().exits_with(1);
    let refused = project.harness(["verify", "3", "--against=nowhere"]).run().exits_with(2);
    assert_eq!(refused.json()["error"]["code"], "verify.no_base");
}
