//! Whole files in, projects or messages out.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::report::Diagnostic;

mod fixture;
mod stores;

use fixture::Fixture;

fn project(text: &str) -> Project {
    Fixture::new(&[(FILE, text)]).load().unwrap()
}

fn problems(text: &str) -> Vec<String> {
    Fixture::new(&[(FILE, text)]).problems()
}

/// The shortest project.
const NAME: &str = "project.name = \"board\"\n";

fn problem(text: &str) -> String {
    let found = problems(&format!("{NAME}{text}"));
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn the_shortest_file_has_the_documented_defaults() {
    let project = project(NAME);
    assert_eq!(project.name, "board");
    let agent = AgentId::try_from(3).unwrap();
    let ports = project.ports_of(agent);
    let expected = [("frontend", 3030), ("api", 8030), ("scheduler", 8031), ("debugger", 9230)];
    assert_eq!(ports, expected.map(|(name, port)| (name.to_owned(), port)));
    assert_eq!(project.port(agent, "api"), Some(8030));
    assert_eq!(project.infra.ports, InfraPorts::DEFAULT);
    assert_eq!(project.infra.engine, EngineChoice::Auto);
    assert_eq!(project.launch.timeout, Duration::from_mins(1));
    assert_eq!((project.worktree, project.warnings), (None, Vec::new()));
}

#[test]
fn every_part_of_a_full_file_is_understood() {
    let project = project(include_str!("tests/full.toml"));
    assert_eq!(project.infra.service(Service::Postgres).memory, Some(1 << 30));
    assert_eq!(project.infra.postgres.settings["shared_buffers"], "128MB");
    assert_eq!(project.infra.ports.get(InfraPort::Postgres), 25432);
    assert_eq!(project.database.steps[0].action, StepAction::Run("migrate".into()));
    assert_eq!(project.database.post_clone[1].timeout, Duration::from_mins(1));
    assert_eq!(project.env_files, [Path::new(".env.development")]);
    assert_eq!(project.pass_env, ["GITHUB_TOKEN"]);
    let names: Vec<_> = project.env.iter().map(|(name, value)| (name.as_str(), value.0.as_str())).collect();
    assert_eq!(names, [("PORT", "{{ ports.api }}"), ("DEBUG", "true"), ("RATIO", "0.5"), ("WORKERS", "4")]);
    let (name, api) = &project.processes[1];
    assert_eq!(name, "api");
    assert_eq!(api.depends_on[0].condition, Condition::LogReady);
    assert!(api.depends_on[0].restart);
    assert_eq!(api.port.as_ref().unwrap().0, "{{ ports.api }}");
    let probe = api.readiness_probe.as_ref().unwrap();
    assert_eq!((probe.period, probe.failure_threshold), (Duration::from_millis(500), 120));
    assert_eq!((api.stop_signal.as_str(), api.stop_timeout), ("SIGINT", Duration::from_millis(2500)));
    let (_, scheduler) = &project.processes[2];
    assert_eq!(scheduler.disabled.0, "{{ env.SCHEDULER != '1' }}");
    assert_eq!(scheduler.depends_on[0].condition, Condition::Started);
    assert_eq!(scheduler.port.as_ref().unwrap().0, "{{ ports[\"scheduler\"] }}");
    assert_eq!(project.verify[0].commands.len(), 2);
    assert!(project.verify[1].full);
}

#[test]
fn every_shape_error_is_told_at_once_with_place_path_and_nearest_key() {
    let text = "[project]\nname = \"board\"\nmax_agent = 3\n\n[processes.api]\ncomand = \"x\"\ndisabled = 3\n\n\
                [[verify.stages]]\nname = \"a\"\ntimeout = []\ncommands = [{ name = \"b\", rnu = \"c\" }]\n\n\
                [infra]\nengine = \"dokcer\"\npostgres.port = 70000\n";
    assert_eq!(
        problems(text),
        [
            "3:1: unknown key `project.max_agent`; did you mean `max_agents`?",
            "6:1: unknown key `processes.api.comand`; did you mean `command`?",
            "7:1: `processes.api.disabled` must be a boolean or a string, not an integer",
            "5:12: missing key `processes.api.command`",
            "11:1: `verify.stages[0].timeout` must be a number or a string, not an array",
            "12:27: unknown key `verify.stages[0].commands[0].rnu`; did you mean `run`?",
            "15:1: `infra.engine` must be one of `auto`, `docker`, `native`, not `dokcer`; did you mean `docker`?",
            "16:10: `infra.postgres.port` must be from 1 to 65535, not 70000",
        ]
    );
    let error = Fixture::new(&[(FILE, text)]).load().unwrap_err();
    assert!(error.to_string().ends_with("has 8 errors"), "{error}");
    assert_eq!((error.code(), error.details().len()), ("config.invalid", 8));
}

#[test]
fn one_error_is_the_message_itself() {
    let fixture = Fixture::new(&[(FILE, "[project]\nname = \"board\"\n[prots]\n")]);
    let error = fixture.load().unwrap_err();
    assert_eq!(error.to_string(), format!("{}:3:2: unknown key `prots`", fixture.path().join(FILE).display()));
    assert_eq!(error.hint().as_deref(), Some("did you mean `ports`?"));
    assert!(error.details().is_empty());
}

#[test]
fn wrong_values_are_refused_with_their_place() {
    for (text, expected) in [
        ("x = ", "2:5: not valid TOML: string values must be quoted, expected literal string"),
        (
            "a.b = 1",
            "2:1: unknown key `a`; known here: project, ports, network, infra, database, bucket, stores, worktree, prepare, env, render, launch, processes, verify",
        ),
        ("project.max_agents = 100", "2:9: `project.max_agents` must be from 1 to 99, not 100"),
        (
            "launch.timeout = \"soon\"",
            "2:8: `launch.timeout`: `soon` is not a duration, expected one like `10m`, `90s` or `1h 30m`, at most a week",
        ),
        (
            "launch.timeout = 0",
            "2:8: `launch.timeout`: it must be longer than 0: write one like `90s` or `10m`, or leave it out",
        ),
        (
            "[processes.a]\ncommand = \"x\"\nliveness_probe = { exec = { command = \"x\" }, timeout_seconds = 0 }",
            "4:46: `processes.a.liveness_probe.timeout_seconds`: it must be longer than 0: write one like `90s` or `10m`, or leave it out",
        ),
        (
            "infra.s3.memory = \"much\"",
            "2:10: `infra.s3.memory`: `much` is not an amount of memory, expected one like `256m` or `1g`",
        ),
        ("env.AGENT_ID = \"3\"", "2:5: `env.AGENT_ID` is reserved: harness sets it; remove `env.AGENT_ID`"),
        (
            "env.\"A-B\" = 1",
            "2:5: `A-B` cannot be the name of an environment variable; use letters, digits and `_`, not beginning with a digit",
        ),
        ("env.A = [1]", "2:5: `env.A` must be a string or a boolean or an integer or a number, not an array"),
        (
            "ports = { web = 3000, api = 3000 }",
            "2:23: port 3010 would be both `web` of agent 1 and `api` of agent 1; give each name its own base",
        ),
        (
            "infra.postgres.port = 15430\nports = { web = 15400 }",
            "3:11: port 15430 would be both `web` of agent 3 and the postgres port of the infra; use another base, or set `AGENT_DB_PORT` to another port",
        ),
        ("ports.web = 0x1FFFFFFFFFFFFFFFFF", "2:7: `ports.web` must be from 0 to 65535, not a number that large"),
        ("[processes.\"a b\"]\ncommand = \"x\"", "2:12: `a b` cannot be the name at `processes.\"a b\"`"),
        ("[processes.a]\ncommand = \" \"", "3:1: `processes.a.command` is empty"),
        (
            "[processes.a]\ncommand = \"x\"\nreadiness_probe = { }",
            "4:1: `processes.a.readiness_probe` needs one of `http_get`, `tcp_connect`, `exec`",
        ),
        (
            "[processes.a]\ncommand = \"x\"\nreadiness_probe.http_get = { path = \"/\" }",
            "4:17: missing key `processes.a.readiness_probe.http_get.port`; write `port = \"{{ ports.<name> }}\"`",
        ),
        (
            "[processes.a]\ncommand = \"x\"\nshutdown.signal = \"SIGTREM\"",
            "4:10: `processes.a.shutdown.signal` must be one of",
        ),
        (
            "[processes.a]\ncommand = \"x\"\ndepends_on = [\"b\"]",
            "4:1: `a` depends on `b`, which is not in `[processes]`",
        ),
        ("[processes.a]\ncommand = \"x\"\ndepends_on.a = {}", "4:1: the dependencies form a cycle: `a` -> `a`"),
        (
            "[processes.a]\ncommand = \"x\"\nready_log_line = '(?i)ok('",
            "4:1: `processes.a.ready_log_line` is not a regular expression: unclosed group",
        ),
        ("[processes.a]\ncommand = \"x\"\nerror_log_line = 'errors'", "4:1: `processes.a.error_log_line` has no group"),
        (
            "[[verify.stages]]\nname = \"a\"\ncommands = [{ name = \"b\", run = \"c\", error_pattern = '(?<line>x)' }]",
            "4:38: `verify.stages[0].commands[0].error_pattern` has no group `file`; write `(?<file>…)`",
        ),
        ("[[verify.stages]]\nname = \"a\"\ncommands = []", "4:1: stage `a` has no commands"),
        (
            "[[verify.stages]]\nname = \"a\"\ncommands = [{ name = \"b\", run = \"x\", http_get = { port = 1 } }]",
            "4:13: `verify.stages[0].commands[0]` may have only one of `run` and `http_get`",
        ),
        (
            "[[prepare.steps]]\nname = \"a\"\nrun = \"x\"\n[[prepare.steps]]\nname = \"a\"\nrun = \"y\"",
            "6:1: the name `a` at `prepare.steps[1].name` is already used",
        ),
        (
            "database.template.steps = [{ name = \"m\", run = \"x\", incremental = true }]",
            "2:53: `database.template.steps[0]` is incremental and has no `inputs`",
        ),
    ] {
        let found = problem(text);
        assert!(found.starts_with(expected), "{text}\n   found: {found}\nexpected: {expected}");
    }
}

#[test]
fn a_condition_that_can_never_be_met_is_refused() {
    let found = problems(&format!(
        "{NAME}[processes.a]\ncommand = \"x\"\n[processes.b]\ncommand = \"x\"\n\
         depends_on.a = {{ condition = \"process_healthy\" }}\n\
         [processes.c]\ncommand = \"x\"\ndepends_on.a = {{ condition = \"process_log_ready\" }}\n"
    ));
    assert_eq!(
        found,
        [
            "6:12: `b` would never start: `a` has no `readiness_probe`; give `processes.a` a `readiness_probe`",
            "9:12: `c` would never start: `a` has no `ready_log_line`; give `processes.a` a `ready_log_line`",
        ]
    );
}

#[test]
fn a_longer_circle_is_named_in_full() {
    let process = |name: &str, next: &str| format!("[processes.{name}]\ncommand = \"x\"\ndepends_on = [\"{next}\"]\n");
    let text = [process("start", "a"), process("a", "b"), process("b", "c"), process("c", "a")].concat();
    assert!(problem(&text).ends_with("the dependencies form a cycle: `a` -> `b` -> `c` -> `a`"));
}

#[test]
fn the_overlay_changes_single_keys_and_is_named_in_messages() {
    let base = format!("{NAME}[env]\nA = \"1\"\nB = \"2\"\n");
    let fixture = Fixture::new(&[(FILE, &base), (OVERLAY, "[env]\nB = \"mine\"\n")]);
    let env = fixture.load().unwrap().env;
    assert_eq!(env.iter().map(|(_, value)| value.0.as_str()).collect::<Vec<_>>(), ["1", "mine"]);
    let fixture = Fixture::new(&[(FILE, &base), (OVERLAY, "\n[evn]\n")]);
    assert_eq!(fixture.problems(), ["harness.local.toml:2:2: unknown key `evn`; did you mean `env`?"]);
}

#[test]
fn infra_ports_come_from_the_first_place_that_names_them() {
    let home = Fixture::new(&[(".env.agent-harness", "AGENT_DB_PORT=1\nAGENT_MINIO_PORT=2\nAGENT_BROWSER_PORT=3\n")]);
    let text =
        format!("{NAME}infra.postgres.port = 5\ninfra.s3.port = 5\ninfra.browser.port = 5\ninfra.mail.web_port = 5\n");
    let project =
        Fixture::new(&[(FILE, &text), (".env.agent-harness", "export AGENT_DB_PORT='6'\nAGENT_MINIO_PORT=7\n")]);
    let variable = |name: &str| match name {
        "AGENT_DB_PORT" => Some("8".to_owned()),
        "AGENT_MINIO_PORT" => Some(String::new()),
        "HOME" => Some(home.path().to_str().unwrap().to_owned()),
        _ => None,
    };
    let infra = Project::load(project.path(), &variable).unwrap().infra;
    let found = InfraPort::ALL.map(|port| infra.ports.get(port));
    assert_eq!(found[..6], [8, 7, 19001, 3, 11025, 5]);
    let file = |fixture: &Fixture, name: &str| fixture.path().join(name);
    assert_eq!(
        infra.port_sources[..6],
        [
            PortSource::Environment("AGENT_DB_PORT"),
            PortSource::File("AGENT_MINIO_PORT", file(&project, ".env.agent-harness")),
            PortSource::Default,
            PortSource::File("AGENT_BROWSER_PORT", file(&home, ".env.agent-harness")),
            PortSource::Default,
            PortSource::Configuration(file(&project, FILE)),
        ]
    );
    let other = Fixture::new(&[(FILE, NAME)]);
    let error = Project::load(other.path(), &|name| (name == "AGENT_DB_PORT").then(|| "db".into())).unwrap_err();
    assert_eq!(error.to_string(), "`AGENT_DB_PORT` in the environment is `db`, not a port");
}

#[test]
fn the_root_is_found_from_below_and_its_absence_is_said() {
    let fixture = Fixture::new(&[(FILE, NAME), ("packages/api/x", "")]);
    assert_eq!(find_root(&fixture.path().join("packages/api")).unwrap(), fixture.path());
    let empty = Fixture::new(&[]);
    assert_eq!(find_root(empty.path()).unwrap_err().code(), "config.not_found");
    assert_eq!(empty.load().unwrap_err().code(), "config.not_found");
}

#[test]
fn a_work_tree_rules_its_code_and_the_root_rules_the_gate() {
    let stage =
        |run: &str| format!("[[verify.stages]]\nname = \"lint\"\ncommands = [{{ name = \"api\", run = \"{run}\" }}]\n");
    let root = Fixture::new(&[
        (FILE, &format!("{NAME}ports = {{ api = 8000 }}\nenv.A = \"root\"\n{}", stage("strict"))),
        (OVERLAY, "env.LOCAL = \"machine\"\n"),
    ]);
    let tree = Fixture::new(&[(
        FILE,
        &format!("project.name = \"other\"\nports = {{ web = 3000 }}\nenv.A = \"tree\"\n{}", stage("true")),
    )]);
    let root_project = root.load().unwrap();
    let seen = root_project.for_tree(tree.path(), &|_| None).unwrap();
    assert_eq!(seen.project.root, tree.path());
    assert_eq!((&seen.project.name, &seen.project.ports), (&root_project.name, &root_project.ports));
    assert_eq!(seen.project.verify, root_project.verify);
    let env: Vec<_> = seen.project.env.iter().map(|(name, value)| (name.as_str(), value.0.as_str())).collect();
    assert_eq!(env, [("A", "tree"), ("LOCAL", "machine")]);
    assert_eq!(seen.verify_differences, ["command `api` of stage `lint` differs in the work tree"]);

    let bare = Fixture::new(&[]);
    let seen = root_project.for_tree(bare.path(), &|_| None).unwrap();
    assert_eq!((seen.project.env, seen.verify_differences), (root_project.env.clone(), Vec::new()));
    let same = root_project.for_tree(root.path(), &|_| None).unwrap();
    assert_eq!((same.project, same.verify_differences), (root_project, Vec::new()));
}
