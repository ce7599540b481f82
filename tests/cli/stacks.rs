//! Errors around a stack that lives: one project with processes only, so that nothing but the error is slow.

use std::fs;
use std::net::TcpListener;

use crate::support::{TestHome, TestProject};

/// What harness says, with its stable code first, and what differs from run to run taken out.
fn said(home: &TestHome, project: &TestProject<'_>, variables: &[(&str, &str)], arguments: &[&str]) -> String {
    let call = |all: &[&str]| {
        variables.iter().fold(project.harness(all.iter().copied()), |call, (name, value)| call.env(name, *value)).run()
    };
    let code = code_of(&call(&[&["--json"], arguments].concat()).stdout);
    let outcome = call(arguments);
    let text = format!("{code}, exit code {}\n{}", outcome.code.unwrap(), outcome.stderr.trim_end());
    let text = text.replace(&home.directory().display().to_string(), "<dir>");
    let text = regex::Regex::new(r"pid \d+|kill \d+").unwrap().replace_all(&text, "pid <pid>");
    let text = regex::Regex::new(r"\b2[0-9]{4}\b|\b3[01][0-9]{3}\b").unwrap().replace_all(&text, "<port>");
    regex::Regex::new(r"\b\d+(\.\d+)? m?s\b").unwrap().replace_all(&text, "<time>").into_owned()
}

/// The code of the first error in a document.
fn code_of(document: &str) -> String {
    let found = regex::Regex::new(r#""code":\s*"([a-z_.]+)""#).unwrap();
    found.captures(document).map_or_else(|| format!("no code in {document}"), |found| found[1].to_owned())
}

macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(concat!("error-", $name), $text);
        });
    };
}

const PROCESS: &str = "[processes.idle]\ncommand = \"sleep 100000\"\n";

#[test]
fn what_a_stack_has_not() {
    let home = TestHome::new();
    let project = home.project("shop").port("web").toml(PROCESS).write();
    let says = |arguments: &[&str]| said(&home, &project, &[], arguments);
    snapshot!("no-servers", says(&["infra", "pull"]));
    project.harness(["launch", "1", "2"]).run().succeeds();
    snapshot!("agent-ambiguous", says(&["url"]));
    snapshot!("agent-variable", said(&home, &project, &[("AGENT_ID", "three")], &["url"]));
    snapshot!("agent-without-database", says(&["psql", "1", "select 1"]));
    snapshot!("db-not-confirmed", says(&["db", "1", "reset"]));
    snapshot!("process-unknown", says(&["restart", "1", "wep"]));
    snapshot!("port-unknown", says(&["url", "1", "wep"]));
    snapshot!("service-unknown", says(&["exec", "1", "--in", "dp", "--", "true"]));
    snapshot!("program-missing", says(&["exec", "1", "--", "no-such-program"]));
    snapshot!("agent-beyond-limit", says(&["launch", "19"]));
    snapshot!("engine-in-use", says(&["setup", "--engine", "docker"]));
    snapshot!("verify-no-stages", says(&["verify", "1"]));
    let stage = "[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"true\" }]\n";
    project.put("harness.toml", &(project.read("harness.toml") + stage));
    snapshot!("verify-unknown-stage", says(&["verify", "1", "--stage", "quickly"]));
    project.replace("harness.toml", "run = \"true\"", "run = \"true\", error_pattern = \"(\"");
    snapshot!("verify-pattern", says(&["verify", "1"]));
    project.replace("harness.toml", ", error_pattern = \"(\"", "");
    project.replace("harness.toml", "run = \"true\"", "http_get = { path = \"/\", port = \"{{ id }}x\" }");
    snapshot!("verify-port", says(&["verify", "1"]));
    project.replace("harness.toml", "http_get = { path = \"/\", port = \"{{ id }}x\" }", "run = \"true\"");
    project.harness(["stop", "1"]).run().succeeds();
    snapshot!("stack-not-running", says(&["verify", "1"]));

    let other = home.project("other").first_digit(1).port("web").toml(PROCESS).write();
    snapshot!("agent-leased", said(&home, &other, &[], &["launch", "1"]));
}

#[test]
fn what_keeps_a_stack_from_coming_up() {
    let home = TestHome::new();
    let project = home.project("shop").port("web").toml(PROCESS).write();
    let right = project.read("harness.toml");
    let launch = || said(&home, &project, &[], &["launch", "1"]);
    let with = |more: &str| {
        project.put("harness.toml", &format!("{right}\n{more}"));
        launch()
    };
    snapshot!(
        "prepare-fails",
        with("[prepare]\nsteps = [{ name = \"install\", run = \"echo no network; exit 3\" }]\n")
    );
    snapshot!(
        "inputs-no-match",
        with("[prepare]\nsteps = [{ name = \"install\", run = \"true\", inputs = [\"gone/**\"] }]\n")
    );
    snapshot!(
        "inputs-pattern",
        with("[prepare]\nsteps = [{ name = \"install\", run = \"true\", inputs = [\"a[\"] }]\n")
    );
    // `idle` may be ready by then, or not yet
    let text = with(
        "[processes.api]\ncommand = \"echo cannot read settings; exit 4\"\nready_log_line = \"up\"\nrestart = \"no\"\n",
    );
    let text = text.lines().filter(|line| !line.contains("| idle:")).collect::<Vec<_>>().join("\n");
    snapshot!("unhealthy", text.replace(", idle: starting", "").replace("api, idle", "api"));
    snapshot!("render-undefined", with("[processes.api]\ncommand = \"true {{ ports.wep }}\"\n"));
    snapshot!("render-template", with("[processes.api]\ncommand = \"true {{ ports.web \"\n"));
    project.put("harness.toml", &right.replace("[env]", "[env]\nenv_file = [\"broken.env\"]"));
    snapshot!("env-file-missing", launch());
    project.put("broken.env", "A=1\nnot a variable\n");
    snapshot!("env-file-broken", launch());
    project.put("harness.toml", &right);

    let stranger = TcpListener::bind(("127.0.0.1", project.port("web", 1))).unwrap();
    let port =
        format!("{right}readiness_probe = {{ http_get = {{ path = \"/\", port = \"{{{{ ports.web }}}}\" }} }}\n");
    project.put("harness.toml", &port);
    let text = launch();
    // the command is that of these tests, whatever is run of them
    let text = regex::Regex::new(r"\(`[^`]*`\)").unwrap().replace_all(&text, "(`<command>`)").into_owned();
    snapshot!("port-in-use", text);
    drop(stranger);
}

#[test]
fn what_is_wrong_with_a_work_tree() {
    let home = TestHome::new();
    let table = "[worktree]\npath = \"../tree-{{ id }}\"\n";
    let project = home.project("shop").port("web").toml(&format!("{PROCESS}{table}")).write();
    let says = |arguments: &[&str]| said(&home, &project, &[], arguments);
    let tree = |id: u8| home.directory().join(format!("projects/tree-{id}"));
    fs::create_dir_all(tree(4)).unwrap();
    fs::write(tree(4).join("mine"), "").unwrap();
    snapshot!("worktree-occupied", says(&["launch", "4"]));
    snapshot!("worktree-branch-in-use", says(&["launch", "1", "--branch", "main"]));
    project.harness(["launch", "1"]).run().succeeds();
    fs::write(tree(1).join("work.txt"), "unsaved").unwrap();
    snapshot!("worktree-would-lose", says(&["teardown", "1"]));
    fs::remove_file(tree(1).join("work.txt")).unwrap();

    let bare = home.project("bare").first_digit(1).port("web").toml(PROCESS).write();
    fs::remove_dir_all(bare.root().join(".git")).unwrap();
    snapshot!("worktree-no-repository", said(&home, &bare, &[], &["launch", "2", "--worktree"]));
    snapshot!("hook-no-repository", said(&home, &bare, &[], &["hook", "install"]));
    let hook = project.root().join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\n").unwrap();
    snapshot!("hook-foreign", says(&["hook", "install"]));
}

#[test]
fn what_keeps_the_servers_from_coming_up() {
    let home = TestHome::new();
    let project = home.project("shop").toml(PROCESS).write();
    let right = project.read("harness.toml");
    let with = |service: &str, more: &str| {
        let heading = format!("[infra.{service}]\ndisabled = true\n");
        assert!(right.contains(&heading), "{right}");
        project.put("harness.toml", &right.replace(&heading, &format!("[infra.{service}]\n{more}\n")));
        said(&home, &project, &[("DOCKER_HOST", "unix:///nowhere/docker.sock")], &["setup"])
    };
    snapshot!("postgres-bin-dir", with("postgres", "bin_dir = \"/nowhere\""));
    snapshot!("postgres-setting", with("postgres", "[infra.postgres.settings]\nport = \"1\""));
    snapshot!("infra-url", with("s3", "url = \"nonsense\""));
    project.put("harness.toml", &right.replace("\"native\"", "\"docker\""));
    let docker = |address: &str| said(&home, &project, &[("DOCKER_HOST", address)], &["setup"]);
    snapshot!("docker-unreachable", docker("unix:///nowhere/docker.sock"));
    snapshot!("docker-address", docker("gopher://nowhere"));
}
