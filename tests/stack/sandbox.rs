//! Verbs inside a sandbox without a network.

use std::path::Path;

use harness::supervisor::{Client, Destination};

use crate::support::{HarnessCommand, TestHome, TestProject, block_on, get};

/// A sandbox without a network, which sees the project and this directory of the home.
fn sandboxed(project: &TestProject<'_>, visible: &Path, arguments: &[&str]) -> HarnessCommand {
    let harness = env!("CARGO_BIN_EXE_harness");
    let options = "--unshare-net --unshare-pid --die-with-parent --proc /proc --dev /dev --ro-bind /usr /usr \
                   --ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64";
    let root = project.root().display().to_string();
    let visible = visible.display().to_string();
    let own = ["--ro-bind", harness, harness, "--bind", &root, &root, "--bind", &visible, &visible, "--chdir", &root];
    project
        .harness(options.split_whitespace())
        .binary(Path::new("/usr/bin/bwrap"))
        .args(own)
        .args([harness])
        .args(arguments.iter().copied())
}

#[test]
fn in_a_sandbox_that_is_let_into_one_agents_directory_that_agents_verbs_work() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "2", "3"]).run().succeeds();
    let mine = home.path().join("agents/3");
    let run = |arguments: &[&str]| sandboxed(&project, &mine, arguments).run();

    let status = run(&["status", "3", "--json"]).succeeds().json();
    assert_eq!(status["agents"][0]["state"], "healthy");
    assert!(run(&["logs", "3"]).succeeds().stdout.contains("listening on"));
    let pid = get(project.port("api", 3), "/pid").body;
    run(&["restart", "3", "api"]).succeeds();
    run(&["wait", "3"]).succeeds();
    assert_ne!(get(project.port("api", 3), "/pid").body, pid);
    run(&["health", "3"]).succeeds();
    let rows = run(&["psql", "3", "select name from items", "--json"]).succeeds().json();
    assert_eq!(rows["rows"], serde_json::json!([["seeded"]]));
    let answer = run(&["http", "3", "api", "/pid"]).succeeds().stdout;
    assert!(answer.starts_with("HTTP/1.0 200 OK\n"), "{answer}");
    assert!(answer.ends_with(&format!("\n\n{}", get(project.port("api", 3), "/pid").body)), "{answer}");

    for verb in [&["status", "2"][..], &["logs", "2"], &["restart", "2"], &["wait", "2"], &["http", "2", "api", "/"]] {
        run(verb).exits_with(5).says("agent 2 does not exist");
    }
    run(&["psql", "2", "select 1"]).exits_with(125).says("agent 2 does not exist");
    for verb in
        [&["env", "3"][..], &["launch", "3"], &["launch"], &["teardown", "3", "--force"], &["setup"], &["db", "list"]]
    {
        let refused = sandboxed(&project, &mine, &[verb, &["--json"]].concat()).run().exits_with(4).json();
        assert_eq!(refused["error"]["code"], "home.partial", "{verb:?}");
    }
    // nor does the socket lead to what is not this stack's
    let neighbour = project.port("api", 2);
    let refusal = block_on(async {
        let supervisor = Client::connect(&mine).unwrap().unwrap();
        assert!(supervisor.connection(Destination::Port(project.port("api", 3))).await.is_ok());
        supervisor.connection(Destination::Port(neighbour)).await.unwrap_err()
    });
    assert!(refusal.to_string().contains("no such port"), "{refusal}");
}

#[test]
fn http_says_why_there_is_no_answer() {
    let home = TestHome::new();
    let garbage = "import os, socket\n\
        with socket.create_server(('127.0.0.1', int(os.environ['PORT']))) as server:\n    \
        while True:\n        connection = server.accept()[0]\n        connection.sendall(b'220 hello\\r\\n')\n        \
        connection.close()\n";
    let project = home
        .project("shop")
        .application("api")
        .port("odd")
        .file("odd.py", garbage)
        .toml("[processes.odd]\ncommand = \"python3 odd.py\"\nenvironment = { PORT = \"{{ ports.odd }}\" }\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let code = |arguments: &[&str], status: i32| {
        let outcome = project.harness(["--json", "http"]).args(arguments.iter().copied()).run().exits_with(status);
        outcome.json()["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(code(&["3"], 2), "http.no_port");
    project.harness(["http", "3"]).run().says("`harness http 3 api /`; its ports are: api, odd");
    assert_eq!(code(&["3", "nothing"], 5), "port.unknown");
    assert_eq!(code(&["3", "api", "a b"], 2), "http.path");
    assert_eq!(code(&["3", "odd", "/"], 1), "http.broken");
    let other = home.project("other").application("api").write();
    other.harness(["http", "3", "api", "/pid"]).run().succeeds();
    let changing = ["http", "3", "api", "/", "-X", "POST"];
    other.harness(changing).run().exits_with(5).says("belongs to project `shop`");
    assert_ne!(other.harness(changing).args(["--force"]).run().code, Some(5), "it is sent");
    let pid = get(project.port("api", 3), "/pid").body.parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    assert_eq!(code(&["3", "api", "/", "--timeout", "300ms"], 1), "http.silent");
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    project.harness(["http", "3", "api", "/nothing", "--fail"]).run().exits_with(1);
    project.harness(["stop", "3", "api"]).run().succeeds();
    assert_eq!(code(&["3", "api", "/"], 1), "http.refused");
}

#[test]
fn without_a_network_the_database_is_reached_by_its_socket() {
    let home = TestHome::new();
    let project =
        home.project("shop").with_items().application("api").env("SOCKET_URL", "{{ database.socket_url }}").write();
    project.harness(["launch", "2", "3"]).run().succeeds();
    let variables = |agent: &str| project.harness(["env", agent, "--json"]).run().succeeds().json();
    let url = |agent: &str| variables(agent)["variables"]["SOCKET_URL"].as_str().unwrap().to_owned();

    let unshare = |url: &str, query: &str| {
        let mut command = std::process::Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command.args(["--net", "psql", "-XAtwc", query, url]).output().unwrap()
    };
    let own = unshare(&url("3"), "select name from items");
    assert_eq!(String::from_utf8_lossy(&own.stdout), "seeded\n", "{own:?}");
    let refused = |url: String, with: &str| {
        let output = unshare(&url, "select 1");
        assert!(String::from_utf8_lossy(&output.stderr).contains(with), "{output:?}");
    };
    // the rules are those of TCP
    refused(url("3").replace("/agent_3?", "/agent_2?"), "pg_hba.conf");
    refused(url("3").replace("agent_3:", "agent_3:not-"), "password authentication failed");
}
