//! The stream of events: numbered, resumable.

use serde_json::json;

use super::server::{Server, Socket};
use crate::support::TestHome;

#[test]
fn events_are_resumed_by_number_over_both_ways() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let create = |server: &Server, title: &str| server.request("POST", "/api/tasks", &json!({ "title": title })).json();
    let mut live = server.follow("/api/events");
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let mut socket = Socket::open(&server, "/ws", &bearer).unwrap();
    for title in ["One", "Two", "Three"] {
        create(&server, title);
    }
    let seen: Vec<_> = (0..3).map(|_| live.next()).collect();
    assert_eq!(seen.iter().map(|event| event["title"].as_str().unwrap()).collect::<Vec<_>>(), ["One", "Two", "Three"]);
    let numbers: Vec<u64> = seen.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [numbers[0], numbers[0] + 1, numbers[0] + 2]);
    assert_eq!([socket.next(), socket.next(), socket.next()].to_vec(), seen);
    // also by another server, from its database
    server.ends_by(rustix::process::Signal::KILL);
    let server = Server::start(&home);
    let mut resumed = server.follow(&format!("/api/events?since={}", numbers[0]));
    assert_eq!([resumed.next(), resumed.next()].to_vec(), seen[1..]);
    create(&server, "Four");
    assert_eq!((resumed.next()["number"].as_u64(), numbers[2] + 1), (Some(numbers[2] + 1), numbers[2] + 1));
    // of another home, or a database that is gone
    let mut beyond = server.follow("/api/events?since=99999");
    assert_eq!(beyond.next()["type"], "lost");
    create(&server, "Five");
    assert_eq!(beyond.next()["title"], "Five");
}

#[test]
fn what_commands_and_supervisors_do_are_events() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .application("api")
        .toml("[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"true\" }]\n")
        .write();
    let server = Server::start(&home);
    let mut live = server.follow("/api/events");
    let mut until = |what: &str, is: &dyn Fn(&serde_json::Value) -> bool| {
        // each of them within the reader's time limit
        std::iter::from_fn(|| Some(live.next())).find(is).unwrap_or_else(|| panic!("{what}"))
    };
    let process = |event: &serde_json::Value, state: &str| {
        event["type"] == "process"
            && event["stack"] == "agent-3"
            && event["process"] == "api"
            && event["state"] == state
    };
    project.harness(["launch", "3"]).run().succeeds();
    until("the launch", &|event| event["type"] == "agent" && event["change"] == "launching");
    let ready = until("a ready process", &|event| process(event, "ready"));
    let pid = i32::try_from(ready["pid"].as_i64().unwrap()).unwrap();
    // an end that nobody asked for, and its restart
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
    until("its end", &|event| event["type"] == "process" && event["exit"]["signal"] == 9);
    let again = until("its restart", &|event| process(event, "ready"));
    assert_eq!(again["restarts"], 1, "{again}");
    // a supervisor that is killed is followed by its successor
    project.harness(["restart", "3", "--supervisor"]).run().succeeds();
    project.harness(["stop", "3"]).run().succeeds();
    until("the stop", &|event| process(event, "stopped"));
    project.harness(["start", "3"]).run().succeeds();
    project.harness(["verify", "3"]).run().succeeds();
    let verified = until("the verdict", &|event| event["type"] == "verify");
    assert_eq!((verified["agent"].as_u64(), verified["status"].as_str()), (Some(3), Some("pass")));
    project.harness(["teardown", "3"]).run().succeeds();
    until("the end of the stack", &|event| event["type"] == "stack" && event["running"] == false);
    until("the removal", &|event| event["type"] == "agent" && event["change"] == "removed");

    let printed = project.harness(["events"]).run().succeeds().stdout;
    let numbers: Vec<u64> = printed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["number"].as_u64().unwrap())
        .collect();
    assert!(numbers.len() > 10 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    let last = (numbers[numbers.len() - 2]).to_string();
    let after = project.harness(["events", "--since", &last]).run().succeeds().stdout;
    assert_eq!(after.lines().count(), 1, "{after}");
    drop(server);
    project.harness(["events"]).run().exits_with(5).says("harness serve");
}
