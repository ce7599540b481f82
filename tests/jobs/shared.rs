//! Several servers that share one PostgreSQL database.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::serve::server::Server;
use crate::support::{LONG, SHORT, TestHome, TestPostgres, send, wait_until};

/// A database of a throw-away server, as `serve` is given it.
pub(super) fn url(postgres: &TestPostgres) -> String {
    let admin = postgres.admin();
    format!("postgresql://{}:{}@{}:{}/postgres", admin.user, admin.password.expose(), admin.host, admin.port)
}

fn serve(home: &TestHome, url: &str) -> Server {
    Server::start_as(home, &[], &[("HARNESS_DATABASE_URL", url)])
}

/// Sends a signal to all processes of a server.
fn signal(postgres: &TestPostgres, signal: Signal) {
    let first = postgres.pid();
    let parent = |pid: i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse::<i32>().ok())
    };
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let own = all.filter(|pid| parent(*pid) == Some(first.as_raw_nonzero().get()));
    for pid in own.filter_map(Pid::from_raw).chain([first]) {
        // one that has just ended needs none
        let _ = kill_process(pid, signal);
    }
}

fn start(server: &Server, body: &Value) -> crate::support::Answer {
    let bearer = format!("Bearer {}", server.token);
    let headers = [("Authorization", bearer.as_str())];
    send("POST", server.port, "/api/worker/jobs/start", &headers, body.to_string().as_bytes())
}

#[test]
fn two_servers_share_tickets_jobs_keys_and_what_happens() {
    let (one, two, postgres) = (TestHome::new(), TestHome::new(), TestPostgres::start());
    let url = url(&postgres);
    let (first, second) = (serve(&one, &url), serve(&two, &url));
    let made = first.request("POST", "/api/projects", &json!({ "name": "shop", "path": "/srv", "program": ["true"] }));
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(second.get("/api/projects")["projects"][0]["name"], "shop");
    let mut events = second.follow("/api/events");
    events.begun();
    let title = "with \u{0} a \u{1f980}";
    let made = first.request("POST", "/api/tickets", &json!({ "title": "Fix", "text": title, "project": "shop" }));
    assert_eq!(made.status, 201, "{made:?}");
    let told = events.next();
    assert_eq!((&told["type"], &told["title"]), (&json!("task"), &json!("Fix")), "{told}");
    assert_eq!(second.get("/api/tickets/1")["text"], title.replace('\0', "\u{fffd}"));

    // whoever waits at one is woken by the other
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| start(&second, &json!({ "worker": "w", "wait_s": 30 })));
        first.request("PATCH", "/api/tickets/1", &json!({ "state": "in_progress" }));
        let claimed = waiter.join().unwrap();
        assert_eq!((claimed.status, &claimed.json()["ticket"]["title"]), (200, &json!("Fix")), "{claimed:?}");
    });
    assert_eq!(start(&first, &json!({})).status, 204, "it is claimed once");

    // a key that one has made opens the other, until it is taken away
    let key = first.request("POST", "/api/worker-keys", &json!({ "worker": "far" })).json();
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let far = |server: &Server| {
        send("POST", server.port, "/api/worker/jobs/start", &[("Authorization", &bearer)], b"{}").status
    };
    assert_eq!(far(&first), 204);
    wait_until("the key to be known", SHORT, || far(&second) == 204);
    first.request("DELETE", "/api/worker-keys/far", &Value::Null);
    wait_until("the key to be gone", SHORT, || far(&second) == 401);

    // one that was away hears the rest
    drop(events);
    second.ends_by(Signal::KILL);
    first.request("POST", "/api/tickets", &json!({ "title": "Meanwhile", "project": "shop" }));
    let second = serve(&two, &url);
    wait_until("what happened meanwhile", SHORT, || {
        let told = second.request("GET", "/api/events?since=0&follow=false", &Value::Null).body;
        told.contains("Meanwhile")
    });
    // what is of one machine is not shared
    let home = std::fs::read(one.path().join("serve/harness.db")).unwrap();
    assert!(!home.is_empty());
    assert_eq!(postgres.sql("select count(*) from harness.tasks"), ["2"]);
    assert_eq!(postgres.sql("select count(*) from information_schema.tables where table_schema = 'public'"), ["0"]);
}

#[test]
fn claims_of_two_servers_at_once_take_each_job_once() {
    let (one, two, postgres) = (TestHome::new(), TestHome::new(), TestPostgres::start());
    let url = url(&postgres);
    let servers = [serve(&one, &url), serve(&two, &url)];
    servers[0].request("POST", "/api/projects", &json!({ "name": "shop", "path": "/srv", "program": ["true"] }));
    for number in 0..40 {
        let body = json!({ "title": format!("t{number}"), "project": "shop", "state": "in_progress" });
        assert_eq!(servers[number % 2].request("POST", "/api/tickets", &body).status, 201);
    }
    let claimed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (server, claimed) = (&servers[number % 2], &claimed);
            scope.spawn(move || {
                loop {
                    let answer = start(server, &json!({ "worker": format!("w{number}") }));
                    if answer.status != 200 {
                        assert_eq!(answer.status, 204, "{answer:?}");
                        return;
                    }
                    let answer = answer.json();
                    let numbers = (answer["job"]["id"].as_u64().unwrap(), answer["fence"].as_u64().unwrap());
                    claimed.lock().unwrap().push(numbers);
                }
            });
        }
    });
    let (mut jobs, mut fences): (Vec<u64>, Vec<u64>) = claimed.into_inner().unwrap().into_iter().unzip();
    jobs.sort_unstable();
    fences.sort_unstable();
    assert_eq!(jobs, (1..=40).collect::<Vec<_>>(), "each once");
    fences.dedup();
    assert_eq!(fences.len(), 40, "no number twice");
}

#[test]
fn a_database_that_stops_loses_nothing_and_one_that_cannot_be_used_is_named() {
    let (home, postgres) = (TestHome::new(), TestPostgres::start());
    let server = serve(&home, &url(&postgres));
    server.request("POST", "/api/projects", &json!({ "name": "shop", "path": "/srv", "program": ["true"] }));
    server.request("POST", "/api/tickets", &json!({ "title": "Fix", "project": "shop", "state": "in_progress" }));
    let claimed = start(&server, &json!({ "worker": "w" })).json();
    // every connection breaks at once
    postgres.sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'harness serve'");
    let bearer = format!("Bearer {}", server.token);
    let body = json!({ "fence": claimed["fence"], "state": "running" }).to_string();
    let path = format!("/api/worker/jobs/{}/heartbeat", claimed["job"]["id"]);
    wait_until("the lease to be prolonged", SHORT, || {
        send("POST", server.port, &path, &[("Authorization", &bearer)], body.as_bytes()).status == 200
    });
    // it does not answer: that is said, and the server goes on when it is back
    signal(&postgres, Signal::STOP);
    let refused = server.request("GET", "/api/tickets", &Value::Null);
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (503, &json!("serve.database_failed")),
        "{refused:?}"
    );
    assert_eq!(server.request("GET", "/health", &Value::Null).status, 200);
    signal(&postgres, Signal::CONT);
    wait_until("an answer", LONG, || server.request("GET", "/api/tickets", &Value::Null).status == 200);
    let path = format!("/api/worker/jobs/{}/complete", claimed["job"]["id"]);
    let body = json!({ "fence": claimed["fence"], "summary": "done" }).to_string();
    let done = send("POST", server.port, &path, &[("Authorization", &bearer)], body.as_bytes());
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("succeeded")), "{done:?}");
    drop(server);

    // a newer harness has changed it
    postgres.sql("insert into harness.schema_migrations values (99, '')");
    let refused = |url: &str| {
        let outcome = home.harness(["serve", "--port", "0", "--json"]).env("HARNESS_DATABASE_URL", url).run();
        assert!(!outcome.to_string().contains("throw-away"), "{outcome}");
        outcome.json()["error"]["code"].clone()
    };
    assert_eq!(refused(&url(&postgres)), "serve.database_newer");
    assert_eq!(refused("postgresql://a:throw-away@127.0.0.1:1/x"), "serve.database");
    assert_eq!(refused("postgresql://a:throw-away@127.0.0.1:1"), "serve.settings");
}
