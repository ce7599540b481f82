//! The preset for Lightdash on a monorepo of its shape: the package names, scripts and programs of the real one, real pnpm,
//! tsc, tsx and vite, and stubs in place of its sources and other tools, which note how they were called.

#![allow(clippy::print_stderr)] // a test that was skipped, or tried less, says so

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use crate::support::{HarnessCommand, LONG, TestHome, TestProject, get, try_get, wait_for};

/// As the lock file of the monorepo was written by it.
const PNPM: &str = "pnpm@12.20.0";

/// The directory of a pnpm that is kept between runs; `None`, and said, where npm or the registry is missing. With
/// `HARNESS_TEST_SHOP=required` that is a failure.
fn pnpm() -> Option<PathBuf> {
    let install = || -> Result<PathBuf, String> {
        which::which("npm").map_err(|_| "the monorepo needs npm".to_owned())?;
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
        let directory = cache.unwrap_or_else(home).join("harness-tests").join(PNPM.replace('@', "-"));
        fs::create_dir_all(&directory).expect("make a directory");
        let lock = File::create(directory.join("lock")).expect("make a lock file");
        flock(&lock, FlockOperation::LockExclusive).expect("lock the directory");
        let programs = directory.join("node_modules/.bin");
        if !programs.join("pnpm").exists() {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-save", "--prefix", ".", PNPM]).current_dir(&directory);
            let output = npm.output().expect("run npm");
            if !output.status.success() {
                return Err(format!("npm install: {}", String::from_utf8_lossy(&output.stderr)));
            }
        }
        Ok(programs)
    };
    match install() {
        Ok(programs) => Some(programs),
        Err(why) if std::env::var("HARNESS_TEST_SHOP").as_deref() == Ok("required") => panic!("{why}"),
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

/// The calls that the stubs noted: name, first argument, directory.
fn calls(tree: &Path) -> Vec<Value> {
    let text = fs::read_to_string(tree.join("calls.ndjson")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn short(call: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = [text(&call["directory"]), text(&call["name"]), text(&call["arguments"][0])];
    words.join(" ").trim().to_owned()
}

/// Puts a dbt in the place of the one that the preset installs from `PyPI`: it notes its calls.
fn stub_dbt(home: &TestHome) {
    let commands = home.path().join("tools/dbt-1.7.0/commands");
    fs::create_dir_all(&commands).unwrap();
    let stub = home.directory().join("projects/lightdash/stubs/bin/dbt.mjs");
    for name in ["dbt", "dbt1.7"] {
        let script = format!("#!/bin/sh\nexec node {} \"$@\"\n", stub.display());
        fs::write(commands.join(name), script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(commands.join(name), mode).unwrap();
    }
    fs::write(commands.parent().unwrap().join("complete"), "").unwrap();
}

fn health(project: &TestProject, port: &str) -> Value {
    get(project.port(port, 2), "/api/v1/health").json()
}

#[test]
fn the_preset_launches_a_monorepo_of_lightdashs_shape() {
    let Some(pnpm) = pnpm() else { return };
    let home = TestHome::new();
    let path =
        std::env::join_paths([pnpm].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())))
            .unwrap();
    let project = home.lightdash();
    stub_dbt(&home);
    let harness = |arguments: &[&str]| project.harness(arguments.iter().copied()).env("PATH", &path);
    harness(&["launch", "2", "--worktree"]).run().succeeds();
    let tree = home.directory().join("trees/2");

    // what was called, in this order, each in the directory that it belongs to
    let called = calls(&tree);
    let names: Vec<String> = called.iter().map(short).collect();
    assert_eq!(
        names,
        [
            "packages/warehouses copyfiles -u",
            "packages/formula peggy --format",
            "packages/backend knex migrate:latest",
            "packages/backend knex seed:run",
            "packages/backend dbt --version",
            "dbt deps",
            "dbt seed",
            "dbt run",
            "packages/backend reseed-encrypted-credentials",
        ]
    );
    let demo = tree.join("examples/full-jaffle-shop-demo");
    let seed = &called[3]["environment"];
    assert_eq!((&seed["DBT_DEMO_DIR"], &seed["LIGHTDASH_SECRET"]), (&json!(demo), &json!("not very secret")));
    assert_ne!(seed["PGDATABASE"], "agent_2", "the template is built, not the agent's database");
    assert_eq!(called[8]["environment"]["PGDATABASE"], "agent_2", "credentials are written again in the agent's own");
    let run: Vec<&str> = called[7]["arguments"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let (dbt, profiles) = (demo.join("dbt"), demo.join("profiles"));
    let given = ["--project-dir", dbt.to_str().unwrap(), "--profiles-dir", profiles.to_str().unwrap()];
    assert_eq!(run, [&["run", "--full-refresh"][..], &given].concat());

    // the processes: their directories, options, dbt and environment
    let api = health(&project, "api");
    assert_eq!(api["directory"], json!(tree.join("packages/backend")));
    let debugger = format!("--inspect=127.0.0.1:{}", project.port("debugger", 2));
    assert_eq!(api["options"], json!(["--import", "tsx", debugger]));
    assert_eq!(api["dbt"], json!(home.path().join("tools/dbt-1.7.0/commands/dbt1.7")));
    let environment = &api["environment"];
    for (name, value) in [
        ("PGDATABASE", "agent_2".to_owned()),
        ("PORT", project.port("api", 2).to_string()),
        ("FE_PORT", project.port("frontend", 2).to_string()),
        ("SITE_URL", format!("http://localhost:{}", project.port("frontend", 2))),
        ("DBT_DEMO_DIR", demo.display().to_string()),
        ("S3_BUCKET", "agent-2".to_owned()),
        ("EMAIL_SMTP_USER", "agent-2".to_owned()),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    // Lightdash builds the address of the browser of these two, and it is the one at which the browser answers
    let address = |name: &str| environment[name].as_str().unwrap().to_owned();
    let browser = format!("ws://{}:{}", address("HEADLESS_BROWSER_HOST"), address("HEADLESS_BROWSER_PORT"));
    if which::which("chromium").is_ok() {
        // Chromium answers `curl`, and not every simpler client
        let url = format!("http://127.0.0.1:{}/json/version", home.browser_port());
        let output = Command::new("curl").args(["--silent", "--max-time", "10", &url]).output().expect("run curl");
        let version: Value = serde_json::from_slice(&output.stdout).expect("what Chromium says of itself");
        assert_eq!(version["webSocketDebuggerUrl"], browser);
    }

    // the page passes on to this agent's API
    let through = get(project.port("frontend", 2), "/api/v1/health").json();
    assert_eq!(through["program"], "api");
    assert!(get(project.port("frontend", 2), "/").body.contains("<title>frontend</title>"));

    // `common` is watched by the root's tsc, and what depends on it is built again
    fs::write(tree.join("packages/common/src/index.ts"), "export const name = \"common as edited\";\n").unwrap();
    wait_for("the watchers to build", LONG, || {
        let built = fs::read_to_string(tree.join("packages/common/dist/index.js")).unwrap_or_default();
        if built.contains("common as edited") { Ok(()) } else { Err(built) }
    });
    harness(&["restart", "2", "api"]).run().succeeds();
    wait_for("the API to use it", LONG, || match try_get(project.port("api", 2), "/api/v1/health") {
        Ok(answer) if answer.json()["warehouses"] == "warehouses on common as edited" => Ok(()),
        other => Err(format!("{other:?}")),
    });

    // the scheduler is there when it is wanted
    harness(&["start", "2", "scheduler"]).run().succeeds();
    wait_for("the scheduler", LONG, || match try_get(project.port("scheduler", 2), "/api/v1/health") {
        Ok(answer) if answer.json()["program"] == "scheduler" => Ok(()),
        other => Err(format!("{other:?}")),
    });

    stages_have_the_plans_names(&project, &harness, &tree);
}

/// The plan's stages, and what each calls where.
fn stages_have_the_plans_names(project: &TestProject, harness: &dyn Fn(&[&str]) -> HarnessCommand, tree: &Path) {
    let before = calls(tree).len();
    let verified = harness(&["verify", "2", "--full"]).run().succeeds().json();
    let stages: Vec<&str> =
        verified["stages"].as_array().unwrap().iter().map(|stage| stage["name"].as_str().unwrap()).collect();
    assert_eq!(stages, ["typecheck", "lint", "test-unit", "test-full", "smoke", "e2e"]);
    let checks = calls(tree).split_off(before);
    let mut names: Vec<String> = checks.iter().map(short).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "packages/backend eslint -c",
            "packages/backend jest --config",
            "packages/backend oxfmt ./src",
            "packages/common eslint -c",
            "packages/common jest",
            "packages/common oxfmt ./src",
            "packages/e2e cypress run",
            "packages/frontend oxfmt ./src",
            "packages/frontend oxlint -c",
            "packages/frontend vitest run",
            "turbo run",
        ]
    );
    let environment = |name: &str| &checks.iter().find(|call| short(call) == name).unwrap()["environment"];
    assert_eq!(environment("packages/backend eslint -c")["NODE_OPTIONS"], "--max-old-space-size=8192");
    let cypress = environment("packages/e2e cypress run");
    assert_eq!(cypress["RUNTIME"], "native");
    assert_eq!(cypress["CYPRESS_BASE_URL"], format!("http://localhost:{}", project.port("frontend", 2)));
}
