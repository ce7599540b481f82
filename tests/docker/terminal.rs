//! A prompt inside a container, on a terminal.

use std::io::Write;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::machine::available;
use crate::support::{LONG, Terminal, TestHome, TestProject, wait_until};

fn command(home: &TestHome, project: &TestProject, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_harness"));
    command.args(arguments).env_clear().envs(home.environment()).env("TERM", "xterm").current_dir(project.root());
    command
}

#[test]
fn a_prompt_in_a_container_has_the_users_terminal_and_gives_it_back() {
    if !available(&["db"]) {
        return;
    }
    let home = TestHome::new();
    let project = home.project("shop").engine("docker").with_items().application("api").write();
    project.harness(["launch", "1"]).deadline(LONG).run().succeeds();

    let terminal = Terminal::open(97, 31);
    assert!(!terminal.is_raw());
    let mut psql = terminal.start(command(&home, &project, &["psql", "1", "--", "-X", "-P", "pager=off"]));
    terminal.expect("agent_1=>");
    assert!(terminal.is_raw());
    terminal.type_in("SELECT name || 6 * 7 FROM items;\r");
    terminal.expect("seeded42");
    terminal.type_in("\\! echo term $TERM\r");
    terminal.expect("term xterm");
    // the engine sizes a terminal after it has started its program
    wait_until("the size", LONG, || {
        terminal.type_in("\\! echo size:$(stty size)\r");
        terminal.has_seen("size:31 97")
    });

    // it follows the window
    terminal.resize(121, 43);
    wait_until("the new size", LONG, || {
        terminal.type_in("\\! echo size:$(stty size)\r");
        terminal.has_seen("size:43 121")
    });

    // Ctrl-C is psql's, not harness's
    terminal.type_in("SELECT pg_sleep(600);\r");
    wait_until("the query to run", LONG, || {
        let running = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' \
                       AND pid <> pg_backend_pid()";
        project.query(1, running).is_ok_and(|rows| !rows.is_empty())
    });
    terminal.type_in("\x03");
    terminal.expect("canceling statement due to user request");
    terminal.type_in("\\q\r");
    assert_eq!(psql.wait().unwrap().code(), Some(0));
    assert!(!terminal.is_raw());

    // the exit status comes through
    let exec = ["exec", "1", "--in", "db", "--", "sh", "-c", "test -t 0 && test -t 1 && exit 7"];
    assert_eq!(terminal.start(command(&home, &project, &exec)).wait().unwrap().code(), Some(7));
    assert!(!terminal.is_raw());

    terminal.forget();
    // harness told to end gives the terminal back, and nobody stays at the prompt inside
    let mut psql = terminal.start(command(&home, &project, &["psql", "1", "--", "-X"]));
    terminal.expect("agent_1=>");
    assert!(terminal.is_raw());
    kill_process(Pid::from_child(&psql), Signal::TERM).unwrap();
    assert_eq!(psql.wait().unwrap().code(), Some(128 + 15));
    assert!(!terminal.is_raw());
    wait_until("psql inside to end", LONG, || {
        let prompts = ["exec", "1", "--in", "db", "--", "sh", "-c", "cat /proc/[0-9]*/comm | grep -cx psql || true"];
        project.harness(prompts).run().succeeds().stdout.trim() == "0"
    });

    // and without a terminal it reads what it is given
    let mut psql = command(&home, &project, &["psql", "1", "--", "-X", "-A", "-t"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    psql.stdin.take().unwrap().write_all(b"SELECT 'piped ' || count(*) FROM items;\n").unwrap();
    let output = psql.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "piped 1\n");
}
