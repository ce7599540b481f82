//! The real tools, live: what `tests/fixtures/diagnostics` holds as captures is what they print today.
//!
//! The tools are installed once, outside the clone, by `capture.sh install`. A tool that is not available
//! (no npm, no network) is said to be skipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::verify_bench::{Bench, first_error};

/// The captures that are run again: every tool that has a matcher, in the formats that people commonly choose.
const LIVE: [&str; 42] = [
    "tsc",
    "tsc-pretty",
    "tsc-pnpm-filter",
    "eslint",
    "eslint-unix",
    "eslint-compact",
    "oxlint",
    "oxlint-unix",
    "oxlint-stylish",
    "oxfmt",
    "biome-lint",
    "biome-format",
    "biome-github",
    "vitest",
    "vitest-dot",
    "jest",
    "cypress-command",
    "cypress-application",
    "cypress-visit",
    "playwright",
    "playwright-line",
    "playwright-list",
    "playwright-github",
    "playwright-page",
    "pytest",
    "pytest-short",
    "pytest-quiet",
    "mypy",
    "ruff",
    "ruff-concise",
    "ruff-format",
    "django-test",
    "django-check",
    "cargo-build",
    "cargo-test",
    "cargo-doc-test",
    "clippy",
    "clippy-short",
    "go-build",
    "go-vet",
    "go-test",
    "go-panic",
];

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
        let program = line.split(' ').find(|word| !word.contains('=')).unwrap();
        // the page is opened in the machine's own browser
        let needed = [program, if name == "playwright-page" { "/usr/bin/chromium" } else { program }];
        if let Some(missing) =
            needed.iter().find(|program| which::which_in(program, Some(&path), bench.tree()).is_err())
        {
            println!("skipped: {name}, since there is no `{missing}`");
            continue;
        }
        bench = bench.stage(name, &[("all", line)]);
        let stage = bench.stages.last_mut().unwrap();
        stage.commands[0].working_dir = Some(directory.into());
    }
    let document = bench.run();
    let differing: Vec<String> = document
        .stages
        .iter()
        .map(|stage| (&stage.name, first_error(stage).replace('\n', " | ")))
        .filter(|(name, said)| said != &expected[*name])
        .map(|(name, said)| format!("{name} {said}"))
        .collect();
    assert!(differing.is_empty(), "not as in expected.txt:\n{}\n", differing.join("\n"));
}
