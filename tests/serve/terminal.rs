//! A session in Chromium: what full-screen programs need, and what it outlives.

#![allow(clippy::print_stderr)] // a test that was skipped says so

use rustix::process::Signal;
use serde_json::{Value, json};

use super::chromium::Script;
use super::server::Server;
use crate::support::TestHome;

#[test]
fn vim_and_less_work_in_a_browser_and_outlive_server_and_supervisor() {
    if let Some(missing) = ["vim", "less"].into_iter().find(|program| which::which(program).is_err()) {
        eprintln!("skipped: there is no {missing}");
        return;
    }
    let home = TestHome::new();
    let project = home.project("board").port("web").toml("[processes.plain]\ncommand = \"sleep 600\"\n").write();
    project.harness(["launch", "3"]).run().succeeds();
    let vim = ["vim", "-u", "NONE", "-N", "-n", "--cmd", "set ruler mouse=a ttymouse=sgr"];
    project.harness(["session", "start", "3", "--"].iter().chain(&vim).copied()).run().succeeds();
    let shell = ["session", "start", "3", "--name", "shell", "--", "sh"];
    project.harness(shell).run().succeeds();
    let mut server = Some(Server::start(&home));
    let Some(mut script) = Script::start("terminal.mjs", &home, server.as_ref().unwrap(), &[]) else { return };
    script.at("kill serve", || {
        server.take().unwrap().ends_by(Signal::KILL);
        server = Some(Server::start(&home));
    });
    script.at("kill supervisor", || home.replace_supervisor(3));
    let seen = script.seen();
    let is = |what: &str, expected: Value| assert_eq!(seen[what], expected, "{what} in {seen:#}");
    is("wrong", json!([]));
    is("columns", json!(4));
    is("pasted", json!(["    pasted :q!", "by brackets"]));
    is("copied", json!("first"));
    is("reloaded", json!(true));
    is("together", json!([true, true, true, true, true, true]));
    is("last", json!(6));
    is("scrolled", json!(true));
    is("red", json!("var(--c1)"));
}
