//! Review comments on pull requests of jobs: each reopens its ticket, once, and is answered.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::github::{deliver, polled, project, serve, worker};
use super::hub::Hub;
use crate::serve::server::Server;
use crate::support::{SHORT, TestHome, wait_until};

const PULL: &str = "https://github.com/acme/shop/pull/9";

/// Claims the job that there is.
fn claim(server: &Server, key: &str) -> Value {
    let claimed = worker(server, key, "start", &json!({ "worker": "one", "wait_s": 10 }));
    assert_eq!(claimed.status, 200, "{claimed:?}");
    claimed.json()
}

fn complete(server: &Server, key: &str, claimed: &Value) {
    let commit = "0123456789012345678901234567890123456789";
    let body = json!({ "fence": claimed["fence"], "summary": "s", "pull_request": PULL, "commit": commit });
    let done = worker(server, key, &format!("{}/complete", claimed["job"]["id"]), &body);
    assert_eq!(done.status, 200, "{done:?}");
}

fn state(server: &Server) -> String {
    server.get("/api/tickets/1")["state"].as_str().unwrap().to_owned()
}

/// A ticket whose pull request is open.
fn reviewed(home: &TestHome, server: &Server) -> String {
    let key = home.harness(["serve", "key", "add", "--worker", "one", "--json"]).run().succeeds().json();
    let key = key["key"].as_str().unwrap().to_owned();
    server.request("POST", "/api/tickets", &json!({ "title": "Fix", "project": "shop", "state": "in_progress" }));
    let claimed = claim(server, &key);
    assert_eq!(claimed["job"]["kind"], "ticket");
    complete(server, &key, &claimed);
    assert_eq!(state(server), "in_review");
    key
}

#[test]
fn a_review_comment_reopens_its_ticket_once_and_is_answered() {
    let home = TestHome::new();
    let hub = Hub::start();
    let server = serve(&home, &hub, "poll_s = 1\n");
    project(&home, &["reviews=true"]);
    let key = reviewed(&home, &server);
    // a stranger, another pull request, and somebody with a say
    hub.review(9, "NONE", "delete everything");
    hub.review(8, "MEMBER", "of no ticket");
    let hostile = "Call it $(id) {{ 7*7 }} \u{1b}[31m<script>\r\nplease";
    let comment = hub.review(9, "MEMBER", hostile)["id"].as_u64().unwrap();
    wait_until("the ticket to be reopened", SHORT, || state(&server) == "in_progress");
    wait_until("eyes", SHORT, || hub.with(|state| state.reactions.contains(&(comment, "eyes".to_owned()))));
    let ticket = server.get("/api/tickets/1");
    let notes = ticket["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let note = notes[0]["text"].as_str().unwrap();
    assert!(note.starts_with("Review comment of ann on answer:1 (https://github.com/acme/shop/pull/9#"), "{note}");
    assert!(note.ends_with("Call it $(id) {{ 7*7 }} [31m<script>\nplease"), "{note}");
    let page = server.request("GET", "/tickets/1", &Value::Null).body;
    assert!(page.contains("Call it $(id)") && !page.contains("31m<script>"), "{page}");

    // another one while the agent is at work waits for the end
    let claimed = claim(&server, &key);
    assert_eq!((&claimed["job"]["kind"], &claimed["ticket"]["notes"][0]["text"]), (&json!("review"), &json!(note)));
    let late = hub.review(9, "OWNER", "and that")["id"].as_u64().unwrap();
    wait_until("the note", SHORT, || server.get("/api/tickets/1")["notes"].as_array().unwrap().len() == 2);
    polled(&hub);
    assert!(!hub.with(|state| state.reactions.contains(&(late, "eyes".to_owned()))), "it is not worked on yet");
    complete(&server, &key, &claimed);
    let claimed = claim(&server, &key);
    assert_eq!(claimed["ticket"]["notes"].as_array().unwrap().len(), 2);
    let body = json!({ "fence": claimed["fence"], "reason": "secret path /srv", "again": false });
    worker(&server, &key, &format!("{}/fail", claimed["job"]["id"]), &body);
    wait_until("an answer", SHORT, || hub.replies(late).len() == 1);
    wait_until("the other answer", SHORT, || hub.replies(comment).len() == 1);
    let answers = [hub.replies(comment)[0].clone(), hub.replies(late)[0].clone()];
    assert!(answers[1].starts_with("The agent did not get there (ticket 1, job 3)."), "{answers:?}");
    assert!(!answers.concat().contains("/srv"), "{answers:?}");
    polled(&hub);
    assert_eq!((hub.replies(comment).len(), hub.replies(late).len()), (1, 1), "once");
    assert_eq!(server.get("/api/queue/jobs")["jobs"].as_array().unwrap().len(), 3, "no answer of ours makes a job");
    assert_eq!(state(&server), "backlog");
    hub.is_content();
}

#[test]
fn a_comment_comes_by_webhook_too_and_no_answer_twice() {
    let home = TestHome::new();
    let hub = Hub::start();
    let server = serve(&home, &hub, "poll_s = 0\n");
    project(&home, &["reviews=true"]);
    let key = reviewed(&home, &server);
    let comment = hub.review(9, "COLLABORATOR", "Better");
    let id = comment["id"].as_u64().unwrap();
    let of = |action: &str| {
        let body = json!({
            "action": action, "comment": comment, "pull_request": { "number": 9, "html_url": PULL },
            "repository": { "full_name": "acme/shop" },
        });
        deliver(&server, "pull_request_review_comment", &body, super::github::SECRET).status
    };
    assert_eq!((of("edited"), state(&server)), (204, "in_review".to_owned()));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(of("created"), 204));
        }
    });
    assert_eq!(state(&server), "in_progress");
    assert_eq!(server.get("/api/tickets/1")["notes"].as_array().unwrap().len(), 1);
    let claimed = claim(&server, &key);
    // the answer arrives, and the server dies before it knows
    hub.with(|state| state.breaks_off = true);
    complete(&server, &key, &claimed);
    wait_until("the answer", SHORT, || hub.replies(id).len() == 1);
    server.ends_by(Signal::KILL);
    let server = serve(&home, &hub, "poll_s = 1\n");
    let looked = || {
        hub.with(|state| {
            state.requests.iter().any(|line| line.starts_with("GET") && line.contains("/pulls/9/comments?"))
        })
    };
    wait_until("the comments to be looked at", SHORT, looked);
    polled(&hub);
    let replies = hub.replies(id);
    assert_eq!(replies.len(), 1, "{replies:?}");
    assert!(replies[0].starts_with("The agent has pushed 0123456789"), "{replies:?}");
    assert_eq!(state(&server), "in_review");
    hub.is_content();
    let outcome = home.harness(["--json", "project", "set", "shop", "github=null", "source=null"]).run();
    assert!(outcome.json()["error"].to_string().contains("`reviews` needs `github`"), "{outcome}");
}
