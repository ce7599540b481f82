//! PostgreSQL's client programs that fit the server come first on PATH.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::TestHome;

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn programs_that_fit_the_server_come_before_older_ones() {
    let home = TestHome::new();
    let old = home.directory().join("old");
    fs::create_dir(&old).unwrap();
    for program in ["psql", "pg_dump", "pg_restore", "createdb"] {
        script(&old.join(program), "echo \"$0 (PostgreSQL) 9.6.1\"; exit 1");
    }
    let shell = old.join("shell");
    script(&shell, "pg_dump --version");
    let path = format!("{}:{}", old.display(), std::env::var("PATH").unwrap());
    let project = home
        .project("shop")
        .with_items()
        .toml("[[verify.stages]]\nname = \"check\"\ncommands = [{ name = \"version\", run = \"createdb --version\" }]")
        .application("api")
        .write();
    project.replace(
        "harness.toml",
        "{ name = \"seed\", sql = \"seed.sql\" }",
        "{ name = \"seed\", run = \"psql -v ON_ERROR_STOP=1 -f seed.sql\" }",
    );
    let harness = |arguments: &[&str]| {
        let command = project.harness(arguments.iter().copied()).env("PATH", &*path);
        command.env("SHELL", shell.display().to_string()).run()
    };
    harness(&["launch", "3"]).succeeds();
    for arguments in [&["exec", "3", "--", "pg_restore", "--version"][..], &["shell", "3"]] {
        let said = harness(arguments).succeeds().stdout;
        assert!(said.contains("(PostgreSQL) ") && !said.contains("9.6.1"), "{said}");
    }
    harness(&["verify", "3"]).succeeds();
    let doctor = harness(&["doctor"]).stdout;
    assert!(!doctor.contains("postgresql-client-"), "{doctor}");
}
