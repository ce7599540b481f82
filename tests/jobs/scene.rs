//! A queue, a project with a planted bug, a remote, and programs that are small scripts.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::pulls::{GitHub, TOKEN};
use crate::serve::server::Server;
use crate::support::{HarnessCommand, ProjectBuilder, TestHome, TestProject};

/// Beside the project: the user's own folder of trees is shared by all tests.
const TREES: &str = "[worktree]\npath = \"{{ project_root }}/../trees/{{ id }}\"\n";
/// The value of a variable that the programs of jobs get.
pub(crate) const SECRET: &str = "sk-secret-of-the-tests";

/// All of it.
pub(crate) struct Scene<'a> {
    pub(crate) home: &'a TestHome,
    _server: Server,
    pub(crate) project: TestProject<'a>,
    pub(crate) github: GitHub,
    remote: PathBuf,
}

impl<'a> Scene<'a> {
    /// `answer` must be 42, and is 41; `verify` also runs `check`.
    pub(crate) fn new(home: &'a TestHome, check: &str) -> Self {
        Self::with(home, check, |project| project)
    }

    /// The same with more of a project.
    pub(crate) fn with(
        home: &'a TestHome,
        check: &str,
        more: impl FnOnce(ProjectBuilder<'a>) -> ProjectBuilder<'a>,
    ) -> Self {
        let stages = format!(
            "[[verify.stages]]\nname = \"check\"\ncommands = [{{ name = \"answer\", run = {} }}]\n\
             [[verify.stages]]\nname = \"smoke\"\nfull = true\n\
             commands = [{{ name = \"api\", http_get = {{ path = \"/health\", port = \"{{{{ ports.api }}}}\" }} }}]\n",
            toml::Value::String(format!("grep -qx 42 answer || {{ echo 'answer:1: is not 42'; exit 1; }}; {check}"))
        );
        let project = home.project("shop").application("api").toml(TREES).toml(&stages).file("answer", "41\n");
        let project = more(project).write();
        let remote = home.directory().join("remote.git");
        let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&remote).status().unwrap();
        assert!(made.success());
        project.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
        project.git(&["push", "--quiet", "origin", "main"]);
        // hooks of the repository are not the worker's
        for hook in ["pre-push", "pre-commit", "commit-msg"] {
            let text = format!("#!/bin/sh\necho {hook} >> {}\nexit 1\n", home.directory().join("hooks").display());
            let file = project.root().join(".git/hooks").join(hook);
            project.put(&format!(".git/hooks/{hook}"), &text);
            assert!(Command::new("chmod").arg("+x").arg(file).status().unwrap().success());
        }
        let (server, github) = (Server::start(home), GitHub::start());
        let scene = Self { home, _server: server, project, github, remote };
        let root = scene.project.root().to_str().unwrap().to_owned();
        let settings = ["github=o/r", "backoff_s=0", "attempts=1", "variables=[\"SECRET_KEY\"]"];
        scene.ok(&[&["project", "add", "shop", &root][..], &settings].concat());
        scene
    }

    /// A document of a command that succeeds.
    #[track_caller]
    pub(crate) fn ok(&self, words: &[&str]) -> Value {
        self.home.harness(words.iter().copied().chain(["--json"])).run().succeeds().json()
    }

    /// Gives the jobs of the project a program: a shell script that gets the file of its prompt.
    pub(crate) fn program(&self, script: &str) {
        let file = self.home.directory().join("program.sh");
        let harness = env!("CARGO_BIN_EXE_harness");
        let here = self.home.directory().display();
        let commit = "commit() { git -c core.hooksPath=/dev/null -c user.name=a -c user.email=a@b commit -qm \"$1\"; }";
        fs::write(&file, format!("harness={harness}\nhere={here}\n{commit}\n{script}")).unwrap();
        let program = format!("program={}", json!(["sh", file.to_str().unwrap(), "{prompt_file}"]));
        self.ok(&["project", "set", "shop", &program]);
    }

    /// A ticket with a job.
    pub(crate) fn ticket(&self, title: &str, text: &str) -> u64 {
        self.ticket_of("shop", title, text)
    }

    /// The same in another project.
    pub(crate) fn ticket_of(&self, project: &str, title: &str, text: &str) -> u64 {
        let made = self.ok(&["ticket", "add", title, "--text", text, "--project", project, "--start"]);
        made["id"].as_u64().unwrap()
    }

    /// A worker with a token of GitHub and a secret for its programs.
    pub(crate) fn worker(&self, words: &[&str]) -> HarnessCommand {
        let words = ["work", "--json", "--name", "one", "--poll", "1s"].iter().chain(words).copied();
        self.home
            .harness(words)
            .env("GITHUB_TOKEN", TOKEN)
            .env("GITHUB_API_URL", self.github.url())
            .env("SECRET_KEY", SECRET)
    }

    /// Does one job; its row, and all that the worker said.
    #[track_caller]
    pub(crate) fn work(&self) -> (Value, String) {
        let outcome = self.worker(&["--once"]).run();
        let document = outcome.json();
        assert_eq!(document["schema"], "harness/work/1", "{outcome}");
        (document["jobs"][0].clone(), outcome.stderr)
    }

    /// The log of a job.
    pub(crate) fn log(&self, job: &Value) -> String {
        let log = self.ok(&["job", "logs", &job["job"].to_string()]);
        let lines = log["lines"].as_array().unwrap().iter();
        lines.map(|line| line["text"].as_str().unwrap().to_owned() + "\n").collect()
    }

    /// What the remote says.
    pub(crate) fn remote(&self, arguments: &[&str]) -> String {
        let output = Command::new("git").arg("-C").arg(&self.remote).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Nothing of a job is left: no stack, no tree, no state, no branch but these, and no hook has run.
    #[track_caller]
    pub(crate) fn is_tidy(&self, branches: &[&str]) {
        assert_eq!(self.ok(&["status"])["agents"], json!([]));
        assert_eq!(self.project.git(&["worktree", "list", "--porcelain"]).matches("worktree ").count(), 1);
        let left: Vec<_> =
            fs::read_dir(self.home.path().join("work/one")).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(left, ["lock"]);
        let found =
            self.project.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/harness", "refs/harness"]);
        assert_eq!(found.lines().collect::<Vec<_>>(), branches);
        assert!(!self.home.directory().join("hooks").exists(), "a hook of the repository has run");
    }
}
