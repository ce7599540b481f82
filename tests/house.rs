//! The house rules that a machine can check: arrows point down, no folder holds a circle, `mod.rs` declares,
//! files stay small, words are plain. `CONTRIBUTING.md` says how to meet them.

mod circles;
mod faults;
mod imports;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each folder may import, itself aside.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        (
            "cli",
            &[
                "backup", "hosts", "jobs", "mcp", "serve", "terminal", "agent", "verify", "infra", "render", "project",
                "report", "system",
            ][..],
        ),
        // it restores by launching
        ("backup", &["serve", "agent", "verify", "infra", "bucket", "project", "report", "system"]),
        ("hosts", &["agent", "verify", "project", "report", "system"]),
        ("mcp", &["agent", "verify", "project", "report", "system"]),
        // the queue is kept in `serve`, and its rules are here; a job may run in a container
        ("jobs", &["agent", "verify", "infra", "project", "report", "system"]),
        ("serve", &["jobs", "agent", "verify", "infra", "supervisor", "screen", "project", "report", "system"]),
        ("terminal", &["supervisor", "report", "system"]),
        (
            "agent",
            &[
                "diagnostic",
                "infra",
                "stores",
                "postgres",
                "bucket",
                "render",
                "supervisor",
                "screen",
                "project",
                "report",
                "system",
            ],
        ),
        // what is judged is an agent's tree, in that agent's environment; the supervisor knows how to watch a tree
        ("verify", &["agent", "diagnostic", "render", "supervisor", "project", "report", "system"]),
        // each server states what templates see of it: the type is the contract
        ("infra", &["postgres", "bucket", "render", "supervisor", "project", "report", "system"]),
        // a template is built by a stack of its own; a server may be a container
        ("stores", &["diagnostic", "infra", "render", "supervisor", "project", "report", "system"]),
        ("postgres", &["diagnostic", "project", "report", "system"]),
        ("bucket", &["report", "system"]),
        // the process config that it renders is the supervisor's input: the type is the contract
        ("render", &["supervisor", "project", "report", "system"]),
        // the file of agents' S3 keys: who writes it and who reads it share its type
        ("embedded", &["bucket", "report", "system"]),
        ("supervisor", &["screen", "report", "system"]),
        ("screen", &[]),
        ("diagnostic", &["system"]),
        ("project", &["report", "system"]),
        ("report", &["system"]),
        ("system", &[]),
    ])
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    files(directory).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The folders that a line's `crate::` paths lead to.
fn targets(line: &str) -> Vec<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, start) in line.match_indices("crate::") {
        let rest = &line[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(imports::split_top(group).iter().map(|part| name(part.trim()))),
            None => found.push(name(rest)),
        }
    }
    found
}

#[test]
fn arrows_point_down() {
    let allowed = allowed();
    let mut wrong = Vec::new();
    let mut unused = Vec::new();
    for (folder, may) in &allowed {
        let mut used = std::collections::BTreeSet::new();
        for file in rust_files(&source().join(folder)) {
            for line in fs::read_to_string(&file).unwrap().lines() {
                for target in targets(line).into_iter().filter(|it| allowed.contains_key(it.as_str()) && it != folder) {
                    if !may.contains(&target.as_str()) {
                        wrong.push(format!("{}: {}", file.display(), line.trim()));
                    } else if !line.trim_start().starts_with("//") {
                        used.insert(target);
                    }
                }
            }
        }
        unused.extend(may.iter().filter(|it| !used.contains(**it)).map(|target| format!("{folder} > {target}")));
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways:\n{}", wrong.join("\n"));
    assert!(unused.is_empty(), "allowed arrows that are not used: {}", unused.join(", "));
}

#[test]
fn every_folder_is_in_the_map() {
    let map = fs::read_to_string(source().join("lib.rs")).unwrap();
    for folder in allowed().keys() {
        assert!(map.contains(&format!("mod {folder};")), "`{folder}` is not in lib.rs");
    }
    let declared = map.lines().filter(|line| line.starts_with("pub mod ") || line.starts_with("mod ")).count();
    // and the file of hidden commands
    assert_eq!(declared, allowed().len() + 1, "a folder of lib.rs has no rule here");
}

#[test]
fn module_roots_only_declare() {
    for file in rust_files(&source()).iter().filter(|file| file.ends_with("mod.rs") && !file.ends_with("tests/mod.rs"))
    {
        let text = fs::read_to_string(file).unwrap();
        assert!(text.starts_with("//!"), "{} has no //! text", file.display());
        let stray = text.lines().find(|line| {
            ["fn ", "pub fn ", "struct ", "pub struct ", "enum ", "pub enum ", "impl ", "async fn ", "pub async fn "]
                .iter()
                .any(|start| line.starts_with(start))
        });
        assert_eq!(stray, None, "{} does more than declare", file.display());
    }
}

/// The signals are caught from the first poll of `interrupted()`: whatever a `select!` polls before it may be killed half
/// done.
#[test]
fn what_a_signal_interrupts_is_polled_after_it() {
    for file in rust_files(&source()) {
        let text = fs::read_to_string(&file).unwrap();
        for block in text.split("select! {").skip(1) {
            let block = block.split_once("\n    }\n").map_or(block, |(block, _)| block);
            let Some(at) = block.find("interrupted() =>") else { continue };
            let before = block[..at].trim_start();
            let first = before.starts_with("biased;") && !before.contains("=>");
            assert!(first, "{}: `interrupted()` is not the first arm of a biased select!", file.display());
        }
    }
}

#[test]
fn no_file_is_over_the_roof() {
    let long: Vec<String> = rust_files(&source())
        .into_iter()
        .chain(rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            (lines > 400).then(|| format!("{} has {lines} lines", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Codes that no test provokes, and what it would take.
const UNPROVOKED: [(&str, &[&str]); 7] = [
    (
        "a teardown, a launch or a program killed at one exact moment",
        &[
            "agent.half_removed",
            "database.busy",
            "evidence.not_kept",
            "infra.survivors",
            "postgres.locked",
            "serve.busy",
            "serve.ending",
            "serve.no_answer",
            "session.not_started",
            "session.stack_ended",
            "supervisor.blocked",
            "supervisor.connection",
            "supervisor.not_running",
            "teardown.left",
            "worktree.in_use",
        ],
    ),
    (
        "a supervisor's file changed by hand between two of its own steps",
        &["supervisor.config_damaged", "supervisor.config_refused", "supervisor.foreign", "supervisor.rejected"],
    ),
    (
        "a server that is broken in one certain way",
        &[
            "bucket.not_emptied",
            "bucket.taken",
            "database.lost",
            "infra.engine_unavailable",
            "infra.not_ready",
            "infra.program_failed",
            "infra.refused",
            "infra.service_failed",
            "postgres.statement_failed",
        ],
    ),
    (
        "another version of PostgreSQL, or none",
        &["db.no_program", "postgres.data_version", "postgres.not_found", "postgres.too_old", "postgres.unknown_data"],
    ),
    (
        "another Docker engine, or another user of it",
        &["compose.invalid", "docker.failed", "docker.forbidden", "docker.no_container", "docker.not_well"],
    ),
    (
        "another machine: its users, its directories, its git",
        &[
            "git.failed",
            "home.not_traversable",
            "home.unknown",
            "verify.unwatched",
            "init.no_free_agent",
            "inputs.unreadable",
            "network.not_mapped",
            "render.git",
            "system.io",
            "user.missing",
            "worktree.branch_has_work",
            "worktree.copy",
        ],
    ),
    (
        "a caller that is not the command line, which refuses it first",
        &[
            "embedded.data_in_use",
            "embedded.usage",
            "pattern.invalid",
            "render.spec",
            "render.too_large",
            "render.value",
            "verify.pattern",
        ],
    ),
];

/// Every stable code of an error is in a test or a snapshot by its name: nobody renames it unnoticed, and
/// somebody has read what it says.
#[test]
fn every_error_code_is_tested() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let code = regex::Regex::new(r#""([a-z_]+\.[a-z_]+)""#).unwrap();
    let mut known = rust_files(&tests)
        .into_iter()
        .filter(|file| !file.ends_with("house.rs"))
        .chain(fs::read_dir(tests.join("cli/snapshots")).unwrap().map(|entry| entry.unwrap().path()))
        .map(|file| fs::read_to_string(file).unwrap())
        .collect::<String>();
    let mut codes = Vec::new();
    for file in rust_files(&source()) {
        let text = fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("fn code(&self) -> &'static str {") {
            let end = text[at..].find("\n    }\n").expect("a function ends") + at;
            codes.extend(code.captures_iter(&text[at..end]).map(|found| found[1].to_owned()));
        }
        // units beside the code count
        if let Some((_, units)) = text.split_once("#[cfg(test)]\nmod tests {") {
            known.push_str(units);
        }
    }
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() > 100, "codes are looked for in the wrong place");
    let excused: Vec<&str> = UNPROVOKED.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
    let named = |code: &str| ["\"", "\\\"", ", exit"].iter().any(|end| known.contains(&format!("{code}{end}")));
    let untested: Vec<&String> =
        codes.iter().filter(|code| !named(code) && !excused.contains(&code.as_str())).collect();
    assert!(untested.is_empty(), "no test names these codes: {untested:?}");
    let needless: Vec<&&str> = excused.iter().filter(|code| named(code)).collect();
    assert!(needless.is_empty(), "tests name these codes, which need no excuse any more: {needless:?}");
    let stale: Vec<&&str> = excused.iter().filter(|code| !codes.iter().any(|known| known == **code)).collect();
    assert!(stale.is_empty(), "these are no codes any more: {stale:?}");
}
