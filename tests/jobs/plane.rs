//! Work items of Plane as tickets, against a stand-in that checks every request against Plane's API reference, version 1.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::hub::{document, read};
use crate::serve::server::Server;
use crate::support::{SHORT, TestHome, wait_until};

const PROJECT: &str = "4af68566-94a4-4eb3-94aa-50dc9427067b";
const KEY: &str = "plane_api_stand-in";

#[derive(Default)]
struct State {
    items: Vec<Value>,
    comments: Vec<Value>,
    lists: usize,
    /// Requests that are not as the reference has them.
    wrong: Vec<String>,
    clock: i64,
}

#[derive(Clone)]
struct Plane {
    url: String,
    state: Arc<Mutex<State>>,
}

impl Plane {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let plane = Self { url: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        let shared = plane.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let plane = shared.clone();
                std::thread::spawn(move || plane.serve(stream.unwrap()));
            }
        });
        plane
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Makes a work item, or changes it.
    fn put(&self, number: u64, fields: &Value) {
        self.with(|state| {
            state.clock += 1;
            let time = jiff::Timestamp::from_second(1_790_000_000 + state.clock).unwrap().to_string();
            let at = state.items.iter().position(|item| item["sequence_id"] == number).unwrap_or_else(|| {
                state.items.push(json!({
                    "id": format!("item-{number}"), "sequence_id": number, "name": "", "state": "todo", "labels": [],
                    "description_html": "<p></p>", "priority": "none", "project": PROJECT,
                }));
                state.items.len() - 1
            });
            let item = state.items[at].as_object_mut().unwrap();
            item.extend(fields.as_object().unwrap().clone());
            item.insert("updated_at".to_owned(), time.into());
        });
    }

    fn state_of(&self, number: u64) -> Value {
        self.with(|state| state.items.iter().find(|item| item["sequence_id"] == number).unwrap()["state"].clone())
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read(&mut reader) {
            let answer = self.answer(&head, &body);
            if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &[String], body: &str) -> String {
        let mut words = head[0].split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let has_key = head.iter().any(|line| line.to_lowercase() == format!("x-api-key: {KEY}"));
        let base = format!("/api/v1/workspaces/team/projects/{PROJECT}/");
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        self.with(|state| {
            let mut wrong = |why: &str| {
                state.wrong.push(format!("{}: {why}", head[0]));
                document(400, &json!({ "error": why }))
            };
            let Some(rest) = path.strip_prefix(&base) else { return wrong("there is no such path") };
            if !has_key {
                return wrong("there is no key");
            }
            if method == "GET" && !query.starts_with("per_page=100") {
                return wrong("a list has pages");
            }
            let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
            if !rest.ends_with('/') {
                return wrong("a path ends with `/`");
            }
            match (method, &parts[..]) {
                ("GET", ["labels"]) => {
                    list(&[json!({ "id": "l1", "name": "Agent-Task" }), json!({ "id": "l2", "name": "bug" })], query)
                }
                ("GET", ["states"]) => {
                    let named = |id: &str, group: &str| json!({ "id": id, "name": id, "group": group });
                    let of = [
                        ("later", "backlog"),
                        ("todo", "unstarted"),
                        ("building", "started"),
                        ("Review", "started"),
                        ("done", "completed"),
                        ("dropped", "cancelled"),
                    ];
                    list(&of.map(|(id, group)| named(id, group)), query)
                }
                ("GET", ["work-items"]) => {
                    state.lists += 1;
                    // two a page, whatever is asked for: pages are followed
                    list(&state.items, query)
                }
                ("PATCH", ["work-items", id]) => {
                    if body.as_object().is_none_or(|fields| fields.len() != 1 || !fields["state"].is_string()) {
                        return wrong("the body is wrong");
                    }
                    let item = state.items.iter_mut().find(|item| item["id"] == *id).unwrap();
                    item["state"] = body["state"].clone();
                    document(200, item)
                }
                ("GET", ["work-items", _, "comments"]) => list(&state.comments, query),
                ("POST", ["work-items", _, "comments"]) => {
                    if !body["comment_html"].as_str().is_some_and(|html| html.starts_with("<p>"))
                        || !body["external_id"].is_string()
                    {
                        return wrong("the body is wrong");
                    }
                    state.comments.push(body.clone());
                    document(201, &body)
                }
                _ => wrong("there is no such operation"),
            }
        })
    }
}

/// A page of two.
fn list(all: &[Value], query: &str) -> String {
    let at: usize = query.split_once("cursor=").map_or(0, |(_, cursor)| cursor.parse().unwrap());
    let page: Vec<&Value> = all.iter().skip(at).take(2).collect();
    let next = at + page.len();
    document(
        200,
        &json!({
            "results": page, "next_cursor": next.to_string(), "next_page_results": next < all.len(), "count": all.len(),
        }),
    )
}

fn tickets(server: &Server) -> Vec<Value> {
    let mut tickets = server.get("/api/tickets")["tickets"].as_array().unwrap().clone();
    tickets.sort_by_key(|ticket| ticket["id"].as_u64());
    tickets
}

#[test]
fn a_work_item_becomes_one_ticket_and_hears_what_becomes_of_it() {
    let home = TestHome::new();
    let plane = Plane::start();
    std::fs::create_dir_all(home.path().join("serve")).unwrap();
    let text = format!("[plane]\napi = \"{}\"\nworkspace = \"team\"\npoll_s = 1\n", plane.url);
    std::fs::write(home.path().join("serve/serve.toml"), text).unwrap();
    plane.put(1, &json!({ "name": "Names\u{1b}[31m", "labels": ["l2", "l1"], "description_html": "<p>{{ 7*7 }}</p>" }));
    plane.put(2, &json!({ "name": "Not for agents", "labels": ["l2"] }));
    plane.put(3, &json!({ "name": "Over", "labels": ["l1"], "state": "done" }));
    plane.put(4, &json!({ "name": "Another", "labels": ["l1"] }));
    let server = Server::start_as(&home, &[], &[("PLANE_API_KEY", KEY)]);
    let settings = ["state_labels={\"in_review\": \"review\"}", "label=agent-task"];
    let plane_id = format!("plane={PROJECT}");
    let words = ["project", "add", "shop", "/srv/shop", "source=plane", &plane_id];
    home.harness(words.iter().copied().chain(settings)).run().succeeds();
    wait_until("two tickets", SHORT, || tickets(&server).len() == 2);
    let polled = || {
        let before = plane.with(|state| state.lists);
        wait_until("two polls", SHORT, || plane.with(|state| state.lists) >= before + 4);
    };
    polled();
    let found = tickets(&server);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((&found[0]["title"], &found[0]["text"]), (&json!("Names [31m"), &json!("{{ 7*7 }}")));
    let page = format!("{}/team/projects/{PROJECT}/issues/item-1", plane.url);
    assert_eq!(found[0]["issue"], page);

    plane.put(1, &json!({ "name": "Other names" }));
    wait_until("the other title", SHORT, || tickets(&server)[0]["title"] == "Other names");
    server.request("PATCH", "/api/tickets/1", &json!({ "state": "in_progress" }));
    wait_until("the state of work", SHORT, || plane.state_of(1) == "building");
    wait_until("a comment", SHORT, || plane.with(|state| state.comments.len()) == 1);
    server.request("PATCH", "/api/tickets/1", &json!({ "state": "in_review" }));
    wait_until("the state of review", SHORT, || plane.state_of(1) == "Review");
    // done there, taken away there
    plane.put(1, &json!({ "state": "done" }));
    wait_until("the ticket to be done", SHORT, || tickets(&server)[0]["state"] == "done");
    plane.with(|state| state.items.retain(|item| item["sequence_id"] != 4));
    wait_until("the ticket to be called off", SHORT, || tickets(&server)[1]["state"] == "cancelled");
    polled();
    let comments = plane.with(|state| state.comments.clone());
    let ids: Vec<&str> = comments.iter().map(|comment| comment["external_id"].as_str().unwrap()).collect();
    assert!(
        ids.len() == 2 && ids[0].starts_with("ticket-1-in_progress") && ids[1].starts_with("ticket-1-in_review"),
        "{ids:?}"
    );
    plane.with(|state| assert!(state.wrong.is_empty(), "{:#?}", state.wrong));
    let outcome = home.harness(["--json", "project", "set", "shop", "plane=null"]).run();
    assert!(outcome.json()["error"].to_string().contains("`source` needs `plane`"), "{outcome}");
}
