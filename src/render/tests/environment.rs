//! The layers of the environment, strictness, and the env file.

use super::super::*;
use super::fixture::{Fixture, caller};

fn pairs(environment: &Environment) -> Vec<(&str, &str)> {
    environment.own().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn layers_lie_over_each_other_and_nothing_of_the_caller_leaks_in() {
    let fixture = Fixture::with(
        "[env]\nenv_file = [\".env.base\", \"conf/.env\"]\npass_env = [\"GITHUB_TOKEN\", \"ABSENT\"]\n\
         PORT = \"{{ ports.api }}\"\nURL = \"http://localhost:{{ env.PORT }}/{{ env.FROM_FILE }}\"\n\
         DB = \"{{ database.url }}\"\nLITERAL = \"${HOME} $(id) ${#x} %{http_code}\"\nB = \"own\"\n",
        &[
            (".env.base", "A=1\nB=file\nFROM_FILE=f\nLEAK=${PORT:-none}\nBIN=$HOME/bin\n"),
            ("conf/.env", "A=2\nC=\"${A}${B}\"\n"),
        ],
    );
    let environment = fixture.environment().unwrap();
    assert_eq!(
        pairs(&environment),
        [
            ("A", "2"),
            ("B", "own"),
            ("FROM_FILE", "f"),
            ("LEAK", "none"),
            ("BIN", "/home/dev/bin"),
            ("C", "2file"),
            ("PORT", "8030"),
            ("URL", "http://localhost:8030/f"),
            ("DB", "postgres://agent_3:hunter2@127.0.0.1:15432/agent_3"),
            ("LITERAL", "${HOME} $(id) ${#x} %{http_code}"),
            ("AGENT_ID", "3"),
        ]
    );
    let all = environment.all();
    assert_eq!(all["PATH"], "/usr/bin:/bin");
    assert_eq!(all["GITHUB_TOKEN"], "token");
    assert!(!all.contains_key("PGHOST") && !all.contains_key("DATABASE_URL") && !all.contains_key("ABSENT"));
}

#[test]
fn what_is_undefined_is_named_with_its_place_and_what_was_meant() {
    for (value, expected) in [
        (
            "{{ ports.apii }}",
            "harness.toml:4:1: `env.X` uses `ports.apii`, which is not defined; did you mean `ports.api`?",
        ),
        ("{{ port }}", "harness.toml:4:1: `env.X` uses `port`, which is not defined; did you mean `ports`?"),
        (
            "{{ ports.scheduler }}",
            "harness.toml:4:1: `env.X` uses `ports.scheduler`, which is not defined; there are ports.api, ports.web",
        ),
        (
            "{{ id }}{{ env.Y }}",
            "harness.toml:4:1: `env.X` uses `env.Y`, which is not defined; there are env.HOME, env.LC_ALL, env.PATH",
        ),
        ("{% if mail.web_url %}{% endif %}", "harness.toml:4:1: `env.X` uses `mail.web_url`, which is not defined"),
        ("{{ id", "harness.toml:4:1: `env.X` is not a valid template"),
        ("{{ id | nofilter }}", "harness.toml:4:1: `env.X` is not a valid template"),
    ] {
        let found = Fixture::new(&format!("[env]\nX = \"{value}\"\n")).failure();
        assert!(found.starts_with(expected), "{value}\n   found: {found}\nexpected: {expected}");
    }
    let defaulted = Fixture::new("env.X = \"{{ env.NONE | default('d') }}\"\n").environment().unwrap();
    assert_eq!(defaulted.get("X"), Some("d"));
}

#[test]
fn env_files_that_are_absent_or_broken_are_named() {
    let found = Fixture::new("env.env_file = [\".env.dev\"]\n").failure();
    assert!(found.starts_with("cannot read `.env.dev`, which `env.env_file` names; "), "{found}");
    let found = Fixture::with("env.env_file = [\".env.dev\"]\n", &[(".env.dev", "A=1\nB 2\n")]).failure();
    assert_eq!(found, ".env.dev:2: not a line of a dotenv file");
}

#[test]
fn the_template_gets_what_needs_no_agent() {
    let fixture = Fixture::with(
        "[env]\nenv_file = [\".env\"]\nSECRET = \"s\"\nPORT = \"{{ ports.api }}\"\nURL = \"{{ env.PORT }}\"\n\
         ROOT = \"{{ project_root }}/x\"\nREGION = \"{{ s3.region }}\"\nBUCKET = \"{{ s3.bucket }}\"\n\
         TREE = \"{{ worktree }}\"\n[database.template.env]\nDEMO = \"{{ env.SECRET }}-{{ project }}\"\n",
        &[(".env", "A=1\n")],
    );
    let shared = TemplateValues { project_root: "/root-of-board".into(), ..fixture.shared() };
    let environment = Renderer::new(&fixture.project).template_environment(&shared, &caller).unwrap();
    assert_eq!(
        pairs(&environment),
        [("A", "1"), ("SECRET", "s"), ("ROOT", "/root-of-board/x"), ("REGION", "us-east-1"), ("DEMO", "s-board")]
    );
    assert_eq!(environment.get("PATH"), Some("/usr/bin:/bin"));
}

#[test]
fn the_env_file_is_private_and_says_where_it_comes_from() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new("env.GREETING = \"it's $5\"\n");
    let file = Renderer::new(&fixture.project).env_file(&fixture.context(), &fixture.environment().unwrap()).unwrap();
    assert_eq!(file.path, fixture.path().join(".env.agent.3"));
    let lines: Vec<&str> = file.text.lines().collect();
    assert!(lines[0].starts_with("# Written by harness for agent 3 of board"), "{}", lines[0]);
    assert_eq!(lines[2..], ["GREETING=\"it's \\$5\"", "AGENT_ID=3"]);
    assert!(file.write().unwrap());
    assert_eq!(file.path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!file.write().unwrap(), "an unchanged file is left alone");
    std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(file.write().unwrap(), "a file that others may read is put right");
    assert_eq!(file.path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!format!("{file:?}").contains("GREETING"));
}

#[test]
fn a_project_may_bring_templates_of_its_own() {
    let fixture = Fixture::with(
        "[render]\nenv_file = \"conf/env.{{ id }}\"\nenv_template = \"env.j2\"\n\
         files = [{ template = \"site.j2\", target = \"site.{{ id }}.conf\" }]\n",
        &[
            ("env.j2", "{% for name, value in entries %}\nexport {{ name }}={{ value | dotenv }}\n{% endfor %}\n"),
            ("site.j2", "port {{ ports.web }};\n${KEPT} $(kept) {% raw %}${{ kept }}{% endraw %};\n"),
        ],
    );
    let renderer = Renderer::new(&fixture.project);
    let (context, environment) = (fixture.context(), fixture.environment().unwrap());
    let file = renderer.env_file(&context, &environment).unwrap();
    assert_eq!((file.path, file.text.as_str()), (fixture.path().join("conf/env.3"), "export AGENT_ID=3\n"));
    let files = renderer.files(&context, &environment).unwrap();
    assert_eq!(files[0].path, fixture.path().join("site.3.conf"));
    assert_eq!(files[0].text, "port 3030;\n${KEPT} $(kept) ${{ kept }};\n");
}

#[test]
fn an_env_file_says_what_the_processes_get_or_is_refused() {
    let rendered = |text: &str| {
        let fixture = Fixture::with("env.A = \"1\"\nrender.env_template = \"env.j2\"\n", &[("env.j2", text)]);
        let rendered = Renderer::new(&fixture.project).env_file(&fixture.context(), &fixture.environment().unwrap());
        rendered.map(|file| file.text).map_err(|error| fixture.told(&error))
    };
    let all = "{% for name, value in entries %}\n{{ name }}={{ value | dotenv }}\n{% endfor %}\n";
    rendered(all).unwrap();
    rendered("A=1\n").unwrap();
    rendered("{ \"a\": {{ id }} }\n").unwrap();
    for (text, name) in [(format!("{all}B=2\n"), "B"), (format!("{all}A=2\n"), "A")] {
        let told = rendered(&text).unwrap_err();
        assert!(told.contains(&format!("`env.j2` gives `{name}` a value of its own")), "{told}");
    }
}

#[test]
fn a_broken_template_file_is_named_with_its_line() {
    let fixture = Fixture::with(
        "render.files = [{ template = \"site.j2\", target = \"site\" }]\n",
        &[("site.j2", "one\ntwo {{ ports.wep }}\n")],
    );
    let error = Renderer::new(&fixture.project).files(&fixture.context(), &fixture.environment().unwrap());
    let told = fixture.told(&error.unwrap_err());
    assert_eq!(told, "site.j2:2:1: `site.j2` uses `ports.wep`, which is not defined; did you mean `ports.web`?");
}

#[test]
fn nothing_is_written_outside_of_the_tree() {
    for target in ["../x", "/etc/x", "a/../../x", "", ".."] {
        let fixture = Fixture::new(&format!("render.env_file = \"{target}\"\n"));
        let rendered = Renderer::new(&fixture.project).env_file(&fixture.context(), &fixture.environment().unwrap());
        assert!(matches!(rendered, Err(RenderError::Outside { .. })), "{target}");
    }
}

#[test]
fn an_environment_that_no_process_could_be_given_is_refused_by_name() {
    let large = |count: usize, bytes: usize| {
        let entries = (0..count).map(|n| format!("V{n} = \"{}\"\n", "x".repeat(bytes)));
        Fixture::new(&format!("[env]\n{}", entries.collect::<String>()))
    };
    let environment = large(4, 50_000).environment().unwrap();
    let output = std::process::Command::new("/usr/bin/env").env_clear().envs(environment.all()).output().unwrap();
    assert!(output.stdout.len() > 200_000, "200 KB is no trouble");
    let found = large(1, 131_069).failure();
    assert!(
        found.starts_with("the variable `V0` has 131073 bytes, the kernel accepts at most 131072; write"),
        "{found}"
    );
    large(1, 131_068).environment().unwrap();
    let found = large(60, 130_000).failure();
    assert!(found.starts_with("the environment has 78"), "{found}");
}

#[test]
fn the_work_tree_has_a_place_and_a_branch() {
    let fixture = Fixture::new("worktree.path = \"~/trees/{{ project }}-{{ id }}\"\n");
    let renderer = Renderer::new(&fixture.project);
    let path = renderer.worktree_path(&fixture.context(), Some("/home/dev".as_ref())).unwrap();
    assert_eq!(path.unwrap(), std::path::Path::new("/home/dev/trees/board-3"));
    assert_eq!(renderer.worktree_branch(&fixture.context()).unwrap().unwrap(), "agent/3");
    let beside = Fixture::new("worktree.path = \"../tree-{{ id }}\"\n");
    let path = Renderer::new(&beside.project).worktree_path(&beside.context(), None).unwrap();
    assert_eq!(path.unwrap(), beside.path().join("../tree-3"));
    assert_eq!(Renderer::new(&Fixture::new("").project).worktree_path(&fixture.context(), None).unwrap(), None);
}
