//! A tree and a plan to verify, without a stack around them.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::project::{Template, VerifyCheck, VerifyCommand, VerifyStage};
use harness::report::verify::{Stage, StageStatus};
use harness::report::{Events, Verify, VerifyStatus};
use harness::verify::{self, Content, OwnServers, Request, Selection, Verdict};

use crate::support::block_on;

/// A directory with a git repository `tree` and a folder of runs beside it.
pub(crate) struct Bench {
    directory: tempfile::TempDir,
    /// The plan.
    pub(crate) stages: Vec<VerifyStage>,
    /// Which of it.
    pub(crate) selection: Selection,
    /// Go on after a failed stage.
    pub(crate) keep_going: bool,
    /// Whose servers the commands may talk to; watched where that is known.
    pub(crate) own_servers: Option<OwnServers>,
    /// Skip what has passed with the same inputs.
    pub(crate) affected: bool,
    /// Look for every failure, not just the first.
    pub(crate) every_failure: bool,
    other_children: tokio::sync::Mutex<()>,
    /// On top of PATH.
    pub(crate) environment: Vec<(String, String)>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            directory: tempfile::tempdir().unwrap(),
            stages: Vec::new(),
            selection: Selection::default(),
            keep_going: false,
            own_servers: None,
            affected: false,
            every_failure: false,
            other_children: tokio::sync::Mutex::default(),
            environment: Vec::new(),
        };
        std::fs::create_dir(bench.tree()).unwrap();
        bench.git(&["init", "--quiet"]);
        bench
    }

    /// Adds a stage of shell commands.
    pub(crate) fn stage(mut self, name: &str, commands: &[(&str, &str)]) -> Self {
        let commands = commands.iter().map(|(name, line)| shell(name, line)).collect();
        let timeout = Duration::from_mins(2);
        self.stages.push(VerifyStage {
            name: name.to_owned(),
            full: false,
            needs_stack: false,
            watched: true,
            allow_ports: Vec::new(),
            timeout,
            commands,
        });
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.directory.path().join("verify")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.tree().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=test", "-c", "user.email=test@localhost", "-C"])
            .arg(self.tree())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn request<'a>(&'a self, tree: &'a Path, runs: &'a Path, evaluate: &'a verify::Evaluate<'a>) -> Request<'a> {
        let path = std::env::var("PATH").unwrap();
        let mut environment = vec![("PATH".to_owned(), path), ("HOME".to_owned(), self.path().display().to_string())];
        environment.extend(self.environment.iter().cloned());
        Request {
            tree,
            project_root: tree,
            stages: &self.stages,
            selection: self.selection.clone(),
            keep_going: self.keep_going,
            environment,
            evaluate,
            directory: runs,
            agent: Some(3),
            template: None,
            not_up: None,
            own_servers: self.own_servers.clone(),
            warnings: Vec::new(),
            every_line: false,
            every_failure: self.every_failure,
            unrecorded: false,
            affected: self.affected,
            own_process: false,
            other_children: &self.other_children,
        }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict_until(std::future::pending())
    }

    pub(crate) fn verdict_until(&self, interrupted: impl Future<Output = ()>) -> Verdict {
        let (tree, runs) = (self.tree(), self.runs());
        let evaluate = |_: &str, template: &Template| Ok(template.0.clone());
        block_on(verify::run(self.request(&tree, &runs, &evaluate), &Events::silent(), interrupted))
    }

    /// Runs, and checks that the document survives being printed and read.
    pub(crate) fn run(&self) -> Verify {
        let document = self.verdict().document;
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(serde_json::from_str::<Verify>(&text).unwrap(), document);
        document
    }

    pub(crate) fn status(&self) -> VerifyStatus {
        block_on(verify::status(&self.tree(), Content::WorkTree, &self.stages, &self.runs(), Some(3))).unwrap()
    }
}

/// A shell command of a plan.
pub(crate) fn shell(name: &str, line: &str) -> VerifyCommand {
    VerifyCommand {
        name: name.to_owned(),
        check: VerifyCheck::Run(Template(line.to_owned())),
        working_dir: None,
        environment: Vec::new(),
        inputs: Vec::new(),
        error_pattern: None,
    }
}

/// The statuses of all stages.
pub(crate) fn statuses(document: &Verify) -> Vec<(&str, StageStatus)> {
    document.stages.iter().map(|stage| (stage.name.as_str(), stage.status)).collect()
}

/// What a stage says first.
#[track_caller]
pub(crate) fn first_error(stage: &Stage) -> &str {
    stage.first_error.as_deref().expect("the stage failed")
}

/// A server that gives one answer to each path and then is gone; returns its port.
pub(crate) fn answering(answers: &[(&'static str, &'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = answers.to_vec();
    std::thread::spawn(move || {
        for _ in 0..answers.len() {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            let (_, status, body) = answers.iter().find(|(path, ..)| request.contains(path)).unwrap();
            let length = body.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
        }
    });
    port
}
