//! P17, P18, P19: output of every kind, and a disk that does not take it.

use harness::supervisor::Phase;
use harness::supervisor::logs::{LogQuery, Stream, last_lines, read};
use rustix::process::Signal;

use super::stack::{Stack, shell};
use crate::support::{LONG, SHORT, wait_until};

/// The most memory that a process ever had, in MB.
fn peak_megabytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "current_thread")]
async fn p17_a_flood_of_output_blocks_nobody_and_stays_within_memory() {
    let script = "yes 'a line of output that says nothing much but is as long as lines are' | head -c 1000000000; \
                  head -c 200000000 /dev/zero | tr '\\0' x; echo; echo the-end";
    let stack = Stack::new([("api", shell(script))]);
    let began = std::time::Instant::now();
    let started = stack.start().await;
    while stack.client().snapshot().await.unwrap().processes["api"].phase != Phase::Completed {
        assert!(began.elapsed() < 4 * LONG, "the flood does not end");
        let seen = stack.client().snapshot().await.unwrap();
        stack.client().changed(seen.generation, std::time::Duration::from_secs(1)).await.unwrap();
    }
    let peak = peak_megabytes(started.snapshot.supervisor.pid);
    assert!(peak < 64, "the supervisor took {peak} MB");
    assert_eq!(stack.client().snapshot().await.unwrap().processes["api"].lost_log_bytes, 0);
    assert_eq!(last_lines(&stack.directory, "api", 1), ["the-end"]);
    let kept: u64 =
        std::fs::read_dir(stack.directory.join("logs")).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
    assert!(kept < 100 << 20, "{kept} bytes of logs are kept");
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p17_lines_of_any_bytes_are_kept_as_they_came() {
    let script = r"printf 'bad \377\376 bytes\n\033[2J\033[31mred\033[0m\n'; head -c 150000 /dev/zero | tr '\0' y; echo; echo aside >&2; echo done";
    let stack = Stack::new([("api", shell(script))]);
    stack.start_until(Phase::Completed).await;
    let lines: Vec<_> = read(&stack.directory, &LogQuery::default()).collect();
    let out: Vec<&[u8]> =
        lines.iter().filter(|line| line.stream == Stream::Stdout).map(|line| line.bytes.as_slice()).collect();
    assert_eq!(out[0], b"bad \xff\xfe bytes");
    assert_eq!(out[1], b"\x1b[2J\x1b[31mred\x1b[0m");
    assert_eq!(harness::system::text::printable(out[1], false), "red");
    let long: Vec<(usize, bool)> = lines
        .iter()
        .filter(|line| line.bytes.starts_with(b"yyy"))
        .map(|line| (line.bytes.len(), line.continued))
        .collect();
    assert_eq!(long, [(65536, true), (65536, true), (150_000 - 2 * 65536, false)]);
    assert_eq!(out.last().unwrap(), b"done");
    let err: Vec<&[u8]> =
        lines.iter().filter(|line| line.stream == Stream::Stderr).map(|line| line.bytes.as_slice()).collect();
    assert_eq!(err, [b"aside"]);
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p18_the_last_unterminated_line_of_a_dying_process_is_in_the_log() {
    let stack = Stack::new([("api", shell("echo first; printf 'panic: no more'; kill -9 $$"))]);
    stack.start_until(Phase::Failed).await;
    // a line of harness's own comes after it, on a line of its own
    assert_eq!(stack.log("api"), b"first\npanic: no more\nharness: was killed by SIGKILL\n");
    let lines = last_lines(&stack.directory, "api", 5);
    assert_eq!(lines, ["first", "panic: no more", "harness: was killed by SIGKILL"]);
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p19_a_deleted_renamed_or_truncated_log_is_begun_anew() {
    let stack = Stack::new([("api", shell("i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done"))]);
    stack.start_until(Phase::Ready).await;
    let path = stack.directory.join("logs/api.log");
    wait_until("output", SHORT, || stack.log("api").len() > 4);
    std::fs::remove_file(&path).unwrap();
    wait_until("a new file after the deletion", SHORT, || stack.log("api").len() > 4);
    let renamed = stack.directory.join("kept");
    std::fs::rename(&path, &renamed).unwrap();
    wait_until("a new file after the renaming", SHORT, || stack.log("api").len() > 4);
    let kept = std::fs::read(&renamed).unwrap();
    std::fs::write(&path, "").unwrap();
    wait_until("new output after the truncation", SHORT, || stack.log("api").len() > 4);
    // what is written now can be read with its time
    let line = read(&stack.directory, &LogQuery { last: Some(1), ..LogQuery::default() }).last().unwrap();
    assert!(jiff::Timestamp::now().duration_since(line.time).as_secs() < 10);
    assert_eq!(std::fs::read(&renamed).unwrap(), kept, "the renamed file is not ours any more");
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn p19_a_full_disk_loses_output_that_is_counted_and_harms_nobody() {
    let stack = Stack::new([("api", shell("while :; do echo 0123456789; sleep 0.02; done"))]);
    let logs = stack.directory.join("logs");
    std::fs::create_dir_all(&logs).unwrap();
    std::os::unix::fs::symlink("/dev/full", logs.join("api.log")).unwrap();
    stack.start().await;
    let ready = |seen: &harness::supervisor::StackSnapshot| seen.processes["api"].phase == Phase::Ready;
    stack.wait(|seen| seen.processes["api"].lost_log_bytes > 50 && ready(seen)).await;
    std::fs::remove_file(logs.join("api.log")).unwrap();
    wait_until("logging to go on", SHORT, || stack.log("api").len() > 50);
    // the loss stands where it happened, then the application's own output goes on
    let text = String::from_utf8(stack.log("api")).unwrap();
    let (note, rest) = text.split_once('\n').unwrap();
    assert!(note.starts_with("harness: ") && note.contains("bytes of output are missing here"), "{note}");
    assert!(rest.starts_with("0123456789\n"), "{text}");
    let lines: Vec<_> = read(&stack.directory, &LogQuery::default()).take(2).collect();
    assert_eq!((lines[0].bytes.as_slice(), lines[1].bytes.as_slice()), (note.as_bytes(), b"0123456789".as_slice()));
    stack.client().shutdown().await.unwrap();
}

#[tokio::test(flavor = "current_thread")]
async fn a_follower_sees_every_line_across_rotations_and_a_new_supervisor() {
    let stack = Stack::new([(
        "api",
        shell("sleep 0.2; i=0; while [ $i -lt 800000 ]; do echo a-line-of-output-with-the-number-$i; i=$((i+1)); done"),
    )]);
    let started = stack.start().await;
    let mut follower = harness::supervisor::logs::Follower::new(&stack.directory, &LogQuery::default()).unwrap();
    let mut next = 0_u32;
    let mut killed = false;
    let mut missing = 0;
    while next < 800_000 {
        let lines = tokio::time::timeout(SHORT, follower.next()).await.expect("lines come");
        for line in lines {
            let text = String::from_utf8(line.bytes).unwrap();
            let Some(number) =
                text.strip_prefix("a-line-of-output-with-the-number-").and_then(|it| it.parse::<u32>().ok())
            else {
                missing += 1;
                continue;
            };
            missing += u32::from(number != next);
            next = number + 1;
        }
        if !killed && next > 200_000 {
            killed = started.snapshot.supervisor.signal(Signal::KILL);
        }
    }
    assert!(killed && missing <= 2, "{missing} breaks in the sequence");
    assert!(stack.directory.join("logs/api.log.1").exists(), "it was rotated");
    stack.client().shutdown().await.unwrap();
}
