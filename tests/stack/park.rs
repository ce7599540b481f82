//! `park`: processes that are stopped until a client connects, and stacks that park themselves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::support::{LONG, TestHome, TestProject, get, wait_until};

fn state(project: &TestProject<'_>) -> String {
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    status["agents"][0]["state"].as_str().unwrap().to_owned()
}

fn own_log(home: &TestHome) -> String {
    std::fs::read_to_string(home.path().join("agents/3/logs/supervisor.log")).unwrap_or_default()
}

#[test]
fn a_parked_stack_is_woken_by_a_connection_that_loses_no_byte() {
    let home = TestHome::new();
    let once = "[processes.once]\ncommand = \"sh -c 'echo ran >> once.txt'\"\nrestart = \"no\"\n";
    let project = home.project("shop").application("api").toml(once).write();
    project.harness(["launch", "3"]).run().succeeds();
    let first = get(project.port("api", 3), "/pid").body;

    let parked = project.harness(["park", "3", "--json"]).run().succeeds().json();
    assert_eq!((&parked["schema"], &parked["state"]), (&"harness/park/1".into(), &"parked".into()), "{parked:#}");
    assert_eq!(state(&project), "parked");
    // what was parked is parked again, and the port is the stack's own
    project.harness(["park", "3"]).run().succeeds();
    let ports = project.harness(["ports", "3", "--json"]).run().succeeds().json();
    assert_eq!((&ports["ports"][0]["listening"], &ports["ports"][0]["own"]), (&true.into(), &true.into()));

    // a request in pieces, the first of them before anything runs; another connection beside it
    let mut visitor = TcpStream::connect(("127.0.0.1", project.port("api", 3))).unwrap();
    visitor.write_all(b"GET /pid HT").unwrap();
    wait_until("the stack to wake", LONG, || state(&project) == "healthy");
    visitor.write_all(b"TP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    visitor.read_to_string(&mut answer).unwrap();
    let second = get(project.port("api", 3), "/pid").body;
    assert!(answer.ends_with(&second), "{answer}");
    assert_ne!(first, second);
    // what had completed is not run again
    assert_eq!(project.read("once.txt"), "ran\n");

    // parked stacks survive their supervisor
    project.harness(["park", "3"]).run().succeeds();
    home.replace_supervisor(3);
    wait_until("the next supervisor to listen", LONG, || {
        let ports = project.harness(["ports", "3", "--json"]).run().succeeds().json();
        ports["ports"][0]["listening"] == true && state(&project) == "parked"
    });
    assert_ne!(get(project.port("api", 3), "/pid").body, second);
    // by hand, by verify, and at the end
    project.harness(["park", "3"]).run().succeeds();
    project.harness(["start", "3"]).run().succeeds();
    project.harness(["stop", "3"]).run().succeeds();
    let refused = project.harness(["park", "3", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "stack.nothing_to_park");
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["park", "3"]).run().succeeds();
    project.harness(["teardown", "3"]).run().succeeds();
}

#[test]
fn a_stack_that_nobody_uses_parks_itself_and_verify_wakes_it() {
    let home = TestHome::new();
    let toml = "[launch]\nidle = \"2s\"\n[[verify.stages]]\nname = \"check\"\ncommands = [{ name = \"true\", run = \"true\" }]\n";
    let project = home.project("shop").application("api").toml(toml).write();
    project.harness(["launch", "3"]).run().succeeds();
    // an open connection is use
    let visitor = TcpStream::connect(("127.0.0.1", project.port("api", 3))).unwrap();
    let began = Instant::now();
    wait_until("twice the time without use", LONG, || {
        assert_eq!(state(&project), "healthy");
        began.elapsed().as_secs() >= 4
    });
    drop(visitor);
    wait_until("the stack to park itself", LONG, || state(&project) == "parked");
    assert!(own_log(&home).contains("parked: this stack was not used"), "{}", own_log(&home));
    let verified = project.harness(["verify", "3", "--json"]).run().succeeds().json();
    assert_eq!(verified["status"], "pass", "{verified:#}");
}
