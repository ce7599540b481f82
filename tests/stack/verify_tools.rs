//! The real tools, live: what `tests/fixtures/diagnostics` holds as captures is what they print today.
//!
//! The tools are installed once, outside the clone, by `capture.sh install`. A tool that cannot be had
//! (no npm, no network) is said to be skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::verify_bench::{Bench, first_error};

/// The captures that are run again: one a family of tools.
const LIVE: [&str; 10] =
    ["tsc", "tsc-pnpm-filter", "eslint", "vitest", "jest", "pytest", "mypy", "cargo-build", "cargo-test", "go-test"];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/diagnostics")
}

/// (name, directory, command line) of the captures.
fn captures() -> BTreeMap<String, (String, String)> {
    let script = std::fs::read_to_string(fixtures().join("capture.sh")).unwrap();
    let lines = script.lines().filter_map(|line| line.strip_prefix("capture "));
    let entry = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let (name, directory, command) = (words.next()?, words.next()?, words.next()?);
        Some((name.to_owned(), (directory.to_owned(), command.trim_matches('\'').to_owned())))
    };
    lines.filter_map(entry).collect()
}

fn expected() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(fixtures().join("expected.txt")).unwrap();
    text.lines().filter_map(|line| line.split_once(' ')).map(|(name, text)| (name.into(), text.into())).collect()
}

#[test]
#[allow(clippy::print_stdout)] // a skipped test says so
fn real_tools_name_the_place() {
    let tools = std::env::var_os("HARNESS_TEST_TOOLS").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"));
            cache.join("harness-tests/tools")
        },
        PathBuf::from,
    );
    let script = fixtures().join("capture.sh");
    let installed =
        Command::new("bash").arg(&script).arg("install").env("HARNESS_TEST_TOOLS", &tools).status().unwrap();
    assert!(installed.success(), "the tools cannot be installed");

    let mut bench = Bench::new();
    let copied = Command::new("cp").arg("-a").arg(fixtures().join("tree/.")).arg(bench.tree()).status().unwrap();
    assert!(copied.success());
    std::os::unix::fs::symlink(tools.join("node/node_modules"), bench.tree().join("node_modules")).unwrap();
    let places = [tools.join("node/node_modules/.bin"), tools.join("python/venv/bin")];
    let inherited = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(places.into_iter().chain(std::env::split_paths(&inherited))).unwrap();
    let home = std::env::var("HOME").unwrap();
    bench.environment = vec![
        ("PATH".to_owned(), path.to_str().unwrap().to_owned()),
        // where cargo, go and pyenv find themselves
        ("HOME".to_owned(), home),
        ("CARGO_TARGET_DIR".to_owned(), bench.path().join("target").display().to_string()),
        ("GOCACHE".to_owned(), bench.path().join("go").display().to_string()),
        ("GOFLAGS".to_owned(), "-mod=mod".to_owned()),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
        ("CI".to_owned(), "1".to_owned()),
        ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
    ];
    bench.keep_going = true;
    let (captures, expected) = (captures(), expected());
    for name in LIVE {
        let (directory, line) = &captures[name];
        let program = line.split(' ').next().unwrap();
        if which::which_in(program, Some(&path), bench.tree()).is_err() {
            println!("skipped: {name}, since there is no `{program}`");
            continue;
        }
        bench = bench.stage(name, &[("all", line)]);
        let stage = bench.stages.last_mut().unwrap();
        stage.commands[0].working_dir = Some(directory.into());
    }
    let document = bench.run();
    for stage in &document.stages {
        assert_eq!(first_error(stage), expected[&stage.name], "{}", stage.name);
    }
}
