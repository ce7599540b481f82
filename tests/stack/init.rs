//! `harness init`: what it writes for repositories of many kinds, and what it never does.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::init_trees::{REPOSITORIES, Repository};
use crate::support::{HarnessCommand, TestHome};

fn write(root: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(root).unwrap();
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn repository(home: &TestHome, repository: &Repository) -> PathBuf {
    let root = home.directory().join(repository.name);
    write(&root, repository.files);
    root
}

fn harness(home: &TestHome, root: &Path, arguments: &[&str]) -> HarnessCommand {
    home.harness(arguments.iter().copied()).dir(root)
}

/// A PATH on which every package manager is.
fn path_with_tools(home: &TestHome) -> String {
    let directory = home.directory().join("tools");
    fs::create_dir_all(&directory).unwrap();
    for tool in ["pnpm", "yarn", "bun", "uv", "poetry", "goose", "migrate"] {
        let file = directory.join(tool);
        fs::write(&file, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

#[test]
fn what_is_written_is_right_for_every_kind_of_repository() {
    let home = TestHome::new();
    let path = path_with_tools(&home);
    let mut wrong = Vec::new();
    for one in REPOSITORIES {
        let root = repository(&home, one);
        harness(&home, &root, &["init"]).env("PATH", &path).run().succeeds();
        let text = fs::read_to_string(root.join("harness.toml")).unwrap();
        let missing = one.holds.iter().filter(|part| !text.contains(**part));
        wrong.extend(missing.map(|part| format!("{}: no `{part}` in\n{text}", one.name)));
        let checked = harness(&home, &root, &["config", "check", "--json"]).run().json();
        if checked["valid"] != true {
            wrong.push(format!("{}: {checked}\n{text}", one.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Any two repositories in one: names and ports must not meet.
#[test]
fn repositories_within_one_another_are_still_right() {
    let home = TestHome::new();
    for (number, pair) in REPOSITORIES.windows(2).enumerate() {
        let root = home.directory().join(format!("pair-{number}"));
        write(&root.join("one"), pair[0].files);
        write(&root.join("two"), pair[1].files);
        write(&root, pair[1].files);
        harness(&home, &root, &["init"]).run().succeeds();
        harness(&home, &root, &["config", "check"]).run().succeeds();
    }
}

#[test]
fn the_evidence_is_named() {
    let home = TestHome::new();
    let vite = REPOSITORIES.iter().find(|one| one.name == "vite-pnpm").unwrap();
    let root = repository(&home, vite);
    let document = harness(&home, &root, &["init", "--print", "--json"]).run().succeeds().json();
    assert_eq!(document["schema"], "harness/init/1");
    assert_eq!(document["outcome"], "printed");
    let saw = document["saw"].as_array().unwrap();
    assert!(saw.contains(&serde_json::json!({ "what": "Vite", "evidence": "package.json: scripts.dev" })), "{saw:?}");
    assert!(document["toml"].as_str().unwrap().starts_with('#'));
    assert!(!root.join("harness.toml").exists());
    let printed = harness(&home, &root, &["init", "--print"]).run().succeeds();
    assert_eq!(printed.stdout, document["toml"].as_str().unwrap());
    assert!(printed.stderr.contains("Vite (package.json: scripts.dev)"), "{}", printed.stderr);
}

#[test]
fn secrets_of_a_private_file_are_never_copied() {
    let home = TestHome::new();
    let root = home.directory().join("private");
    let secret = "s3cr3t-0123456789";
    write(
        &root,
        &[
            ("package.json", r#"{ "scripts": { "dev": "vite" } }"#),
            (".gitignore", ".env\n"),
            (
                ".env",
                &format!("API_TOKEN={secret}\nDATABASE_URL=postgres://u:{secret}@localhost/app\nPLAIN={secret}\n"),
            ),
        ],
    );
    let told = harness(&home, &root, &["init", "--agents"]).run().succeeds();
    let json = harness(&home, &root, &["init", "--force", "--json"]).run().succeeds();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && !path.ends_with(".env") {
            assert!(!fs::read_to_string(&path).unwrap().contains(secret), "{}", path.display());
        }
    }
    for text in [told.stdout, told.stderr, json.stdout] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(fs::read_to_string(root.join("harness.toml")).unwrap().contains("# API_TOKEN = "));
}

#[test]
fn a_file_that_exists_is_replaced_by_force_only() {
    let home = TestHome::new();
    let root = home.directory().join("mine");
    write(&root, &[("harness.toml", "# mine\n[project]\nname = \"mine\"\n")]);
    harness(&home, &root, &["init"]).run().exits_with(5).says("--force");
    let refused = harness(&home, &root, &["init", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "init.exists");
    assert!(fs::read_to_string(root.join("harness.toml")).unwrap().starts_with("# mine"));
    let document = harness(&home, &root, &["init", "--agents", "--json"]).run().succeeds().json();
    assert_eq!(document["outcome"], "kept");
    assert!(fs::read_to_string(root.join("harness.toml")).unwrap().starts_with("# mine"));
    let replaced = harness(&home, &root, &["init", "--force"]).run().succeeds();
    assert!(replaced.stdout.contains("replaced"), "{replaced}");
    assert!(!fs::read_to_string(root.join("harness.toml")).unwrap().starts_with("# mine"));
    let unknown =
        harness(&home, &root, &["init", "--preset", "nothing", "--force", "--json"]).run().exits_with(2).json();
    assert_eq!(unknown["error"]["code"], "init.unknown_preset");
    harness(&home, &root, &["init", "--preset", "lightdash", "--force"]).run().succeeds();
    harness(&home, &root, &["config", "check"]).run().succeeds();
}

#[test]
fn agents_are_told_once() {
    let home = TestHome::new();
    let root = home.directory().join("told");
    write(&root, &[("CLAUDE.md", "# Rules\n\nBe kind.\n"), ("Procfile", "web: serve $PORT\n")]);
    harness(&home, &root, &["init", "--agents"]).run().succeeds();
    let once = fs::read_to_string(root.join("CLAUDE.md")).unwrap();
    assert!(once.starts_with("# Rules\n\nBe kind.\n") && once.contains("harness verify"), "{once}");
    assert!(!root.join("AGENTS.md").exists(), "a file that nobody has asked for");
    let again = harness(&home, &root, &["init", "--agents", "--json"]).run().succeeds().json();
    assert_eq!(again["instructions"][0]["changed"], false);
    assert_eq!(fs::read_to_string(root.join("CLAUDE.md")).unwrap(), once);
    fs::write(root.join("CLAUDE.md"), "<!-- harness:begin -->\nno end\n").unwrap();
    let damaged = harness(&home, &root, &["init", "--agents", "--json"]).run().exits_with(3).json();
    assert_eq!(damaged["error"]["code"], "init.marks");
}

#[test]
fn the_file_is_tried_out_and_everything_removed_again() {
    let home = TestHome::new();
    let root = home.directory().join("trial");
    write(&root, &[("Procfile", "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n")]);
    // the home has its engine before: with the default one, its containers would have the names of another home's
    harness(&home, &root, &["init"]).run().succeeds();
    harness(&home, &root, &["setup", "--engine", "native"]).run().succeeds();
    let document = harness(&home, &root, &["init", "--check", "--json"]).run().succeeds().json();
    assert_eq!(document["check"]["healthy"], true, "{document}");
    assert_eq!(document["check"]["error"], serde_json::Value::Null, "{document}");
    let status = home.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 0, "{status}");

    write(&root, &[("Procfile", "web: python3 -c 'import os; os.environ[\"SHOP_TOKEN\"]'\n")]);
    let document = harness(&home, &root, &["init", "--check", "--force", "--json"]).run().exits_with(1).json();
    assert_eq!(document["check"]["healthy"], false, "{document}");
    let mend = document["check"]["mend"].to_string();
    assert!(mend.contains("give `SHOP_TOKEN` a value in [env]"), "{document}");
    let status = home.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 0, "{status}");
}

#[test]
fn a_repository_with_nothing_to_run_does_not_pass() {
    let home = TestHome::new();
    let root = home.directory().join("nothing");
    write(&root, &[("README.md", "# Nothing\n")]);
    let printed = harness(&home, &root, &["init"]).run().succeeds().stdout;
    assert!(printed.contains("next: name the application's programs in `[processes]`"), "{printed}");
    harness(&home, &root, &["init", "--check", "--force"]).run().exits_with(1).says("nothing was found to run");
    let document = harness(&home, &root, &["init", "--check", "--json", "--force"]).run().exits_with(1).json();
    assert_eq!(document["check"]["error"]["code"], "init.nothing_to_run", "{document}");
    assert_eq!(document["check"]["agent"], serde_json::Value::Null, "{document}");
}

#[test]
fn a_subdirectory_belongs_to_its_repository() {
    let home = TestHome::new();
    let root = home.directory().join("whole");
    write(&root, &[("apps/web/index.html", ""), ("Procfile", "web: serve $PORT\n")]);
    let below = root.join("apps/web");
    // without git it is a project of its own
    let alone = harness(&home, &below, &["init", "--print", "--json"]).run().succeeds().json();
    assert_eq!(alone["root"], below.display().to_string());
    for arguments in [&["init", "--quiet"][..], &["add", "."]] {
        assert!(std::process::Command::new("git").args(arguments).current_dir(&root).status().unwrap().success());
    }
    let document = harness(&home, &below, &["init", "--json"]).run().succeeds().json();
    assert_eq!(document["root"], root.display().to_string());
    assert!(document["assumed"][0].as_str().unwrap().contains("to which this directory belongs"), "{document}");
    assert!(root.join("harness.toml").exists() && !below.join("harness.toml").exists());
    harness(&home, &below, &["init"]).run().exits_with(5);
}

#[test]
fn what_cannot_be_read_or_is_the_same_for_all_agents_is_named_with_its_line() {
    let home = TestHome::new();
    let root = home.directory().join("named");
    write(
        &root,
        &[
            ("web/package.json", r#"{ "scripts": { "dev": "vite" } }"#),
            ("web/index.html", ""),
            ("web/vite.config.ts", "export default {\n  server: { proxy: { '/api': 'http://localhost:4000' } } }\n"),
            ("web/src/main.ts", "const url = import.meta.env.VITE_API_URL || 'http://localhost:4000/v1'\n"),
            ("api/package.json", r#"{ "scripts": { "dev": "node ." }, "dependencies": { "express": "5" } }"#),
            ("api/index.js", "app.listen(process.env.PORT || 4000)\n"),
            ("fixed/package.json", r#"{ "scripts": { "start": "node ." }, "dependencies": { "koa": "3" } }"#),
            ("fixed/index.js", "app.listen(4100)\n"),
            ("old/package.json", "{\n  \"name\": \n}\n"),
            ("Procfile", "release: ./migrate up\n"),
        ],
    );
    let document = harness(&home, &root, &["init", "--json"]).run().succeeds().json();
    let unknown = document["unknown"].to_string();
    assert!(unknown.contains("old/package.json:3 is not JSON"), "{unknown}");
    let assumed = document["assumed"].to_string();
    assert!(assumed.contains("web/vite.config.ts:2 forwards requests to port 4000"), "{assumed}");
    assert!(assumed.contains("fixed/index.js listens on 4100, written in the source"), "{assumed}");
    let text = document["toml"].as_str().unwrap();
    for part in [
        r#"VITE_API_URL = "http://localhost:{{ ports.api }}/v1""#,
        "4000 without harness (api/index.js)",
        r#"map = { 4100 = "{{ ports.fixed }}", 4000 = "{{ ports.api }}" }"#,
        r#"run = "./migrate up""#,
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert!(!text.contains("failure_threshold"), "{text}");
    harness(&home, &root, &["config", "check"]).run().succeeds();
}
