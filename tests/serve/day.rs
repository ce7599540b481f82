//! What a person does all day, by clicks in Chromium on a real stack.

use serde_json::{Value, json};

use super::chromium::Script;
use super::server::Server;
use crate::support::TestHome;

const PROCESSES: &str = r#"
[processes.talk]
command = "i=0; while :; do i=$((i + 1)); echo number $((i % 10)); sleep 0.1; done"
[processes.fragile]
command = "test ! -e broken || { echo out of luck >&2; exit 3; }; exec sleep 600"
restart = "no"
[[verify.stages]]
name = "words"
commands = [{ name = "words", run = "echo 'src/words.txt:2:1: error: wrong is no word'; exit 1" }]
"#;

#[test]
fn an_agent_is_launched_mended_and_torn_down_by_clicks() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .application("api")
        .file("src/words.txt", "right\nwrong\n")
        .toml(PROCESSES)
        .toml(&format!("[worktree]\npath = \"{}/trees/{{{{ id }}}}\"\n", home.directory().display()))
        .write();
    project.commit("Begin");
    project.harness(["setup"]).run().succeeds();
    let server = Server::start(&home);
    let root = project.root().to_str().unwrap();
    let Some(mut script) = Script::start("day.mjs", &home, &server, &[root]) else { return };
    let psql = |query: &str| project.harness(["psql", "2", "--csv", query]).run().succeeds().stdout;
    let tree = || {
        let status = project.harness(["status", "2", "--json"]).run().json();
        std::path::PathBuf::from(status["agents"][0]["tree"].as_str().unwrap())
    };
    let count = || psql("SELECT count(*) FROM items");
    let mut before = String::new();
    script.at("change the database", || {
        before = count();
        psql("DELETE FROM items");
        assert_ne!(count(), before);
    });
    script.at("look at the database", || assert_eq!(count(), before));
    script.at("break it", || std::fs::write(tree().join("broken"), "").unwrap());
    script.at("mend it", || std::fs::remove_file(tree().join("broken")).unwrap());
    script.at("write something", || std::fs::write(tree().join("src/words.txt"), "only here\n").unwrap());
    let seen = script.seen();
    let says = |what: &str, words: &[&str]| {
        let text = seen[what].as_str().unwrap_or_default();
        for word in words {
            assert!(text.contains(word), "`{word}` is not in {what}: {text}");
        }
    };
    assert_eq!(seen["wrong"], json!([]), "{seen:#}");
    assert_eq!((&seen["stays"], &seen["moved"]), (&json!(true), &json!(false)), "{seen:#}");
    assert_eq!(seen["log"], json!(["number 0", "number 5"]));
    says("verdict", &["fail", "words", "src/words.txt:2"]);
    says("trouble", &["fragile", "failed", "out of luck"]);
    says("teardown", &["dry run", "Would be lost", "src/words.txt", "\nagent_2\n"]);
    says("refused", &["src/words.txt"]);
    assert_eq!(server.get("/api/agents")["agents"], Value::Array(Vec::new()));
}
