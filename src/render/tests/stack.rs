//! The process config.

use super::super::*;
use super::fixture::{Fixture, caller};
use crate::supervisor::{ConditionSpec, ProbeCheckSpec, StackSpec};

fn spec(fixture: &Fixture, with: &[&str]) -> Result<StackSpec> {
    let with: Vec<String> = with.iter().map(ToString::to_string).collect();
    let environment = fixture.environment().unwrap();
    Renderer::new(&fixture.project).stack_spec(&fixture.context(), "0123456789ab", &environment, &with)
}

const BOARD: &str = r#"
[env]
PORT = "{{ ports.api }}"
SCHEDULER = "0"
TRICKY = 'a "b" \ ${c} {{ "{{" }}'

[processes.common]
command = "tsc --watch"
ready_log_line = 'Watching for "file" changes\.'

[processes.api]
command = "node --inspect={{ ports.web }} 'my server.js'"
working_dir = "packages/api"
environment = { NAME = "api-{{ id }}", GREETING = "hello {{ env.NAME }}" }
depends_on = { common = { condition = "process_log_ready", restart = true } }
readiness_probe = { http_get = { path = "health" }, failure_threshold = 7 }
liveness_probe = { exec = { command = "curl -f localhost:$PORT" } }
shutdown = { signal = "INT", timeout_seconds = 2.5 }
watch = { paths = ["src", "./x/../y"], ignore = ["src/generated"] }

[processes.scheduler]
command = "node scheduler.js && true"
disabled = "{{ env.SCHEDULER != '1' }}"
restart = "no"
port = "{{ ports.web }}"
"#;

#[test]
fn everything_is_evaluated_and_survives_the_template() {
    let fixture = Fixture::new(BOARD);
    let spec = spec(&fixture, &[]).unwrap();
    assert_eq!((spec.version, spec.stack.as_str(), spec.home_id.as_str()), (1, "agent-3", "0123456789ab"));
    assert_eq!(spec.environment["TRICKY"], r#"a "b" \ ${c} {{"#);
    assert_eq!(spec.environment["AGENT_ID"], "3");
    assert_eq!(spec.environment["PATH"], caller("PATH").unwrap());
    let api = &spec.processes["api"];
    assert_eq!(api.command, ["node", "--inspect=3030", "my server.js"]);
    assert_eq!(api.working_dir, fixture.path().join("packages/api"));
    assert_eq!(api.environment["GREETING"], "hello api-3");
    assert_eq!(api.ports, [8030], "of `[ports]`, by its name");
    let readiness = api.readiness_probe.as_ref().unwrap();
    assert_eq!(readiness.check, ProbeCheckSpec::HttpGet { host: None, port: 8030, path: "/health".into() });
    assert_eq!((readiness.failure_threshold, readiness.period_seconds), (7, 0.5));
    let liveness = api.liveness_probe.as_ref().unwrap();
    let argv = ["/bin/sh", "-c", "exec curl -f localhost:$PORT"].map(str::to_owned);
    assert_eq!(liveness.check, ProbeCheckSpec::Exec { command: argv.to_vec() });
    assert_eq!(api.depends_on["common"].condition, ConditionSpec::ProcessLogReady);
    assert!(api.depends_on["common"].restart);
    assert_eq!((api.shutdown.signal.as_str(), api.shutdown.timeout_seconds), ("SIGINT", 2.5));
    assert_eq!(api.watch.as_ref().unwrap().paths[0], fixture.path().join("packages/api/src"));
    assert_eq!(spec.processes["common"].ready_log_line.as_deref(), Some(r#"Watching for "file" changes\."#));
    let scheduler = &spec.processes["scheduler"];
    assert!(scheduler.disabled);
    assert_eq!(scheduler.ports, [3030]);
    assert_eq!(scheduler.command, ["/bin/sh", "-c", "node scheduler.js && true"]);
}

#[test]
fn a_disabled_process_is_enabled_by_name() {
    let fixture = Fixture::new(BOARD);
    assert!(!spec(&fixture, &["scheduler"]).unwrap().processes["scheduler"].disabled);
    // of a process that was renamed since: `launch` forgets it
    assert!(spec(&fixture, &["scheduler-of-before"]).unwrap().processes["scheduler"].disabled);
    let told = fixture.told(&Renderer::new(&fixture.project).check_names(&["schedular".to_owned()]).unwrap_err());
    assert_eq!(told, "there is no process `schedular`; did you mean `scheduler`? There are: common, api, scheduler");
}

#[test]
fn wrong_values_name_their_key() {
    for (line, expected) in [
        ("port = \"x{{ id }}\"", "harness.toml:5:1: `processes.a.port` renders to `x3`, which is not a port"),
        (
            "readiness_probe = { tcp_connect = { port = \"x{{ id }}\" } }",
            "harness.toml:5:37: `processes.a.readiness_probe.tcp_connect.port` renders to `x3`, which is not a port",
        ),
        (
            "disabled = \"maybe\"",
            "harness.toml:5:1: `processes.a.disabled` renders to `maybe`, which is not `true` or `false`",
        ),
        (
            "working_dir = \"{{ tree }}\"",
            "harness.toml:5:1: `processes.a.working_dir` uses `tree`, which is not defined",
        ),
    ] {
        let fixture = Fixture::new(&format!("[processes.a]\ncommand = \"x\"\n{line}\n"));
        let told = fixture.told(&spec(&fixture, &[]).unwrap_err());
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_template_of_the_project_has_the_last_word_but_not_on_whose_stack_it_is() {
    let text = "[render]\nprocesses_template = \"p.j2\"\n[processes.a]\ncommand = \"x\"\n";
    let template = "version = 1\nstack = \"infra\"\nhome_id = \"other\"\n[processes.extra]\n\
                    command = {{ [\"sleep\", id] | toml }}\nworking_dir = {{ worktree | toml }}\n";
    let fixture = Fixture::with(text, &[("p.j2", &template.replace(", id]", ", '3']"))]);
    let rendered = spec(&fixture, &[]).unwrap();
    assert_eq!((rendered.stack.as_str(), rendered.home_id.as_str()), ("agent-3", "0123456789ab"));
    assert_eq!(rendered.processes.keys().collect::<Vec<_>>(), ["extra"]);
    assert_eq!(rendered.processes["extra"].command, ["sleep", "3"]);

    let broken = Fixture::with(text, &[("p.j2", "version = 1\n")]);
    let error = spec(&broken, &[]).unwrap_err();
    assert!(error.to_string().starts_with("line 1 of the rendered `p.j2`"), "{error}");
    let leaky = Fixture::with(text, &[("p.j2", "version = 1\nstack = 1 # {{ database.password }}\n")]);
    let error = spec(&leaky, &[]).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(!format!("{error} {source} {error:?}").contains("hunter2"), "{error:?}");
}
