//! Many clients, idle ones and busy ones, and clients that say nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::server::{Server, Socket};
use crate::support::{LONG, SHORT, TestHome, get, wait_until};

/// Bytes that a process has in memory.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn a_thousand_idle_listeners_and_a_hundred_busy_ones_cost_little_and_hold_up_no_other() {
    harness::system::raise_open_files(4096);
    let home = TestHome::new();
    let server = Server::start(&home);
    let bearer = format!("Authorization: Bearer {}\r\n", server.token);
    let open = |path: &str| Socket::open(&server, path, &bearer);
    let before = resident(server.pid());
    // those that never read: what is sent to them waits in the kernel, or is lost with a mark
    let idle: Vec<Socket> = (0..1000).map(|_| open("/ws").unwrap()).collect();
    let mut busy: Vec<Socket> = (0..100).map(|_| open("/ws").unwrap()).collect();
    for number in 0..50 {
        let began = Instant::now();
        let made = server.request(
            "POST",
            "/api/tasks",
            &json!({ "title": format!("Task {number}"), "text": "x".repeat(500) }),
        );
        assert_eq!(made.status, 201);
        assert!(began.elapsed() < Duration::from_secs(5), "others are served");
    }
    for socket in &mut busy {
        let titles: Vec<Value> = (0..50).map(|_| socket.next()["title"].clone()).collect();
        assert_eq!(titles[49], "Task 49");
    }
    let grown = resident(server.pid()).saturating_sub(before);
    assert!(grown < 100 << 20, "{} MB for 1,100 connections", grown >> 20);
    // there is an end to it
    let more: Vec<Socket> = (0..400).map(|_| open("/ws").unwrap()).collect();
    let refused = open("/ws").err().unwrap_or_default();
    assert!(refused.contains("429"), "serve.listeners");
    assert_eq!(get(server.port, "/health").status, 200);
    drop((idle, busy, more));
    wait_until("room for another", LONG, || open("/ws").is_ok());
}

#[test]
fn logs_that_are_followed_take_no_place_of_what_is_answered_at_once() {
    let home = TestHome::new();
    let project = home.project("shop").toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    let server = Server::start(&home);
    let follow = || server.follow("/api/agents/3/logs?follow=1");
    let mut streams: Vec<_> = (0..64).map(|_| follow()).collect();
    for stream in &mut streams {
        stream.begun();
    }
    let refused = server.request("GET", "/api/agents/3/logs?follow=1", &Value::Null);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (429, &json!("serve.followers")), "{refused:?}");
    assert_eq!(server.get("/api/agents/3")["agents"][0]["state"], "healthy");
    streams.pop();
    wait_until("room for another", SHORT, || {
        let mut stream = follow();
        stream.status().contains("200")
    });
}

#[test]
fn who_says_nothing_is_let_go_and_a_stuck_job_does_not_keep_the_server() {
    let home = TestHome::new();
    let stuck = "[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"trap '' TERM INT HUP; touch begun; while :; do sleep 1; done\" }]\n";
    let project = home.project("shop").toml(stuck).toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    let server = Server::start(&home);
    let mut silent = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    silent.write_all(b"GET /health HT").unwrap();
    assert_eq!(server.request("POST", "/api/agents/3/verify", &json!({})).status, 202);
    wait_until("the job to be stuck", LONG, || project.root().join("begun").exists());
    silent.set_read_timeout(Some(LONG)).unwrap();
    let began = Instant::now();
    // with or without a last word
    let _ = silent.read_to_end(&mut Vec::new());
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let began = Instant::now();
    let ended = server.ends_by(Signal::TERM);
    assert!(began.elapsed() < Duration::from_secs(30) && ended.code == Some(0), "{:?}: {ended}", began.elapsed());
}
