//! dotenv files as other programs read them: the real dotenv of npm and python-dotenv, where they can be
//! installed, and what the sources of compose-go say.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use harness::project::dotenv;

/// Lines on whose value all three readers agree. Of compose-go: `dotenv/parser.go` of v2, `extractVarValue`.
const AGREED: [(&str, &str); 26] = [
    ("JSON={\"type\": \"service\"}", "{\"type\": \"service\"}"),
    ("RE=^\\d+$", "^\\d+$"),
    ("APOSTROPHE=don't do", "don't do"),
    ("TWO=it's what's there", "it's what's there"),
    ("QUOTE=say \"yes\" twice", "say \"yes\" twice"),
    ("PATHLIKE=C:\\new\\table", "C:\\new\\table"),
    ("LIST=[\"a\", 'b']", "[\"a\", 'b']"),
    ("URL=http://x.example/?a=b&c=d", "http://x.example/?a=b&c=d"),
    ("EQUALS=a==", "a=="),
    ("SPACES =  padded \t", "padded"),
    ("COMMENT=value # not a part", "value"),
    ("TICK=a `b` c", "a `b` c"),
    ("MORE=a;b&&c|d>(e)", "a;b&&c|d>(e)"),
    ("STAR=* ~ ! ?", "* ~ ! ?"),
    ("export EXPORTED=yes", "yes"),
    ("DOT.TED-NAME=yes", "yes"),
    ("EMPTY=", ""),
    ("SINGLE='a # b \\n c'", "a # b \\n c"),
    ("SINGLES='say \"yes\"'", "say \"yes\""),
    ("DOUBLE=\"a # b\\nc\"", "a # b\nc"),
    ("DOUBLES=\"it's\"", "it's"),
    ("BEHIND='x' # not a part", "x"),
    ("LINES=\"one\ntwo\"", "one\ntwo"),
    ("PRICE=5$", "5$"),
    ("BANG=!important", "!important"),
    ("UNICODE=grüße – ✓", "grüße – ✓"),
];

fn file() -> String {
    let lines: Vec<&str> = AGREED.iter().map(|(line, _)| *line).chain(["LAST=1", ""]).collect();
    lines.join("\n")
}

fn expected() -> BTreeMap<String, String> {
    let name = |line: &str| line.trim_start_matches("export ").split('=').next().unwrap().trim().to_owned();
    let entries = AGREED.iter().map(|(line, value)| (name(line), (*value).to_owned()));
    entries.chain([("LAST".to_owned(), "1".to_owned())]).collect()
}

#[allow(clippy::print_stderr)] // why a test is skipped
fn skipped(what: &str, why: &str) {
    eprintln!("skipped: {what} is not available: {why}");
}

/// Runs a program; `None`, with a word why, where it cannot be run.
fn output(what: &str, directory: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(directory).stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        Ok(output) => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            skipped(what, stderr.lines().last().unwrap_or_default());
            None
        }
        Err(error) => {
            skipped(what, &format!("{program}: {error}"));
            None
        }
    }
}

fn parsed(json: &str) -> BTreeMap<String, String> {
    serde_json::from_str(json).unwrap()
}

#[test]
fn what_all_readers_agree_on_is_read_so() {
    let entries: BTreeMap<_, _> = dotenv::parse(&file(), &|_| None).unwrap().into_iter().collect();
    assert_eq!(entries, expected());
}

#[test]
fn the_dotenv_of_npm_reads_the_same() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file.env"), file()).unwrap();
    let install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", "dotenv@17"];
    if output("dotenv of npm", directory.path(), "npm", &install).is_none() {
        return;
    }
    let read = "console.log(JSON.stringify(require('dotenv').parse(require('fs').readFileSync('file.env'))))";
    let Some(json) = output("node", directory.path(), "node", &["-e", read]) else { return };
    assert_eq!(parsed(&json), expected());
}

#[test]
fn python_dotenv_reads_the_same() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file.env"), file()).unwrap();
    let install = ["-m", "pip", "install", "--quiet", "--target", "packages", "python-dotenv==1.*"];
    if output("python-dotenv", directory.path(), "python3", &install).is_none() {
        return;
    }
    let read = "import sys, json; sys.path.insert(0, 'packages'); import dotenv; \
                print(json.dumps(dotenv.dotenv_values('file.env')))";
    let Some(json) = output("python-dotenv", directory.path(), "python3", &["-c", read]) else { return };
    assert_eq!(parsed(&json), expected());
}
