//! Stages: order, together, skipped, kept going; what the document says.

use std::time::Duration;

use harness::project::{Template, VerifyCheck, VerifyCommand};
use harness::report::verify::StageStatus::{self, Fail, Pass, Skipped};
use harness::report::verify::{Outcome, Reason};

use super::verify_bench::{Bench, answering, first_error, shell, statuses};

#[test]
fn stages_run_in_order_and_the_first_failing_one_ends_the_run() {
    let bench = Bench::new()
        .stage("one", &[("a", "echo a >> ../order"), ("b", "true")])
        .stage("two", &[("good", "echo fine"), ("bad", "echo 'src/a.rs:3:5: error: no'; exit 7")])
        .stage("three", &[("never", "echo never >> ../order")]);
    bench.write("src/a.rs", "");
    let document = bench.run();
    assert_eq!(statuses(&document), [("one", Pass), ("two", Fail), ("three", Skipped)]);
    assert_eq!((document.status, document.reason), (Outcome::Fail, Some(Reason::StageFailed)));
    assert_eq!(first_error(&document.stages[1]), "src/a.rs:3:5: error: no");
    let codes: Vec<_> = document.stages[1].commands.iter().map(|command| (command.status, command.exit_code)).collect();
    assert_eq!(codes, [(Pass, Some(0)), (Fail, Some(7))]);
    assert_eq!(std::fs::read_to_string(bench.path().join("order")).unwrap(), "a\n");
    let log = document.stages[1].commands[1].log.as_ref().unwrap();
    assert_eq!(std::fs::read_to_string(log).unwrap(), "src/a.rs:3:5: error: no\n");
}

#[test]
fn keep_going_runs_the_rest_and_still_fails() {
    let mut bench = Bench::new().stage("bad", &[("all", "exit 1")]).stage("good", &[("all", "true")]);
    bench.keep_going = true;
    let verdict = bench.verdict();
    assert_eq!(statuses(&verdict.document), [("bad", StageStatus::Fail), ("good", StageStatus::Pass)]);
    assert_eq!((verdict.document.status, verdict.exit_code), (Outcome::Fail, 1));
}

#[test]
fn commands_of_a_stage_run_together() {
    // each waits for the other to have begun
    let meet = |own: &str, other: &str| format!("touch ../{own}; while ! test -e ../{other}; do sleep 0.01; done");
    let (left, right) = (meet("left", "right"), meet("right", "left"));
    let bench = Bench::new().stage("both", &[("left", &left), ("right", &right)]);
    assert_eq!(bench.run().status, Outcome::Pass);
}

#[test]
fn commands_see_the_tree_and_exactly_the_given_environment() {
    let mut bench = Bench::new().stage("look", &[]);
    bench.environment = vec![("AGENT_ID".to_owned(), "3".to_owned())];
    bench.stages[0].commands = vec![VerifyCommand {
        working_dir: Some("packages/api".into()),
        environment: vec![("EXTRA".to_owned(), Template("it's \"quoted\"".to_owned()))],
        ..shell("all", "pwd -P; echo $AGENT_ID; echo \"$EXTRA\"; env | cut -d= -f1 | sort | tr '\\n' ' '")
    }];
    bench.write("packages/api/file", "");
    let document = bench.run();
    let log = std::fs::read_to_string(document.stages[0].commands[0].log.as_ref().unwrap()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let here = bench.tree().canonicalize().unwrap().join("packages/api");
    assert_eq!(lines[..3], [here.to_str().unwrap(), "3", "it's \"quoted\""]);
    assert_eq!(lines[3].trim(), "AGENT_ID EXTRA HARNESS_COMMAND HARNESS_VERIFY HOME PATH PWD");
}

#[test]
fn only_what_was_asked_for_is_run() {
    let mut bench = Bench::new().stage("lint", &[("all", "true")]).stage("e2e", &[("all", "true")]);
    bench.stages[1].full = true;
    assert_eq!(statuses(&bench.run()), [("lint", Pass), ("e2e", Skipped)]);
    bench.selection.full = true;
    assert_eq!(statuses(&bench.run()), [("lint", Pass), ("e2e", Pass)]);
    bench.selection.only = vec!["e2e".to_owned()];
    assert_eq!(statuses(&bench.run()), [("lint", Skipped), ("e2e", Pass)]);
}

#[test]
fn a_run_in_which_no_stage_ran_is_not_a_pass() {
    let mut bench = Bench::new().stage("e2e", &[("all", "true")]);
    bench.stages[0].full = true;
    let verdict = bench.verdict();
    assert_eq!(statuses(&verdict.document), [("e2e", Skipped)]);
    assert_eq!((verdict.document.status, verdict.document.reason), (Outcome::Fail, Some(Reason::NothingRan)));
    assert_eq!(verdict.exit_code, 1);
}

#[test]
fn what_is_wrong_with_the_plan_is_said_in_the_same_document() {
    let mut bench = Bench::new();
    let verdict = bench.verdict();
    let error = verdict.document.error.unwrap();
    assert_eq!((error.code.as_str(), verdict.document.reason), ("verify.no_stages", Some(Reason::Configuration)));
    assert_eq!(verdict.exit_code, 3);

    bench = bench.stage("lint", &[("all", "true")]);
    bench.selection.only = vec!["lnit".to_owned()];
    let verdict = bench.verdict();
    assert_eq!(verdict.document.error.unwrap().message, "there is no stage `lnit`");
    assert_eq!(verdict.exit_code, 2);
}

#[test]
fn a_project_can_bring_its_own_pattern() {
    let mut bench =
        Bench::new().stage("check", &[("all", "echo 'a.txt:1:1: error: noise'; echo 'BAD a.txt @2 misspelt'; exit 1")]);
    bench.write("a.txt", "");
    bench.stages[0].commands[0].error_pattern = Some(r"^BAD (?<file>\S+) @(?<line>\d+) (?<message>.*)$".to_owned());
    assert_eq!(first_error(&bench.run().stages[0]), "a.txt:2: misspelt");
}

#[test]
fn a_command_that_cannot_start_or_says_nothing_is_described() {
    let mut bench = Bench::new().stage("silent", &[("all", "exit 3")]).stage("lost", &[("all", "true")]);
    bench.keep_going = true;
    bench.stages[1].commands[0].working_dir = Some("not/there".into());
    let document = bench.run();
    assert_eq!(first_error(&document.stages[0]), "`all` exited with status 3 and printed nothing");
    assert!(first_error(&document.stages[1]).contains("not/there"), "{:?}", document.stages[1]);
    assert_eq!(document.stages[1].status, StageStatus::Fail);
}

#[test]
fn an_http_check_passes_and_fails_with_the_answer() {
    let port = answering(&[("/health", "200 OK", "ok"), ("/broken", "503 Service Unavailable", "pending migrations")]);
    let check = |path: &str| VerifyCommand {
        check: VerifyCheck::Http { host: None, port: Template(port.to_string()), path: Template(path.to_owned()) },
        ..shell(path, "")
    };
    let mut bench = Bench::new().stage("smoke", &[]).stage("broken", &[]);
    bench.stages[0].commands = vec![check("/health")];
    bench.stages[1].commands = vec![check("/broken")];
    let document = bench.run();
    assert_eq!(statuses(&document), [("smoke", StageStatus::Pass), ("broken", StageStatus::Fail)]);
    let said = first_error(&document.stages[1]);
    assert!(said.contains("answered 503 Service Unavailable: pending migrations"), "{said}");
}

#[test]
fn logs_of_the_last_few_runs_are_kept() {
    let bench = Bench::new().stage("all stages/../x", &[("a/b", "echo hello")]);
    let mut logs = Vec::new();
    for _ in 0..7 {
        logs.push(bench.run().stages[0].commands[0].log.clone().unwrap());
    }
    let present: Vec<bool> = logs.iter().map(|log| std::path::Path::new(log).exists()).collect();
    assert_eq!(present, [false, false, true, true, true, true, true]);
    assert!(
        logs.iter().all(|log| log.starts_with(bench.runs().to_str().unwrap()) && !log.contains("/../")),
        "{logs:?}"
    );
    assert!(std::path::Path::new(&logs[6]).with_file_name("report.json").exists());
}

#[test]
fn a_second_run_of_the_same_tree_is_turned_away() {
    let bench = Bench::new().stage("wait", &[("all", "touch ../begun; while ! test -e ../go; do sleep 0.01; done")]);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| bench.run());
        crate::support::wait_until("the first run to begin", crate::support::SHORT, || {
            bench.path().join("begun").exists()
        });
        let second = bench.verdict();
        std::fs::write(bench.path().join("go"), "").unwrap();
        assert_eq!(second.document.error.unwrap().code, "verify.busy");
        assert_eq!(second.exit_code, 5);
        assert_eq!(first.join().unwrap().status, Outcome::Pass);
    });
}

#[test]
fn a_timeout_of_ones_own_wins() {
    let mut bench = Bench::new().stage("long", &[("all", "sleep 600")]);
    bench.selection.timeout = Some(Duration::from_millis(200));
    let document = bench.run();
    assert_eq!(document.stages[0].status, StageStatus::Timeout);
    // the shell may add that it was terminated
    let error = first_error(&document.stages[0]);
    assert!(error.starts_with("`all` did not end within 200 ms"), "{error}");
}
