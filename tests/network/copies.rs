//! Copies of one application, with ports in their source, beside each other.

use std::process::Command;

use crate::support::{TestHome, get, python};

/// What an application is started with.
struct Application {
    command: String,
    files: Vec<(&'static str, &'static str)>,
}

/// Launches three agents of an application that listens on 3000 and asks a second process, which listens on 5432 in
/// its own source as well; each must answer with its own agent's number twice.
fn three_copies_answer_for_themselves(application: &Application) {
    let home = TestHome::new();
    let mut project = home.project("written").port("web").port("store").toml(&format!(
        r#"[network]
map = {{ 3000 = "{{{{ ports.web }}}}", 5432 = "{{{{ ports.store }}}}" }}
[processes.web]
command = "{}"
readiness_probe = {{ http_get = {{ path = "/", port = "{{{{ ports.web }}}}" }}, period_seconds = 0.1, failure_threshold = 600 }}
depends_on = {{ store = {{ condition = "process_healthy" }} }}
[processes.store]
command = "{} -I store.py"
readiness_probe = {{ http_get = {{ path = "/", port = "{{{{ ports.store }}}}" }}, period_seconds = 0.1, failure_threshold = 600 }}
"#,
        application.command,
        python(),
    ));
    project = project.file("store.py", STORE);
    for (name, text) in &application.files {
        project = project.file(name, text);
    }
    let project = project.write();
    project.harness(["launch", "1", "2", "3"]).run().succeeds();
    for agent in [1, 2, 3] {
        let answer = get(project.port("web", agent), "/");
        assert_eq!(answer.body, format!("{agent} of store {agent}"));
    }
    project.harness(["teardown", "1", "2", "3"]).run().succeeds();
}

const STORE: &str = r#"
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = ("store " + os.environ["AGENT_ID"]).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", 5432), Handler).serve_forever()
"#;

#[test]
fn three_copies_in_python_with_ports_in_their_source_run_beside_each_other() {
    three_copies_answer_for_themselves(&Application {
        command: format!("{} -I web.py", python()),
        files: vec![(
            "web.py",
            r#"
import http.server, os, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        store = urllib.request.urlopen("http://localhost:5432/").read()
        body = os.environ["AGENT_ID"].encode() + b" of " + store
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 3000), Handler).serve_forever()
"#,
        )],
    });
}

#[test]
fn three_copies_in_node_with_ports_in_their_source_run_beside_each_other() {
    three_copies_answer_for_themselves(&Application {
        command: "node web.mjs".to_owned(),
        files: vec![(
            "web.mjs",
            r#"
import http from "node:http";
http.createServer(async (_, answer) => {
  const store = await (await fetch("http://localhost:5432/")).text();
  answer.end(`${process.env.AGENT_ID} of ${store}`);
}).listen(3000);
"#,
        )],
    });
}

#[test]
fn three_copies_in_go_with_ports_in_their_source_run_beside_each_other() {
    // a static program, which no preloaded library would reach
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("web.go");
    std::fs::write(&source, GO).unwrap();
    let program = directory.path().join("web");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &source])
        .env("CGO_ENABLED", "0")
        .output()
        .expect("run go");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    three_copies_answer_for_themselves(&Application { command: program.display().to_string(), files: Vec::new() });
}

const GO: &str = r#"
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		store, err := http.Get("http://localhost:5432/")
		if err != nil {
			panic(err)
		}
		defer store.Body.Close()
		body, _ := io.ReadAll(store.Body)
		fmt.Fprintf(answer, "%s of %s", os.Getenv("AGENT_ID"), body)
	})
	panic(http.ListenAndServe(":3000", nil))
}
"#;
