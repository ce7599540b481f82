//! The queue as people and workers meet it: over HTTP and on the command line, without a worker program.

use serde_json::{Value, json};

use crate::serve::server::Server;
use crate::support::{Answer, TestHome, TestPostgres, send};

/// A worker that only speaks.
struct Speaker<'a> {
    server: &'a Server,
    key: String,
}

impl Speaker<'_> {
    fn say(&self, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let path = format!("/api/worker/jobs/{path}");
        send("POST", self.server.port, &path, &[("Authorization", &bearer)], body.to_string().as_bytes())
    }

    #[track_caller]
    fn claim(&self) -> (u64, u64) {
        let claimed = self.say("start", &json!({ "project_ids": ["shop"], "worker": "one", "capacity": 1 }));
        assert_eq!(claimed.status, 200, "{claimed:?}");
        let claimed = claimed.json();
        (claimed["job"]["id"].as_u64().unwrap(), claimed["fence"].as_u64().unwrap())
    }
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_ticket_becomes_a_job_that_one_worker_does_once() {
    let home = TestHome::new();
    let server = Server::start(&home);
    one_worker_does_it_once(&home, &server);
}

#[test]
fn the_same_in_a_shared_database() {
    let (home, postgres) = (TestHome::new(), TestPostgres::start());
    let url = super::shared::url(&postgres);
    let server = Server::start_as(&home, &[], &[("HARNESS_DATABASE_URL", url.as_str())]);
    one_worker_does_it_once(&home, &server);
}

fn one_worker_does_it_once(home: &TestHome, server: &Server) {
    let run = |words: &[&str]| home.harness(words.iter().copied().chain(["--json"])).run();
    let ok = |words: &[&str]| run(words).succeeds().json();
    let fails = |words: &[&str]| run(words).json()["error"]["code"].clone();

    let settings = "backoff_s=0";
    let project = ok(&["project", "add", "shop", "/srv/shop", "program=[\"sh\",\"x\"]", settings, "attempts=2"]);
    assert_eq!(
        (&project["name"], &project["path"], &project["attempts"]),
        (&json!("shop"), &json!("/srv/shop"), &json!(2))
    );
    assert_eq!(fails(&["project", "add", "shop", "/srv/shop"]), "queue.project_taken");
    assert_eq!(fails(&["project", "set", "shop", "rounds=0"]), "serve.refused");
    assert_eq!(fails(&["ticket", "add", "x", "--project", "none"]), "queue.no_project");
    let key = ok(&["serve", "key", "add", "--worker", "one"])["key"].as_str().unwrap().to_owned();
    let kept = std::fs::read(home.path().join("serve/harness.db")).unwrap();
    assert!(!kept.windows(key.len()).any(|part| part == key.as_bytes()), "only its hash is kept");
    let worker = Speaker { server, key: key.clone() };
    assert_eq!(worker.say("start", &json!({})).status, 204, "there is nothing to do");

    let hostile = "$(touch /tmp/x) `id` \u{1b}[31m {{ 7*7 }}";
    let made = ok(&["ticket", "add", "Fix it", "--text", hostile, "--project", "shop"]);
    assert_eq!((&made["state"], &made["job"], &made["text"]), (&json!("backlog"), &Value::Null, &json!(hostile)));
    assert!(!run(&["ticket", "show", "1"]).stdout.contains('\u{1b}'));
    let plain = home.harness(["ticket", "show", "1"]).run().succeeds();
    assert!(!plain.stdout.contains('\u{1b}'), "{plain}");
    assert_eq!(fails(&["project", "remove", "shop"]), "queue.project_in_use");
    // by the older words of a task as well
    let moved = server.request("PATCH", "/api/tasks/1", &json!({ "status": "in_progress" }));
    assert_eq!(moved.status, 200, "{moved:?}");
    let jobs = ok(&["job", "list"]);
    assert_eq!((&jobs["jobs"][0]["state"], jobs["jobs"].as_array().unwrap().len()), (&json!("pending"), 1));
    assert_eq!(server.get("/api/queue/health")["pending_count"], 1);

    // a worker's key opens what is for workers alone
    let bearer = format!("Bearer {key}");
    let other = send("GET", server.port, "/api/tickets", &[("Authorization", &bearer)], b"");
    assert_eq!(code(&other), (401, "serve.token".to_owned()));
    let stranger = Speaker { server, key: "hw_stranger".to_owned() };
    assert_eq!(stranger.say("start", &json!({})).status, 401);

    let (job, fence) = worker.claim();
    assert_eq!(worker.say("start", &json!({})).status, 204, "it is claimed once");
    let word = |verb: &str, body: &Value| worker.say(&format!("{job}/{verb}"), body);
    let lost = (409, "queue.lost".to_owned());
    assert_eq!(code(&word("heartbeat", &json!({ "fence": fence + 1 }))), lost);
    assert_eq!(code(&word("complete", &json!({ "fence": fence - 1 }))), lost);
    // the number alone is worth nothing: another worker has learned it
    let other = ok(&["serve", "key", "add", "--worker", "two"])["key"].as_str().unwrap().to_owned();
    let thief = Speaker { server, key: other };
    for verb in ["heartbeat", "complete", "fail", "return"] {
        let stolen = thief.say(&format!("{job}/{verb}"), &json!({ "fence": fence, "reason": "mine" }));
        assert_eq!(code(&stolen), lost, "{verb}");
    }
    assert_eq!(code(&thief.say(&format!("{job}/log"), &json!({ "fence": fence, "lines": ["mine"] }))), lost);
    assert_eq!(
        word("heartbeat", &json!({ "fence": fence, "state": "running", "agent": 3, "session": "job-1" })).status,
        200
    );
    assert_eq!(word("log", &json!({ "fence": fence, "lines": ["begun", "half done"] })).status, 204);
    assert_eq!(ok(&["job", "logs", "1"])["lines"][1]["text"], "half done");
    // the machine failed: another attempt
    assert_eq!(word("fail", &json!({ "fence": fence, "reason": "no room", "again": true })).status, 200);
    assert_eq!(code(&word("heartbeat", &json!({ "fence": fence }))), lost);
    let (second, fence) = worker.claim();
    assert!(second > job);
    let url = "https://github.com/o/r/pull/1";
    let end = json!({ "fence": fence, "summary": "mended", "pull_request": url });
    let done = worker.say(&format!("{second}/complete"), &end);
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("succeeded")), "{done:?}");
    let again = worker.say(&format!("{second}/complete"), &end);
    assert_eq!(again.status, 200, "the first answer may not have been received: {again:?}");
    let ticket = ok(&["ticket", "show", "1"]);
    assert_eq!((&ticket["state"], &ticket["pull_request"]), (&json!("in_review"), &json!(url)));
    assert_eq!(server.get("/api/tasks/1")["status"], "review");
    assert_eq!(server.get("/api/completed-tickets")["tickets"][0]["id"], 1);
    let page = server.request("GET", "/tickets/1", &Value::Null);
    assert!(page.status == 200 && page.body.contains(url) && page.body.contains("mended"), "{page:?}");

    // called off: the worker is refused from then on
    ok(&["job", "retry", "2"]);
    let (third, fence) = worker.claim();
    assert_eq!(ok(&["ticket", "cancel", "1"])["job"]["state"], "cancelled");
    assert_eq!(code(&worker.say(&format!("{third}/complete"), &json!({ "fence": fence }))), lost);
    assert_eq!(fails(&["job", "cancel", "3"]), "queue.state");
    assert_eq!(fails(&["job", "show", "77"]), "queue.no_job");
    assert_eq!(fails(&["ticket", "show", "77"]), "serve.no_task");

    // approval
    ok(&["project", "set", "shop", "approval=true"]);
    ok(&["ticket", "add", "Second", "--project", "shop"]);
    assert_eq!(server.get("/api/pending-tickets")["tickets"][0]["id"], 2);
    assert_eq!(server.request("POST", "/api/approve/2", &Value::Null).json()["state"], "in_progress");
    assert_eq!(fails(&["ticket", "approve", "2"]), "queue.state");

    // whoever waits is woken
    worker.claim();
    let waits = std::thread::scope(|scope| {
        let waiter = scope.spawn(|| worker.say("start", &json!({ "wait_s": 20 })));
        ok(&["ticket", "add", "Third", "--project", "shop"]);
        ok(&["ticket", "approve", "3"]);
        waiter.join().unwrap()
    });
    assert_eq!((waits.status, &waits.json()["ticket"]["title"]), (200, &json!("Third")), "{waits:?}");
    ok(&["serve", "key", "remove", "--worker", "one"]);
    assert_eq!(fails(&["serve", "key", "remove", "--worker", "one"]), "queue.no_key");
    assert_eq!(worker.say("start", &json!({})).status, 401);
}
