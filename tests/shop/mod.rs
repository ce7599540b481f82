//! `examples/shop` as its users have it: agents in work trees side by side, an edit in one, a migration on a branch, and
//! `verify` on work that is not done.

#![allow(clippy::print_stderr)] // a test that was skipped says so

mod gateway;
pub(crate) mod packages;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{LONG, TestHome, TestProject, get, mail_to, post, wait_for};

const AGENTS: [u8; 3] = [1, 2, 3];

fn tree(home: &TestHome, agent: u8) -> PathBuf {
    home.directory().join(format!("trees/{agent}"))
}

/// Changes text in a file of an agent's tree, at once, as editors do: a compiler that meets a file half written builds
/// that, and may not look again. The text must be there once.
#[track_caller]
fn edit(tree: &Path, file: &str, old: &str, new: &str) {
    let path = tree.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(old).count(), 1, "`{old}` is not once in {file}");
    let edited = tree.join(".edited");
    fs::write(&edited, text.replace(old, new)).unwrap();
    fs::rename(edited, path).unwrap();
}

fn order(project: &TestProject, agent: u8, email: &str) -> Value {
    let body = json!({ "email": email, "lines": [{ "productId": 2, "quantity": agent }] }).to_string();
    let answer = post(project.port("frontend", agent), "/api/orders", "application/json", body.as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// The pids of an agent's processes, and the template of its database.
fn standing(project: &TestProject, agent: u8) -> (BTreeMap<String, u64>, String) {
    let status = project.harness(["status", &agent.to_string(), "--json"]).run().succeeds().json();
    let row = &status["agents"][0];
    let processes = row["processes"].as_array().unwrap();
    let pids = processes.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row["pid"].as_u64().unwrap()));
    (pids.collect(), row["template"].as_str().unwrap().to_owned())
}

/// Copies' pages in the home's Chromium, each with the draft of an order.
struct Pages {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Pages {
    /// Opens them; they wait for `heading` in the page with the number `index`.
    fn open(home: &TestHome, project: &TestProject, urls: &[String], index: usize, heading: &str) -> Self {
        let artifacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shop");
        fs::create_dir_all(&artifacts).unwrap();
        let mut child = Command::new("node")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shop/pages.mjs"))
            .args([project.root(), &artifacts])
            .arg(format!("http://127.0.0.1:{}", home.browser_port()))
            .args([index.to_string(), heading.to_owned()])
            .args(urls)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut pages = Self { child, lines };
        assert_eq!(pages.line(), "ready");
        pages
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("the pages' script says more").unwrap()
    }

    /// What they show when the heading has changed.
    fn shown(mut self) -> Value {
        let line = self.line();
        assert!(self.child.wait().unwrap().success());
        serde_json::from_str(&line).unwrap()
    }
}

#[test]
fn three_copies_are_worked_on_side_by_side() {
    let Some(packages) = packages::installed() else { return };
    let home = TestHome::new();
    let project = home.shop(&packages);
    let launched = project.harness(["launch", "--all", "3", "--worktree"]).run().succeeds();
    assert!(!launched.stderr.contains("prepare install done"), "cloned, not installed again\n{launched}");

    // each has its own orders, mail and address; the scheduler ships them
    for agent in AGENTS {
        let email = format!("only-{agent}@example.com");
        assert_eq!(order(&project, agent, &email)["totalCents"], 1290 * u64::from(agent));
        let info = get(project.port("frontend", agent), "/api/info").json();
        let url = format!("http://localhost:{}", project.port("frontend", agent));
        let (database, bucket) = (format!("agent_{agent}"), format!("agent-{agent}"));
        assert_eq!(info, json!({ "instance": bucket, "database": database, "bucket": bucket, "shopUrl": url }));
        wait_for("the order to be shipped", LONG, || {
            let mail = mail_to(home.mail_web_port(), &bucket);
            if mail == [email.as_str(), &email] { Ok(()) } else { Err(format!("{mail:?}")) }
        });
        let picture = get(project.port("frontend", agent), "/api/products/1/image");
        assert!(picture.status == 200 && picture.body.starts_with("<svg"), "the bucket was filled: {picture:?}");
        let receipt = get(project.port("frontend", agent), "/api/orders/1/receipt.pdf");
        assert!(receipt.status == 200 && receipt.body.starts_with("%PDF-"), "{}", receipt.status);
    }

    // an edit of the page: replaced in place in one browser page, without a load, and in no other
    let before = AGENTS.map(|agent| standing(&project, agent));
    let urls = AGENTS.map(|agent| format!("http://localhost:{}/", project.port("frontend", agent)));
    let pages = Pages::open(&home, &project, &urls, 1, "Porcelain");
    edit(&tree(&home, 2), "frontend/src/Heading.tsx", "Tableware", "Porcelain");
    let shown = pages.shown();
    for (number, heading) in ["Tableware", "Porcelain", "Tableware"].into_iter().enumerate() {
        let page = &shown[number];
        assert_eq!((page["heading"].as_str(), page["loads"].as_u64()), (Some(heading), Some(1)), "{page}");
        assert_eq!(page["draft"], format!("draft-{number}"));
        let agent = number + 1;
        assert_eq!(page["instance"], format!("agent-{agent} · agent_{agent} · agent-{agent}"));
        assert_eq!(page["orders"].as_array().unwrap().len(), 1, "{page}");
        assert!(page["orders"][0].as_str().unwrap().contains(&format!("only-{agent}@example.com")), "{page}");
    }
    assert_eq!(AGENTS.map(|agent| standing(&project, agent)), before, "no process was started again");

    // an edit of what page and API share: built, and the API of that agent alone is started again
    edit(&tree(&home, 2), "common/src/money.ts", "\"-\" : \"\"}€", "\"-\" : \"\"}EUR ");
    wait_for("the API to be started again", LONG, || {
        let receipt = crate::support::try_get(project.port("api", 2), "/api/orders/1/receipt");
        match receipt {
            Ok(answer) if answer.body.contains("EUR 25.80") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    for (agent, (pids, _)) in AGENTS.into_iter().zip(&before) {
        let (now, _) = standing(&project, agent);
        assert_eq!(now["api"] == pids["api"], agent != 2);
        assert_eq!((now["build"], now["frontend"]), (pids["build"], pids["frontend"]));
    }
    assert!(get(project.port("api", 1), "/api/orders/1/receipt").body.contains("€12.90"));

    // a migration on one branch: that agent has another template, and the others keep theirs
    let migration = "-- Up Migration\nINSERT INTO product (name, price_cents) VALUES ('Spoon', 250);\n";
    fs::write(tree(&home, 2).join("backend/migrations/0003_spoon.sql"), migration).unwrap();
    project.harness(["launch", "2", "--reset-db"]).run().succeeds();
    let names = |agent| {
        let products = get(project.port("api", agent), "/api/products").json();
        products.as_array().unwrap().iter().map(|product| product["name"].as_str().unwrap().to_owned()).collect()
    };
    let others: Vec<String> = names(1);
    assert_eq!(others, ["Cup", "Plate", "Teapot"]);
    assert!(names(2).contains(&"Spoon".to_owned()));
    let templates = AGENTS.map(|agent| standing(&project, agent).1);
    assert_eq!(templates[0], templates[2]);
    assert_ne!(templates[0], templates[1]);
}

#[test]
fn verify_names_the_file_and_line_of_what_is_wrong() {
    let Some(packages) = packages::installed() else { return };
    let home = TestHome::new();
    let project = home.shop(&packages);
    project.harness(["launch", "4"]).run().succeeds();
    let tree = tree(&home, 4);
    let verify = |arguments: &[&str]| {
        let outcome = project.harness(["verify", "4"]).args(arguments.iter().copied()).run();
        let document = outcome.json();
        let stages = document["stages"].as_array().unwrap().clone();
        let failed = stages.into_iter().find(|stage| stage["status"] == "fail").unwrap_or_default();
        (outcome, failed)
    };

    // file, what becomes what, the stage that finds it, how its first error begins
    for (file, old, new, stage, error) in [
        ("frontend/src/api.ts", "\"/products\"", "42", "check", "frontend/src/api.ts:14"),
        ("backend/src/receipt.ts", "const rows =", "debugger;\n  const rows =", "check", "backend/src/receipt.ts:5"),
        ("common/src/money.ts", "line.quantity *", "line.quantity +", "test", "common/src/order.test.ts:10"),
    ] {
        edit(&tree, file, old, new);
        let (outcome, failed) = verify(&[]);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        assert_eq!(failed["name"], stage, "{outcome}");
        let first = failed["first_error"].as_str().unwrap_or_default();
        assert!(first.starts_with(error), "{file}: {first}\n{outcome}");
        edit(&tree, file, new, old);
    }
    let (outcome, _) = verify(&["--full"]);
    let outcome = outcome.succeeds();
    assert!(tree.join("artifacts/order.png").exists(), "{outcome}");
}
