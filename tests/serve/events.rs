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
