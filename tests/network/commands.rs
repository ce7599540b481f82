//! Commands beside the stack live under its map too: steps, `exec`, `verify`, and what `exec` leaves behind.

use std::fs;

use crate::support::{LONG, TestHome, TestProject, python, wait_until};

const WEB: &str = r#"
import os, socket
with socket.create_server(("127.0.0.1", 3000)) as server:
    while True:
        s, _ = server.accept()
        s.sendall(os.environ["AGENT_ID"].encode())
        s.close()
"#;

/// Prints which agent answers on 3000.
const ASK: &str = r#"
import socket
with socket.create_connection(("localhost", 3000)) as s:
    print(s.recv(9).decode(), flush=True)
"#;

/// Waits until the command that started it has ended, which it is shown by a file, and asks then.
const ASK_LATER: &str = r#"
import os, socket, time
while not os.path.exists("ended"):
    time.sleep(0.01)
with socket.create_connection(("localhost", 3000)) as s, open("later.new", "w") as f:
    f.write(s.recv(9).decode())
os.rename("later.new", "later")
"#;

/// Writes down which port it gets for 3000.
const BIND: &str = r#"
import socket
with socket.socket() as s, open("bound", "w") as f:
    # as every server does: connections of before may linger on the port
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 3000))
    f.write(str(s.getsockname()[1]))
"#;

fn launched(home: &TestHome) -> TestProject<'_> {
    let python = python();
    let project = home
        .project("written")
        .port("web")
        .toml(&format!(
            r#"[network]
map = {{ 3000 = "{{{{ ports.web }}}}" }}
[prepare]
steps = [{{ name = "bind", run = "{python} -I bind.py" }}]
[processes.web]
command = "{python} -I web.py"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.1, failure_threshold = 600 }}
[[verify.stages]]
name = "ask"
commands = [{{ name = "ask", run = "test $({python} -I ask.py) = $AGENT_ID" }}]
"#
        ))
        .file("web.py", WEB)
        .file("ask.py", ASK)
        .file("later.py", ASK_LATER)
        .file("bind.py", BIND)
        .write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    project
}

#[test]
fn exec_shell_verify_and_prepare_mean_their_own_agent() {
    let home = TestHome::new();
    let project = launched(&home);
    // both agents work in the project's root, and the second was prepared last or first
    let bound: u16 = project.read("bound").parse().unwrap();
    assert!([1, 2].map(|agent| project.port("web", agent)).contains(&bound), "{bound}");
    for agent in ["1", "2"] {
        let asked = project.harness(["exec", agent, "--", python(), "-I", "ask.py"]).run().succeeds();
        assert_eq!(asked.stdout, format!("{agent}\n"));
        // one within the other goes on under the outer one
        let nested =
            ["exec", agent, "--", env!("CARGO_BIN_EXE_harness"), "exec", agent, "--", python(), "-I", "ask.py"];
        let asked = project.harness(nested).run().succeeds();
        assert_eq!(asked.stdout, format!("{agent}\n"));
        let verdict = project.harness(["verify", agent]).run();
        assert!(verdict.succeeds().stdout.contains("ask"));
    }
    let other = ["exec", "1", "--", env!("CARGO_BIN_EXE_harness"), "exec", "2", "--", python(), "-I", "ask.py"];
    let refused = project.harness(other).run();
    assert!(refused.stderr.contains("under the loopback map of agent 1"), "{refused}");
    project.harness(["teardown", "1", "2"]).run().succeeds();
}

#[test]
fn what_exec_leaves_behind_goes_on_under_the_map() {
    let home = TestHome::new();
    let project = launched(&home);
    let background = format!("{} -I later.py >/dev/null 2>&1 &", python());
    project.harness(["exec", "2", "--", "sh", "-c", &background]).run().succeeds();
    project.put("ended", "");
    let answer = project.root().join("later");
    wait_until("the answer to a program that outlived its command", LONG, || answer.exists());
    assert_eq!(fs::read_to_string(&answer).unwrap(), "2");
    project.harness(["teardown", "1", "2"]).run().succeeds();
}

#[test]
fn steps_of_the_template_and_of_clones_reach_the_database_by_the_port_they_know() {
    let home = TestHome::new();
    let step =
        |text: &str| format!("env -u PGPORT psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p 5432 -c \\\"{text}\\\"");
    let project = home
        .project("written")
        .with_database()
        .toml(&format!(
            r#"[network]
map = {{ 5432 = "{{{{ database.port }}}}" }}
[database]
post_clone = ["{}"]
[database.template]
steps = [{{ name = "schema", run = "{}" }}]
"#,
            step("insert into items values ('cloned')"),
            step("create table items (name text)"),
        ))
        .write();
    project.harness(["launch", "1"]).run().succeeds();
    let psql =
        ["exec", "1", "--in", "db", "--", "psql", "-X", "-A", "-t", "-p", "5432", "-c", "select name from items"];
    assert_eq!(project.harness(psql).run().succeeds().stdout, "cloned\n");
    project.harness(["teardown", "1"]).run().succeeds();
}
