//! `harness mcp`: with the official client, and message by message.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{SHORT, TestHome, TestProject, wait_until};

/// A Python that has the official SDK: `HARNESS_TEST_MCP_PYTHON`, or where `.ci/run install` makes one.
fn official() -> Option<PathBuf> {
    let made = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/harness-tests/mcp/bin/python"));
    let python = std::env::var_os("HARNESS_TEST_MCP_PYTHON").map(PathBuf::from).or_else(made)?;
    let has = Command::new(&python).args(["-c", "import mcp"]).stderr(Stdio::null()).status();
    has.is_ok_and(|status| status.success()).then_some(python)
}

#[test]
fn the_official_client_calls_every_tool() {
    let Some(python) = official() else {
        println!("skipped: no Python with the package `mcp`");
        return;
    };
    let home = TestHome::new();
    let stage = "[[verify.stages]]\nname = \"check\"\ncommands = [{ name = \"never\", run = \"echo nope; false\" }]\n";
    let project = home.project("shop").with_items().application("api").toml(stage).write();
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/mcp/client.py");
    let output = Command::new(python)
        .args([client, env!("CARGO_BIN_EXE_harness")])
        .arg(project.root())
        .env_clear()
        .envs(home.environment())
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"done\n"), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A client that sees every byte.
struct RawClient {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl RawClient {
    fn start(project: &TestProject<'_>) -> Self {
        let mut server = project.harness(["mcp"]).child();
        let (input, output) = (server.stdin.take(), BufReader::new(server.stdout.take().unwrap()));
        let mut client = Self { server, input, output };
        let client_info = json!({ "name": "raw", "version": "1" });
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client_info });
        client.say(&json!({ "id": 0, "method": "initialize", "params": hello }));
        assert_eq!(client.hear()["result"]["serverInfo"]["name"], "harness");
        client.say(&json!({ "method": "notifications/initialized" }));
        client
    }

    fn say(&mut self, message: &Value) {
        let mut message = message.clone();
        message["jsonrpc"] = "2.0".into();
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    fn call(&mut self, id: u32, tool: &str, arguments: &Value) {
        self.say(&json!({ "id": id, "method": "tools/call", "params": { "name": tool, "arguments": arguments } }));
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Waits for the end, which was asked for; what it still said.
    fn ends(mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.server.wait().unwrap().success());
        rest
    }
}

#[test]
fn a_launch_that_is_cancelled_is_undone_and_the_server_goes_on() {
    let home = TestHome::new();
    let never = "[processes.never]\ncommand = \"sleep 600\"\nready_log_line = \"up\"\n";
    let project = home.project("shop").toml(never).write();
    for close in [false, true] {
        let mut client = RawClient::start(&project);
        client.call(1, "harness_launch", &json!({ "agent": 3 }));
        let record = home.path().join("agents/3/record.json");
        wait_until("the launch to begin", SHORT, || record.exists());
        if close {
            // the end of stdin is one Ctrl-C
            client.input = None;
            client.ends();
            assert!(!record.exists(), "the launch is undone");
            continue;
        }
        client.say(&json!({ "method": "notifications/cancelled", "params": { "requestId": 1 } }));
        wait_until("the launch to be undone", SHORT, || !record.exists());
        // its answer is not sent, the next one is
        client.call(2, "harness_url", &json!({ "agent": 3 }));
        let answer = client.hear();
        assert_eq!((&answer["id"], &answer["result"]["isError"]), (&2.into(), &true.into()), "{answer}");
        assert_eq!(answer["result"]["structuredContent"]["error"]["code"], "agent.unknown");
        for (id, arguments, code) in
            [(3, json!({ "nonsense": 1 }), "mcp.arguments"), (4, json!({ "worktree": "/nowhere" }), "mcp.no_tree")]
        {
            client.call(id, "harness_url", &arguments);
            assert_eq!(client.hear()["result"]["structuredContent"]["error"]["code"], code);
        }
        client.input = None;
        assert_eq!(client.ends(), "");
    }
}

#[test]
fn what_is_not_json_is_answered_and_the_server_goes_on() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let mut client = RawClient::start(&project);
    for broken in ["{\"jsonrpc\": \"2.0\", \"id\": 1,", "nonsense", "\"\u{fffd}"] {
        writeln!(client.input.as_mut().unwrap(), "{broken}").unwrap();
        let answer = client.hear();
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(-32700), &Value::Null), "{answer}");
    }
    // an empty line separates, and JSON that is no request is another error
    writeln!(client.input.as_mut().unwrap(), "\n[1]").unwrap();
    assert_eq!(client.hear()["error"]["code"], -32600);
    client.call(7, "harness_url", &json!({ "agent": 3 }));
    assert_eq!(client.hear()["id"], 7);
    // with the end right behind it
    writeln!(client.input.as_mut().unwrap(), "{{").unwrap();
    client.input = None;
    assert!(client.ends().contains("-32700"));
}

#[test]
fn an_argument_that_may_be_left_out_has_one_type() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let mut client = RawClient::start(&project);
    client.say(&json!({ "id": 1, "method": "tools/list" }));
    let listed = client.hear();
    let tools = listed["result"]["tools"].as_array().unwrap();
    let logs = tools.iter().find(|tool| tool["name"] == "harness_logs").unwrap();
    assert_eq!(logs["inputSchema"]["properties"]["lines"]["type"], "integer");
    // clients turn what a person types into the type that they are told
    assert!(tools.iter().all(|tool| !tool["inputSchema"].to_string().contains("null")), "{listed}");
}

#[test]
fn the_server_ends_by_signal_and_without_a_client() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let client = RawClient::start(&project);
    kill_process(Pid::from_raw(client.server.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert_eq!(client.ends(), "");
    // stdin is /dev/null
    let outcome = project.harness(["mcp"]).run().succeeds();
    assert_eq!(outcome.stdout, "");
}

#[test]
fn logs_are_read_backwards_page_by_page() {
    let home = TestHome::new();
    let job = "[processes.job]\ncommand = \"seq 1 300; exec sleep 600\"\n";
    let project = home.project("shop").toml(job).write();
    project.harness(["launch", "3"]).run().succeeds();
    let mut client = RawClient::start(&project);
    let mut page = |id: u32, arguments: Value| {
        client.call(id, "harness_logs", &arguments);
        client.hear()["result"]["structuredContent"].clone()
    };
    let whole = || project.harness(["logs", "3"]).run().succeeds().stdout.contains("300");
    wait_until("the job to have printed", SHORT, whole);
    let newest = page(1, json!({ "lines": 2 }));
    let said = |page: &Value| -> Vec<String> {
        page["lines"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((said(&newest), &newest["next_offset"]), (vec!["299".to_owned(), "300".to_owned()], &2.into()));
    assert_eq!(said(&page(2, json!({ "lines": 2, "offset": 2 }))), ["297", "298"]);
    let oldest = page(3, json!({ "lines": 1000, "offset": 298 }));
    assert_eq!((said(&oldest), &oldest["next_offset"]), (vec!["1".to_owned(), "2".to_owned()], &Value::Null));
    assert_eq!(said(&page(4, json!({ "grep": "^29[0-2]$" }))), ["290", "291", "292"]);
}
