//! docs/faults.md, row L19: the dry run and the real run over every kind of belonging at once, with a neighbour and
//! look-alikes that survive.

use std::collections::BTreeSet;
use std::fs;

use aws_sdk_s3::primitives::ByteStream;

use crate::support::{Decoy, TestHome, TestProject, block_on, keys, marked, psql, python, s3_client};

/// Sends a message by the agent's own login.
const MAIL: &str = "import os, smtplib\n\
    s = smtplib.SMTP('127.0.0.1', int(os.environ['SMTP_PORT']))\n\
    s.login(os.environ['SMTP_USER'], os.environ['SMTP_PASSWORD'])\n\
    s.sendmail('shop@example.com', ['reader@example.com'], 'Subject: hello\\r\\n\\r\\nhello')\n";

fn project(home: &TestHome) -> TestProject<'_> {
    home.project("shop")
        .with_items()
        .with_s3()
        .with_mail()
        // a child that leaves the session and outlives its parent
        .application_with("api", &[("APP_CHILD", "setsid -f sleep 1000")], "")
        .env("S3_ENDPOINT", "{{ s3.endpoint }}")
        .env("S3_KEY", "{{ s3.access_key }}")
        .env("S3_SECRET", "{{ s3.secret_key }}")
        .env("SMTP_PORT", "{{ mail.smtp_port }}")
        .env("SMTP_USER", "{{ mail.user }}")
        .env("SMTP_PASSWORD", "{{ mail.password }}")
        .file("lock.txt", "one\n")
        .toml("[database]\ncreate = true\n")
        .toml("[worktree]\npath = \".worktrees/{{ id }}\"\n")
        .toml("[prepare]\nsteps = [{ name = \"install\", run = \"true\", inputs = [\"lock.txt\"] }]\n")
        .write()
}

/// Gives an agent one of everything.
fn fill(project: &TestProject<'_>, agent: u8) {
    let id = agent.to_string();
    let variables = project.variables(agent);
    let (server, _) = variables["DATABASE_URL"].rsplit_once('/').unwrap();
    psql(&format!("{server}/postgres"), &format!("create database scratch_{agent}")).unwrap();
    project.harness(["db", &id, "snapshot", "before"]).run().succeeds();
    let client = s3_client(&variables["S3_ENDPOINT"], &variables["S3_KEY"], &variables["S3_SECRET"]);
    let put = client.put_object().bucket(format!("agent-{agent}")).key("file").body(ByteStream::from_static(b"text"));
    block_on(put.send()).unwrap();
    project.harness(["exec", &id, "--", python(), "-c", MAIL]).run().succeeds();
    project.harness(["exec", &id, "--", "sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 &"]).run().succeeds();
}

/// What a teardown removes, or would remove.
fn things(report: &serde_json::Value) -> BTreeSet<String> {
    let removed = report["agents"][0]["removed"].as_array().unwrap().iter();
    removed.map(|thing| format!("{} {} {}", thing["kind"], thing["name"], thing["detail"])).collect()
}

fn dry(project: &TestProject<'_>, agent: &str) -> BTreeSet<String> {
    things(&project.harness(["teardown", agent, "--dry-run", "--json"]).run().succeeds().json())
}

#[test]
fn l19_every_kind_of_belonging_is_listed_as_it_is_removed_and_look_alikes_stay() {
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "3", "13"]).run().succeeds();
    for agent in [3, 13] {
        fill(&project, agent);
    }
    // look-alikes: a neighbour's database, a person's files, branch, line and process
    let variables = project.variables(13);
    let (server, _) = variables["DATABASE_URL"].rsplit_once('/').unwrap();
    psql(&format!("{server}/postgres"), "create database agent_3_theirs").unwrap();
    let branch = dry(&project, "3").into_iter().find_map(|thing| {
        let name = thing.strip_prefix("\"branch\" \"")?.split('"').next()?;
        Some(format!("{name}-mine"))
    });
    let branch = branch.expect("a branch");
    project.git(&["branch", &branch]);
    for file in [".env.agent.33", ".worktrees/33/notes.txt", "agent-3.txt"] {
        project.put(file, "mine\n");
    }
    let exclude = project.root().join(".git/info/exclude");
    let mut lines = fs::read_to_string(&exclude).unwrap_or_default();
    lines.push_str("/.worktrees/33\n/.env.agent.33\n");
    fs::write(&exclude, lines).unwrap();
    let mut decoy = Decoy::sleeping("agent-3-api");
    // a crash: nobody knows the processes by name any more
    home.kill_supervisor(3);

    let neighbour = dry(&project, "13");
    let look = dry(&project, "3");
    let real = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    assert_eq!(look, things(&real));
    let kinds: BTreeSet<&str> = look.iter().filter_map(|thing| thing.split('"').nth(1)).collect();
    for kind in [
        "process",
        "database",
        "role",
        "bucket",
        "mail",
        "file",
        "worktree",
        "branch",
        "exclude_line",
        "git_config",
        "state",
    ] {
        assert!(kinds.contains(kind), "no {kind} in {look:#?}");
    }
    for name in ["agent_3_snap_before", "scratch_3", "/prepared/"] {
        assert!(look.iter().any(|thing| thing.contains(name)), "no {name} in {look:#?}");
    }
    assert!(look.iter().filter(|thing| thing.starts_with("\"process\"")).count() >= 3, "{look:#?}");
    assert_eq!(dry(&project, "3"), BTreeSet::new(), "nothing is left");
    assert_eq!(marked(&format!("{}/agent-3", home.id().unwrap())), []);

    assert_eq!(dry(&project, "13"), neighbour, "the neighbour has all of its own, each process included");
    assert!(neighbour.iter().any(|thing| thing.contains("agent_3_theirs")), "{neighbour:#?}");
    let of_neighbour = keys(&variables["S3_ENDPOINT"], &variables["S3_KEY"], &variables["S3_SECRET"], "agent-13");
    assert_eq!(of_neighbour.unwrap(), ["file"]);
    assert_eq!(project.query(13, "select name from items").unwrap(), ["seeded"]);
    for file in [".env.agent.33", ".worktrees/33/notes.txt", "agent-3.txt"] {
        assert_eq!(project.read(file), "mine\n", "{file}");
    }
    assert!(project.git(&["branch", "--list", &branch]).contains(&branch));
    let lines = fs::read_to_string(&exclude).unwrap();
    assert!(lines.contains("/.worktrees/33\n/.env.agent.33\n"), "{lines}");
    decoy.assert_alive();
}
