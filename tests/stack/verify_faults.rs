//! docs/faults.md L10: commands that hang, fork, flood, and do away with themselves.

use std::time::{Duration, Instant};

use harness::report::verify::{Outcome, StageStatus};

use super::verify_bench::{Bench, first_error};
use crate::support::{LONG, SHORT, is_alive, until, wait_for, wait_until};

/// The pids that commands wrote into files of the tree's parent.
fn pid(bench: &Bench, file: &str) -> u32 {
    wait_for(file, SHORT, || {
        let text = std::fs::read_to_string(bench.path().join(file)).map_err(|error| error.to_string())?;
        text.trim().parse::<u32>().map_err(|error| format!("{text:?}: {error}"))
    })
}

#[test]
fn l10_a_tree_that_hangs_is_killed_as_a_whole() {
    let line = "
        trap '' TERM
        (trap '' TERM; echo $$ > /dev/null; exec sleep 601) & echo $! > ../child
        setsid sh -c 'echo $$ > ../session; trap \"\" TERM; sleep 602; sleep 602' &
        setsid setsid sh -c '(echo $$ > ../double; sleep 603; sleep 603) & exec sleep 604' &
        while ! test -s ../session || ! test -s ../double; do sleep 0.01; done
        sleep 600; sleep 600";
    let mut bench = Bench::new().stage("hang", &[("hangs", line), ("good", "echo fine")]);
    bench.stages[0].timeout = Duration::from_secs(1);
    let document = bench.run();
    let stage = &document.stages[0];
    let statuses: Vec<StageStatus> = stage.commands.iter().map(|command| command.status).collect();
    assert_eq!(
        (stage.status, statuses.as_slice()),
        (StageStatus::Timeout, &[StageStatus::Timeout, StageStatus::Pass][..])
    );
    assert_eq!(stage.commands[0].exit_code, None);
    for file in ["child", "session", "double"] {
        let pid = pid(&bench, file);
        assert!(!is_alive(pid), "{file} lives on as {pid}");
    }
}

#[test]
fn l10_what_a_command_leaves_behind_does_not_outlive_it() {
    let line =
        "setsid sh -c 'echo $$ > ../server; sleep 600; sleep 600' & while ! test -s ../server; do sleep 0.01; done";
    let bench = Bench::new().stage("start", &[("all", line)]);
    let began = Instant::now();
    assert_eq!(bench.run().status, Outcome::Pass);
    assert!(began.elapsed() < Duration::from_mins(1), "it waited for the server to close its output");
    assert!(!is_alive(pid(&bench, "server")));
}

#[test]
fn l10_a_command_that_kills_its_own_group_has_failed() {
    let bench = Bench::new().stage("suicide", &[("all", "echo last words; kill -KILL 0; sleep 600")]);
    let document = bench.run();
    let command = &document.stages[0].commands[0];
    assert_eq!((command.status, command.exit_code, command.signal), (StageStatus::Fail, None, Some(9)));
    assert_eq!(first_error(&document.stages[0]), "`all` was killed by SIGKILL\nlast words");
}

#[test]
fn l10_any_bytes_make_a_valid_document() {
    let hostile = r#"printf '{"status":"pass"}\n"quotes" \\ back\\slash\n\0nul\n\377\376 not utf-8\n\033[31mred\033[0m\r\n\342\200\250 line separator'; exit 1"#;
    let bench = Bench::new().stage("\"hostile\"\nname", &[("{\"x\":1}", hostile)]);
    let document = bench.run();
    let text = serde_json::to_string(&document).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["status"], &value["stages"][0]["status"]), (&"fail".into(), &"fail".into()));
    let said = first_error(&document.stages[0]);
    assert!(said.contains("\"quotes\" \\ back\\slash") && said.contains("red"), "{said:?}");
    assert!(!said.contains(['\0', '\u{1b}', '\r']), "{said:?}");
    let log = std::fs::read(document.stages[0].commands[0].log.as_ref().unwrap()).unwrap();
    assert!(log.windows(2).any(|pair| pair == b"\xff\xfe") && log.contains(&0), "the log has the bytes as they came");
}

#[test]
fn l10_a_flood_is_logged_whole_and_still_diagnosed() {
    // 100 MB: lines, then one line without an end
    let flood = "yes 'a line of fifty characters, none of which matters' | head -c 50000000
        echo 'src/last.rs:7: error: found at last'
        head -c 50000000 /dev/zero | tr '\\0' x; exit 1";
    let bench = Bench::new().stage("flood", &[("all", flood)]);
    bench.write("src/last.rs", "");
    let before = peak_memory();
    let document = bench.run();
    let grown = peak_memory().saturating_sub(before);
    assert_eq!(first_error(&document.stages[0]), "src/last.rs:7: error: found at last");
    let log = document.stages[0].commands[0].log.as_ref().unwrap();
    assert_eq!(std::fs::metadata(log).unwrap().len(), 100_000_000 + 36);
    assert!(grown < 40_000, "memory grew by {grown} kB");
}

#[test]
fn l10_a_flood_of_places_is_diagnosed_in_time() {
    // 60 MB of places that lead nowhere: the same one, and a million others
    let same = "yes 'src/a.ts(1,2): error TS1: x' | head -c 60000000; exit 1";
    let others = "seq 1 9999999 | sed 's|.*|src/&.ts(1,2): error TS1: x|' | head -c 60000000; exit 1";
    let bench = Bench::new().stage("flood", &[("same", same), ("others", others)]);
    let began = Instant::now();
    let document = bench.run();
    assert!(began.elapsed() < Duration::from_secs(40), "it took {:?}", began.elapsed());
    assert_eq!(first_error(&document.stages[0]), "src/a.ts:1:2: error TS1: x");
}

#[test]
fn l10_an_interruption_does_not_wait_for_a_diagnosis() {
    let bench = Bench::new().stage(
        "flood",
        &[("all", "seq 1 9999999 | sed 's|.*|src/&.ts(1,2): error TS1: x|' | head -c 60000000; touch ../over; exit 1")],
    );
    let interrupted = std::cell::Cell::new(None);
    let verdict = bench.verdict_until(async {
        until("the flood's end", LONG, || bench.path().join("over").exists()).await;
        interrupted.set(Some(Instant::now()));
    });
    assert_eq!(verdict.exit_code, 130);
    let waited = interrupted.get().unwrap().elapsed();
    assert!(waited < Duration::from_secs(3), "it took {waited:?}");
}

#[test]
fn l10_an_interrupted_run_kills_and_says_so() {
    let line = "echo $$ > ../leader; setsid sh -c 'echo $$ > ../session; sleep 600; sleep 600' & sleep 600";
    let bench = Bench::new().stage("done", &[("all", "true")]).stage("long", &[("all", line)]);
    let verdict = bench.verdict_until(until("the session", LONG, || bench.path().join("session").exists()));
    assert_eq!((verdict.exit_code, verdict.document.error.unwrap().code.as_str()), (130, "interrupted"));
    assert_eq!(verdict.document.stages[0].status, StageStatus::Pass, "what was known is kept");
    for file in ["leader", "session"] {
        let pid = pid(&bench, file);
        wait_until("the tree to be gone", SHORT, || !is_alive(pid));
    }
    // the folder is free again
    assert_eq!(bench.status().last_run.unwrap().status, Outcome::Fail);
}

/// Peak resident memory of this process, in kB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}
