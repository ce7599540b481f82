use std::fs;
use std::time::Duration;

use super::*;

fn shell(command: &str) -> CommandSpec {
    let path = std::env::var("PATH").unwrap();
    CommandSpec::shell(command, "/", vec![("PATH".into(), path)]).with_timeout(Duration::from_mins(1))
}

fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn alive(pid_file: &std::path::Path) -> bool {
    let pid: u32 = fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
    crate::system::ProcessIdentity::of(pid).is_some()
}

#[test]
fn output_and_status_come_back() {
    let mut seen = Vec::new();
    let output = on_a_runtime(run(&shell("echo one; echo two >&2; printf '\\033[1mthree'; exit 3"), |line| {
        seen.push(line.to_owned());
    }));
    let output = output.unwrap();
    assert_eq!(output.ending, Ending::Exited(3));
    assert_eq!(output.tail, ["one", "two", "three"]);
    assert_eq!(seen[..2], ["one", "two"]);
    assert_eq!(Ending::Signalled(9).to_string(), "killed by SIGKILL");
}

#[test]
fn only_the_given_environment_is_there_and_input_is_empty() {
    let output =
        on_a_runtime(run(&shell("cat; env | grep -v -e ^PWD -e ^HARNESS_COMMAND -e ^_ | cut -d= -f1"), |_| {}));
    assert_eq!(output.unwrap().tail, ["PATH"]);
}

#[test]
fn a_timeout_ends_everything_that_was_started() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let command = format!("trap '' TERM; setsid sleep 1000 & echo $! > {}; sleep 1000; sleep 1000", file.display());
    let mut spec = shell(&command).with_timeout(Duration::from_millis(300));
    spec.grace = Duration::from_millis(100);
    let output = on_a_runtime(run(&spec, |_| {})).unwrap();
    assert_eq!(output.ending, Ending::TimedOut);
    assert!(!alive(&file));
}

#[test]
fn the_end_of_the_program_is_the_end_though_a_child_holds_the_output() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let command = format!(
        "setsid sh -c 'echo $$ > {0}; sleep 1000' & while ! test -s {0}; do :; done; echo done",
        file.display()
    );
    let output = on_a_runtime(run(&shell(&command), |_| {})).unwrap();
    assert_eq!(output.ending, Ending::Exited(0));
    assert_eq!(output.tail, ["done"]);
    assert!(!alive(&file));
}

#[test]
fn dropping_the_future_kills() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let spec = shell(&format!("echo $$ > {}; echo up; sleep 1000", file.display()));
    on_a_runtime(async {
        let up = tokio::sync::Notify::new();
        tokio::select! {
            _ = run(&spec, |_| up.notify_one()) => unreachable!("it sleeps"),
            () = up.notified() => {}
        }
    });
    assert!(!alive(&file));
}

#[test]
fn much_output_goes_to_the_log_whole() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut lines = 0_u64;
    let spec = shell("head -c 20000000 /dev/zero | tr '\\0' 'x' | fold -w 99").with_log(&log);
    let output = on_a_runtime(run(&spec, |_| lines += 1)).unwrap();
    assert_eq!(output.bytes, fs::metadata(&log).unwrap().len());
    assert!(output.bytes > 20_000_000 && lines > 200_000 && output.tail.len() == spec.tail_lines);
}

#[test]
fn a_log_at_its_limit_holds_the_beginning_and_the_tail_is_still_known() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let mut spec = shell("seq 1 1000").with_log(&log);
    spec.log_limit = 5;
    let output = on_a_runtime(run(&spec, |_| {})).unwrap();
    assert_eq!(fs::read_to_string(&log).unwrap(), "1\n2\n3");
    assert_eq!((output.bytes, output.log_lost), (3893, 3888));
    assert_eq!(output.tail.last().unwrap(), "1000");
}

#[test]
fn what_cannot_start_is_an_error_that_names_it() {
    let spec = CommandSpec { program: Program::Argv(vec!["/no/such/program".into()]), ..shell("") };
    let error = on_a_runtime(run(&spec, |_| {})).unwrap_err();
    assert_eq!(error.to_string(), "cannot run `/no/such/program` in `/`");
}
