//! Sessions: programs on a terminal in an agent's stack, joined from real terminals.

use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{LONG, SHORT, Terminal, TestHome, TestProject, wait_for, wait_until};

const LEAVE: &str = "\x10\x11";

fn command(home: &TestHome, project: &TestProject, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(arguments).env_clear().envs(home.environment()).env("TERM", "xterm").current_dir(project.root());
    command
}

fn sessions(project: &TestProject) -> Vec<Value> {
    let listed = project.harness(["session", "list", "3", "--json"]).run().succeeds().json();
    listed["sessions"].as_array().unwrap().clone()
}

#[track_caller]
fn same(one: &Terminal, other: &Terminal) {
    wait_for("the same on both terminals", LONG, || {
        let (one, other) = (one.shows(), other.shows());
        if one == other { Ok(()) } else { Err(format!("{}\n---\n{}", one.join("\n"), other.join("\n"))) }
    });
}

#[track_caller]
fn ends_with(mut child: Child, code: i32, terminal: &Terminal) {
    assert_eq!(child.wait().unwrap().code(), Some(code));
    assert!(!terminal.is_raw());
    wait_until("the terminal as it was", SHORT, || terminal.modes() == harness::screen::Modes::default());
}

fn start<'a>(home: &'a TestHome, name: &str) -> TestProject<'a> {
    let project = home.project(name).port("web").toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    project
}

#[test]
fn a_session_lives_in_the_stack_and_is_none_of_its_processes() {
    let home = TestHome::new();
    let project = start(&home, "board");
    let script = "echo agent $AGENT_ID in $PWD on $TERM with $(stty size); read line; echo got $line; exit 7";
    let started = project
        .harness(["session", "start", "3", "--name", "work", "--json", "--", "sh", "-c", script])
        .run()
        .succeeds();
    let document = started.json();
    assert_eq!((&document["schema"], &document["name"]), (&"harness/session/1".into(), &"work".into()));
    assert_eq!(sessions(&project)[0]["state"], "running");
    // names, programs, places
    let refused = |arguments: &[&str], exit: i32, code: &str| {
        let outcome = project
            .harness(arguments.iter().copied().take(1).chain(["--json"]).chain(arguments.iter().copied().skip(1)));
        let document = outcome.run().exits_with(exit).json();
        assert_eq!(document["error"]["code"], code, "{arguments:?} {document:#}");
    };
    let start = |options: &[&'static str]| [&["session", "start", "3"], options].concat();
    refused(&start(&["--name", "work", "--", "sh"]), 5, "session.taken");
    refused(&start(&["--name", "plain", "--", "sh"]), 5, "session.taken");
    refused(&start(&["--name", "a b", "--", "sh"]), 2, "session.name");
    refused(&start(&["--cwd", "nowhere", "--", "sh"]), 2, "session.directory");
    refused(&["session", "stop", "3", "other"], 5, "session.unknown");
    refused(&["attach", "3", "other"], 125, "session.unknown");
    refused(&["attach", "3", "plain"], 125, "session.no_terminal");
    refused(&["attach", "3", "work"], 125, "session.not_on_terminal");
    let unknown = project.harness(["session", "start", "3", "--", "no-such-program"]).run();
    unknown.exits_with(5).says("no program `no-such-program`");
    project.harness(["session", "start", "4", "--", "sh"]).run().exits_with(5).says("agent 4 does not exist");
    // it is no process of the application: verbs about those leave it alone
    let health = project.harness(["health", "3", "--json"]).run().succeeds();
    assert!(!health.stdout.contains("work"), "{health}");
    let pid = sessions(&project)[0]["pid"].clone();
    for verb in
        [&["restart", "3"][..], &["stop", "3"], &["start", "3"], &["launch", "3"], &["restart", "3", "--supervisor"]]
    {
        project.harness(verb).run().succeeds();
        assert_eq!(sessions(&project)[0]["pid"], pid, "{verb:?}");
    }
    project.harness(["session", "start", "3", "--", "sh", "-c", "exit 0"]).run().succeeds();
    let terminal = Terminal::open(90, 30);
    let viewer = terminal.start(command(&home, &project, &["attach", "3", "work"]));
    terminal.awaits("on xterm-256color with 24 80");
    assert!(
        terminal
            .shows()
            .concat()
            .contains(&format!("agent 3 in {}", sessions(&project)[1]["directory"].as_str().unwrap()))
    );
    assert!(terminal.is_raw());
    terminal.type_in("hello\r");
    ends_with(viewer, 7, &terminal);
    terminal.expect("session `work` exited with status 7");
    let work = sessions(&project).into_iter().find(|row| row["name"] == "work").unwrap();
    assert_eq!((&work["state"], &work["exit_code"]), (&"ended".into(), &7.into()));
    // what has ended can still be looked at, until it is taken off the list
    let viewer = terminal.start(command(&home, &project, &["attach", "3", "work"]));
    ends_with(viewer, 7, &terminal);
    terminal.awaits("got hello");
    project.harness(["session", "stop", "3", "work"]).run().succeeds();
    project.harness(["session", "stop", "3", "sh"]).run().succeeds();
    assert_eq!(sessions(&project), Vec::<Value>::new());
    refused(&["attach", "3"], 125, "session.unnamed");
    assert!(!home.path().join("agents/3/logs/work.log").exists());
    // so many, and no more; what ended first makes room
    project.harness(start(&["--name", "short", "--", "true"])).run().succeeds();
    wait_until("the short one to end", SHORT, || sessions(&project)[0]["state"] == "ended");
    for number in 0..32 {
        let name = format!("s{number}");
        project.harness(["session", "start", "3", "--name", &name, "--", "sleep", "601"]).run().succeeds();
    }
    refused(&start(&["--", "sleep", "601"]), 5, "session.limit");
    assert_eq!(sessions(&project).len(), 32);
    // and what runs ends with the stack
    let viewer = terminal.start(command(&home, &project, &["attach", "3", "s7"]));
    wait_until("the viewer", SHORT, || terminal.is_raw());
    project.harness(["teardown", "3"]).run().succeeds();
    ends_with(viewer, 128 + 15, &terminal);
    terminal.expect("session `s7` was ended by signal 15");
}

#[test]
fn vim_is_shared_survives_the_supervisor_and_shows_the_same_to_who_comes_late() {
    #[allow(clippy::print_stderr)]
    if which::which("vim").is_err() {
        eprintln!("skipped: there is no vim");
        return;
    }
    let home = TestHome::new();
    let project = start(&home, "board");
    let vim =
        ["session", "start", "3", "--", "vim", "-u", "NONE", "-N", "-n", "--cmd", "set ruler mouse=a ttymouse=sgr"];
    project.harness(vim).run().succeeds();
    let first = Terminal::open(70, 20);
    let one = first.start(command(&home, &project, &["attach", "3", "vim"]));
    // vim leaves its greeting out where it hears of another size while it starts
    first.awaits("0,0-1");
    first.type_in("ihello from one\x1b");
    first.awaits("hello from one");
    assert!(first.modes().alternate && first.modes().sgr_mouse, "{:?}", first.modes());
    // as large as the terminal of who typed
    first.awaits("1,14");
    let second = Terminal::open(100, 28);
    let two = second.start(command(&home, &project, &["attach", "3"]));
    second.awaits("hello from one");
    second.type_in("o");
    second.type_in("and wide \u{4f60}\u{597d} from two\x1b");
    first.awaits("wide \u{4f60}\u{597d} from two");
    wait_until("the size of who typed last", LONG, || second.shows()[27].contains("2,"));
    first.resize(100, 28);
    same(&first, &second);
    // the supervisor dies under them, and they type on
    home.replace_supervisor(3);
    first.type_in("othird line\x1b");
    second.awaits("third line");
    same(&first, &second);
    // it is replaced by another binary
    project.harness(["restart", "3", "--supervisor"]).run().succeeds();
    second.type_in("ofourth line\x1b");
    first.awaits("fourth line");
    // one leaves, one is ended
    first.type_in(LEAVE);
    ends_with(one, 0, &first);
    first.expect("join it again with `harness attach 3 vim`");
    kill_process(Pid::from_child(&two), Signal::TERM).unwrap();
    ends_with(two, 128 + 15, &second);
    assert_eq!(sessions(&project)[0]["state"], "running");
    home.replace_supervisor(3);
    let (late, looker) = (Terminal::open(100, 28), Terminal::open(60, 28));
    let three = late.start(command(&home, &project, &["attach", "3"]));
    late.awaits("fourth line");
    assert!(late.modes().alternate && late.modes().sgr_mouse, "{:?}", late.modes());
    // vim waits for a second whether more follows an escape
    late.awaits("4,11");
    let four = looker.start(command(&home, &project, &["attach", "3", "--read-only", "--detach-keys", "ctrl-x"]));
    looker.awaits("fourth line");
    looker.type_in("dd:q!\r");
    late.type_in("\x1b:echo 'si' . 'ze' &columns\r");
    late.awaits("size 100");
    looker.awaits("size 100");
    assert!(late.shows().join("").contains("fourth line"));
    looker.type_in("\x18");
    ends_with(four, 0, &looker);
    late.type_in("\r:cquit 3\r");
    ends_with(three, 3, &late);
}

#[test]
fn a_flood_stalls_neither_the_session_nor_others_and_a_frozen_viewer_catches_up() {
    let home = TestHome::new();
    let project = start(&home, "board");
    let megabytes: u64 = std::env::var("HARNESS_TEST_FLOOD").ok().and_then(|it| it.parse().ok()).unwrap_or(12);
    // it draws on the alternate screen, switches paste brackets on, and then prints more than the log keeps in one file
    let script = format!(
        "printf '\\033[?2004h'; read go; head -c {} /dev/zero | tr '\\0' 'x' | fold -w 79; echo done with it; \
         stty -echo; while read line; do echo \"[$line]\"; done",
        megabytes << 20
    );
    project.harness(["session", "start", "3", "--name", "flood", "--", "sh", "-c", &script]).run().succeeds();
    let (frozen, looking) = (Terminal::open(80, 24), Terminal::open(80, 24));
    let one = frozen.start(command(&home, &project, &["attach", "3"]));
    let two = looking.start(command(&home, &project, &["attach", "3"]));
    wait_until("both to have joined", LONG, || frozen.modes().bracketed_paste && looking.modes().bracketed_paste);
    kill_process(Pid::from_child(&one), Signal::STOP).unwrap();
    let began = std::time::Instant::now();
    looking.type_in("\r");
    looking.awaits("xxxxxxxx");
    // the supervisor answers meanwhile
    let asked = std::time::Instant::now();
    project.harness(["health", "3"]).run().succeeds();
    assert!(asked.elapsed() < SHORT, "{:?}", asked.elapsed());
    looking.awaits("done with it");
    #[allow(clippy::print_stderr)] // the figure, for who asked for more
    if megabytes > 12 {
        eprintln!("{megabytes} MB in {:?}", began.elapsed());
    }
    looking.type_in("first\r");
    looking.awaits("[first]");
    kill_process(Pid::from_child(&one), Signal::CONT).unwrap();
    frozen.awaits("[first]");
    same(&frozen, &looking);
    // who comes now has the modes of a beginning that the log does not hold any more
    let late = Terminal::open(80, 24);
    let three = late.start(command(&home, &project, &["attach", "3"]));
    late.awaits("[first]");
    wait_until("the modes", LONG, || late.modes().bracketed_paste);
    same(&late, &looking);
    assert!(late.scrollback().iter().any(|row| row.starts_with("xxxx")), "a scrollback came along");
    // a successor of the supervisor knows the screen too
    home.replace_supervisor(3);
    looking.type_in("second\r");
    looking.awaits("[second]");
    let last = Terminal::open(80, 24);
    let four = last.start(command(&home, &project, &["attach", "3"]));
    last.awaits("[second]");
    same(&last, &late);
    for (child, terminal) in [(one, &frozen), (two, &looking), (three, &late), (four, &last)] {
        terminal.type_in(LEAVE);
        ends_with(child, 0, terminal);
    }
    // the log stays within its bounds
    let logs = std::fs::read_dir(home.path().join("agents/3/logs")).unwrap();
    let of_flood = logs.map(Result::unwrap).filter(|it| it.file_name().to_string_lossy().starts_with("flood."));
    let size: u64 = of_flood.map(|it| it.metadata().unwrap().len()).sum();
    assert!(size < 24 << 20, "{size} bytes");
}
