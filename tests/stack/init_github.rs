//! `harness init --github`: the workflow's shell parts, run with an issue that means harm.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::TestHome;

/// Quotes, substitutions, expressions and newlines: whatever a shell or a workflow would take for its own.
const TITLE: &str = "Fix `touch owned` $(touch owned) \"'; touch owned; # ${{ secrets.X }}\nsecond\tline";
const BODY: &str = "\"; touch owned; \"\n$(touch owned)\n`touch owned`\n${{ github.token }}\n'\nEOF\n}\ntouch owned\n";

struct Workflow {
    root: PathBuf,
    yaml: Value,
    text: String,
}

fn workflow(home: &TestHome) -> Workflow {
    let root = home.directory().join("shop");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("package.json"), r#"{ "scripts": { "dev": "vite" }, "dependencies": { "pg": "8" } }"#).unwrap();
    fs::write(root.join("package-lock.json"), "{}").unwrap();
    fs::write(root.join("index.html"), "").unwrap();
    let document = home.harness(["init", "--github", "--json"]).dir(&root).run().succeeds().json();
    assert_eq!(document["workflow"]["changed"], true, "{document}");
    let text = fs::read_to_string(root.join(".github/workflows/agent-task.yml")).unwrap();
    Workflow { root, yaml: serde_saphyr::from_str(&text).unwrap(), text }
}

impl Workflow {
    fn steps(&self, job: &str) -> Vec<Value> {
        self.yaml["jobs"][job]["steps"].as_array().unwrap().clone()
    }

    fn shell(&self, job: &str, name: &str) -> String {
        let step = self.steps(job).into_iter().find(|step| step["name"] == name).unwrap();
        step["run"].as_str().unwrap().to_owned()
    }
}

fn program(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-C"]).arg(directory).args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn the_workflow_is_pinned_and_holds_no_word_of_the_issue() {
    let home = TestHome::new();
    let workflow = workflow(&home);
    assert_eq!(workflow.yaml["permissions"], json!({}));
    assert_eq!(workflow.yaml["jobs"]["work"]["permissions"], json!({ "contents": "read" }));
    assert!(workflow.text.contains("hashFiles('package-lock.json')"), "{}", workflow.text);
    assert!(workflow.text.contains("actions/setup-node@") && !workflow.text.contains("#@"), "{}", workflow.text);
    for step in ["work", "publish"].iter().flat_map(|job| workflow.steps(job)) {
        if let Some(action) = step["uses"].as_str() {
            let commit = action.split_once('@').unwrap().1;
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
        }
        let run = step["run"].as_str().unwrap_or_default();
        assert!(!run.contains("${{"), "an expression in a command: {run}");
        assert!(!step.to_string().contains("GH_TOKEN") || step["run"].is_null(), "{step}");
    }
    for word in ["issue.title }", "issue.body }", "toJSON", "pull_request_target"] {
        assert!(!workflow.text.contains(word), "{word}");
    }
    let root = &workflow.root;
    let again = home.harness(["init", "--github", "--json"]).dir(root).run().succeeds().json();
    assert_eq!(again["workflow"]["changed"], false, "{again}");
    fs::write(root.join(".github/workflows/agent-task.yml"), "name: mine\n").unwrap();
    home.harness(["init", "--github"]).dir(root).run().exits_with(5).says("agent-task.yml");
    // where the linter of workflows is installed, it agrees
    if let Ok(linter) = which::which("actionlint") {
        let file = home.directory().join("agent-task.yml");
        fs::write(&file, &workflow.text).unwrap();
        let output = Command::new(linter).arg("-no-color").arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The steps between the stack and the comment, as a runner runs them: `bash -e` with the job's variables.
#[test]
fn an_issue_that_means_harm_is_only_data() {
    let home = TestHome::new();
    let workflow = workflow(&home);
    let at = |name: &str| home.directory().join(name);
    let (bin, temporary, origin, tree) = (at("bin"), at("runner"), at("origin.git"), at("tree"));
    for directory in [&bin, &temporary] {
        fs::create_dir_all(directory).unwrap();
    }
    fs::write(at("event.json"), json!({ "issue": { "title": TITLE, "body": BODY } }).to_string()).unwrap();
    git(home.directory(), &["init", "--quiet", "--bare", "--initial-branch=main", origin.to_str().unwrap()]);
    git(home.directory(), &["clone", "--quiet", origin.to_str().unwrap(), tree.to_str().unwrap()]);
    fs::write(tree.join("README.md"), "# Shop\n").unwrap();
    git(&tree, &["add", "."]);
    git(&tree, &["commit", "--quiet", "--message", "first"]);
    git(&tree, &["push", "--quiet", "origin", "HEAD:main"]);
    let base = git(&tree, &["rev-parse", "HEAD"]);
    let publish = at("publish");
    git(home.directory(), &["clone", "--quiet", origin.to_str().unwrap(), publish.to_str().unwrap()]);
    // what only the internet has: the agent and GitHub
    program(&bin.join("claude"), "cat > ../asked.md; echo changed > README.md; printf 'a\\000b' > new.bin\n");
    let document = json!({ "schema": "harness/verify/1", "text": "```\n</details>" });
    program(&bin.join("harness"), &format!("cat <<'END'\n{document}\nEND\n"));
    program(
        &bin.join("gh"),
        "for argument; do printf '%s\\000' \"$argument\"; done >> \"$RUNNER_TEMP/gh\"\necho https://github.example/pull/1\n",
    );
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |job: &str, name: &str, directory: &Path, verified: &str| {
        let mut command = Command::new("bash");
        command.args(["-e", "-o", "pipefail", "-c", &workflow.shell(job, name)]).current_dir(directory).env_clear();
        command.env("PATH", &path).env("HOME", home.directory());
        command.env("RUNNER_TEMP", &temporary).env("GITHUB_EVENT_PATH", at("event.json"));
        command.env("GITHUB_SHA", &base).env("GITHUB_OUTPUT", at("output")).env("GITHUB_RUN_ID", "7");
        command.env("TREE", &tree).env("NUMBER", "12").env("BASE", "main").env("RUN_URL", "https://github.example/run");
        command.env("VERIFIED", verified).env("CHANGED", "true");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for name in ["Write the task", "Let Claude Code work", "Verify", "Collect the change"] {
        run("work", name, &tree, "");
    }
    let asked = fs::read_to_string(at("asked.md")).unwrap();
    assert!(asked.ends_with(&format!("# {TITLE}\n\n{BODY}\n")), "{asked}");
    assert_eq!(fs::read_to_string(at("output")).unwrap(), "changed=true\n");

    run("publish", "Write the report", &publish, "failure");
    let refused = fs::read_to_string(temporary.join("report.md")).unwrap();
    assert!(refused.contains("did not pass, so no pull request is opened"), "{refused}");
    for name in ["Write the report", "Open the pull request", "Comment on the issue"] {
        run("publish", name, &publish, "success");
    }
    let calls = fs::read_to_string(temporary.join("gh")).unwrap();
    let calls: Vec<&str> = calls.split('\0').collect();
    let title = TITLE.replace(['\n', '\t'], " ");
    let position = calls.iter().position(|argument| *argument == "--title").unwrap();
    assert_eq!(calls[position + 1], title);
    assert!(calls.contains(&"comment") && calls.contains(&"12"), "{calls:?}");
    let report = fs::read_to_string(temporary.join("report.md")).unwrap();
    assert!(report.contains("passed") && report.contains("harness/verify/1") && report.contains("pull/1"), "{report}");
    assert_eq!(
        report.lines().filter(|line| line.starts_with("```")).count(),
        2,
        "the document ends its frame: {report}"
    );
    let branch = "agent-task/12-7";
    assert_eq!(git(&origin, &["log", "-1", "--format=%s", branch]), title.trim());
    assert_eq!(git(&origin, &["show", &format!("{branch}:README.md")]), "changed");
    assert_eq!(git(&origin, &["diff", "--name-only", "main", branch]), "README.md\nnew.bin");
    let owned = walk(home.directory()).into_iter().find(|path| path.ends_with("owned"));
    assert_eq!(owned, None, "a command of the issue was run");
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() && !path.is_symlink() { walk(&path) } else { vec![path] }).collect()
}
