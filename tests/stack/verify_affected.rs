//! `harness verify --affected`: what is run again, and what is not.

use harness::report::verify::StageStatus::{self, Cached, Fail, Pass};
use harness::report::verify::{Outcome, Reason};

use super::verify_bench::{Bench, shell, statuses};
use crate::support::TestHome;

/// One stage whose commands write down that they ran; each has the files of a folder as its inputs.
fn bench() -> Bench {
    let mut bench =
        Bench::new().stage("test", &[("a", "echo a >> ../ran; test ! -e a/broken"), ("b", "echo b >> ../ran")]);
    for (command, inputs) in bench.stages[0].commands.iter_mut().zip(["a/**", "b/**"]) {
        command.inputs = vec![inputs.to_owned()];
    }
    bench.write("a/one", "1");
    bench.write("b/one", "1");
    bench.affected = true;
    bench
}

/// What ran since it was last asked, in order.
fn ran(bench: &Bench) -> String {
    let file = bench.path().join("ran");
    let mut names: Vec<String> =
        std::fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect();
    let _ = std::fs::remove_file(file);
    names.sort();
    names.concat()
}

fn commands(bench: &Bench) -> Vec<StageStatus> {
    let document = bench.run();
    document.stages.iter().flat_map(|stage| &stage.commands).map(|command| command.status).collect()
}

#[test]
fn a_command_is_skipped_while_its_inputs_are_those_of_its_last_pass() {
    let mut bench = bench();
    bench.affected = false;
    assert_eq!((commands(&bench), ran(&bench)), (vec![Pass, Pass], "ab".to_owned()));
    bench.affected = true;
    let document = bench.run();
    assert_eq!((statuses(&document), document.status), (vec![("test", Cached)], Outcome::Pass));
    assert_eq!(ran(&bench), "");
    bench.write("a/two", "2");
    assert_eq!((commands(&bench), ran(&bench)), (vec![Pass, Cached], "a".to_owned()));
    // back to what has passed before, but not last
    std::fs::remove_file(bench.tree().join("a/two")).unwrap();
    assert_eq!((commands(&bench), ran(&bench)), (vec![Pass, Cached], "a".to_owned()));
    bench.write("elsewhere", "");
    assert_eq!((commands(&bench), ran(&bench)), (vec![Cached, Cached], String::new()));
    // without the flag everything runs
    bench.affected = false;
    assert_eq!((commands(&bench), ran(&bench)), (vec![Pass, Pass], "ab".to_owned()));
}

#[test]
fn a_command_that_failed_is_run_until_it_passes() {
    let bench = bench();
    commands(&bench);
    bench.write("a/broken", "");
    assert_eq!(commands(&bench), [Fail, Cached]);
    assert_eq!(commands(&bench), [Fail, Cached]);
    std::fs::remove_file(bench.tree().join("a/broken")).unwrap();
    assert_eq!(commands(&bench), [Pass, Cached], "what it has passed with before the fail is not its last end");
    assert_eq!(commands(&bench), [Cached, Cached]);
    // the same files, the other outcome
    let mut flaky = Bench::new().stage("test", &[("all", "test -e ../well")]);
    flaky.stages[0].commands[0].inputs = vec!["a/**".to_owned()];
    flaky.write("a/one", "1");
    std::fs::write(flaky.path().join("well"), "").unwrap();
    assert_eq!(commands(&flaky), [Pass]);
    std::fs::remove_file(flaky.path().join("well")).unwrap();
    assert_eq!(commands(&flaky), [Fail]);
    flaky.affected = true;
    assert_eq!(commands(&flaky), [Fail]);
}

#[test]
fn line_directory_and_environment_decide_too() {
    let mut bench = bench();
    commands(&bench);
    bench.environment = vec![("TERM".to_owned(), "dumb".to_owned())];
    assert_eq!(commands(&bench), [Cached, Cached], "the terminal means nothing to a check");
    bench.environment = vec![("FLAVOUR".to_owned(), "sweet".to_owned())];
    assert_eq!(commands(&bench), [Pass, Pass]);
    let inputs = bench.stages[0].commands[1].inputs.clone();
    bench.stages[0].commands[1] = harness::project::VerifyCommand { inputs, ..shell("b", "true") };
    assert_eq!(commands(&bench), [Cached, Pass]);
    bench.stages[0].commands[1].working_dir = Some("b".into());
    assert_eq!(commands(&bench), [Cached, Pass]);
    assert_eq!(commands(&bench), [Cached, Cached]);
}

#[test]
fn inputs_that_change_meanwhile_or_do_not_exist_prove_nothing() {
    let mut bench = Bench::new().stage("test", &[("grows", "echo x >> a/one"), ("lost", "true")]);
    bench.affected = true;
    bench.write(".gitignore", "a\n");
    bench.write("a/one", "1");
    for (command, inputs) in bench.stages[0].commands.iter_mut().zip(["a/**", "nowhere/**"]) {
        command.inputs = vec![inputs.to_owned()];
    }
    assert_eq!(commands(&bench), [Pass, Pass]);
    let document = bench.run();
    assert_eq!((statuses(&document), document.status), (vec![("test", Pass)], Outcome::Pass));
    let [warning] = document.warnings.as_slice() else { panic!("{:?}", document.warnings) };
    assert!(warning.contains("`test.lost`") && warning.contains("nowhere/**"), "{warning}");
}

#[test]
fn a_pass_of_what_is_cached_is_no_proof_of_the_tree() {
    let mut bench = bench();
    commands(&bench);
    assert!(bench.status().verified, "every stage was run, and every command");
    bench.write("elsewhere", "");
    assert_eq!(commands(&bench), [Cached, Cached]);
    let status = bench.status();
    assert_eq!((status.verified, status.last_run.map(|run| run.full)), (false, Some(false)));
    // a changed tree is a fail, whatever is cached
    bench = bench.stage("untidy", &[("all", "echo >> elsewhere")]);
    let document = bench.run();
    assert_eq!(statuses(&document), [("test", Cached), ("untidy", Pass)]);
    assert_eq!(document.reason, Some(Reason::TreeChanged));
}

#[test]
fn it_is_said_what_was_not_run() {
    let home = TestHome::new();
    let stages =
        "[[verify.stages]]\nname = \"test\"\ncommands = [{ name = \"a\", run = \"true\", inputs = [\"a/**\"] }]\n";
    let project = home.project("shop").application("api").toml(stages).file("a/one", "1").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["verify", "3"]).run().succeeds();
    project.put("elsewhere", "");
    let outcome = project.harness(["verify", "3", "--affected", "--junit", "out.xml"]).run().succeeds();
    let document = outcome.json();
    assert_eq!((&document["status"], &document["reason"]), (&"pass".into(), &serde_json::Value::Null));
    assert_eq!(document["stages"][0]["status"], "cached");
    assert_eq!(document["stages"][0]["commands"][0]["status"], "cached");
    outcome.says("cached: test: a").says("nothing was run, all of it is cached");
    assert!(project.read("out.xml").contains("<skipped message=\"cached"));
    std::fs::remove_file(project.root().join("out.xml")).unwrap();
    project.harness(["verify", "3", "--status"]).run().exits_with(1).says("files have changed");
    let refused = project.harness(["verify", "3", "--affected", "--full"]).run().exits_with(2);
    assert_eq!(refused.json()["reason"], "configuration");
    // a full run takes nothing for granted
    let document = project.harness(["verify", "3", "--full"]).run().succeeds().json();
    assert_eq!(document["stages"][0]["status"], "pass");
    project.harness(["verify", "3", "--status"]).run().succeeds();
    for (inputs, said) in [
        ("[\"../a\"]", "is not relative to the tree"),
        ("[\"!a/**\"]", "only takes files out"),
        ("[\"a/[\"]", "is not a valid pattern"),
    ] {
        project.put("harness.local.toml", &stages.replace("[\"a/**\"]", inputs));
        let outcome = project.harness(["config", "check"]).run().exits_with(3);
        assert!(outcome.stdout.contains("verify.stages[0].commands[0].inputs"), "{outcome}");
        assert!(outcome.stdout.contains(said), "{outcome}");
    }
    let http = stages.replace("run = \"true\"", "http_get = { port = 80 }");
    project.put("harness.local.toml", &http);
    let outcome = project.harness(["config", "check"]).run().exits_with(3);
    assert!(outcome.stdout.contains("belongs to a command with `run`"), "{outcome}");
}
