//! A stand-in of GitHub's API for issues and review comments: it keeps them in memory and checks each request against GitHub's published
//! description of the REST API, version 2022-11-28 (paths, methods, headers, parameters, bodies).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What may be asked: method, path, parameters of the query, the property that the body must have.
const DESCRIBED: [(&str, &str, &[&str], Option<&str>); 10] = [
    (
        "GET",
        "/repos/{owner}/{repo}/issues",
        &[
            "milestone",
            "state",
            "assignee",
            "type",
            "creator",
            "mentioned",
            "labels",
            "sort",
            "direction",
            "since",
            "per_page",
            "page",
        ],
        None,
    ),
    ("GET", "/repos/{owner}/{repo}/issues/{issue_number}", &[], None),
    ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", &[], Some("labels")),
    ("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", &[], None),
    ("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", &["since", "per_page", "page"], None),
    ("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", &[], Some("body")),
    ("GET", "/repos/{owner}/{repo}/pulls/comments", &["sort", "direction", "since", "per_page", "page"], None),
    (
        "GET",
        "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
        &["sort", "direction", "since", "per_page", "page"],
        None,
    ),
    ("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies", &[], Some("body")),
    ("POST", "/repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions", &[], Some("content")),
];

/// What a reaction may be.
const REACTIONS: [&str; 8] = ["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"];

pub(crate) const TOKEN: &str = "ghp_stand-in";

#[derive(Default)]
pub(crate) struct State {
    pub(crate) issues: Vec<Value>,
    /// By issue, as they were made.
    pub(crate) comments: Vec<(u64, String)>,
    /// Review comments, and answers to them.
    pub(crate) reviews: Vec<Value>,
    /// By review comment.
    pub(crate) reactions: Vec<(u64, String)>,
    pub(crate) requests: Vec<String>,
    /// Requests that are not as the description has them.
    pub(crate) wrong: Vec<String>,
    /// Answers in place of the next ones: a status line with headers.
    pub(crate) instead: Vec<&'static str>,
    /// The next comment is taken and not answered.
    pub(crate) breaks_off: bool,
    clock: i64,
}

#[derive(Clone)]
pub(crate) struct Hub {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // as GitHub Enterprise has it
        let url = format!("http://{}/api/v3", listener.local_addr().unwrap());
        let hub = Self { url, state: Arc::default() };
        let shared = hub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let hub = shared.clone();
                std::thread::spawn(move || hub.serve(stream.unwrap()));
            }
        });
        hub
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Opens an issue.
    pub(crate) fn open(&self, number: u64, title: &str, body: &str, labels: &[&str]) {
        let labels: Vec<Value> = labels.iter().map(|name| json!({ "name": name })).collect();
        let url = format!("https://github.com/acme/shop/issues/{number}");
        let issue = json!({
            "number": number, "title": title, "body": body, "labels": labels, "state": "open", "state_reason": null,
            "html_url": url, "user": { "login": "someone" },
        });
        self.with(|state| state.issues.push(issue));
        self.change(number, |_| {});
    }

    /// Changes an issue, which GitHub notes in `updated_at`.
    pub(crate) fn change(&self, number: u64, change: impl FnOnce(&mut Value)) -> Value {
        self.with(|state| {
            state.clock += 1;
            let time = jiff::Timestamp::from_second(1_790_000_000 + state.clock).unwrap().to_string();
            let issue = state.issues.iter_mut().find(|issue| issue["number"] == number).unwrap();
            change(issue);
            issue["updated_at"] = time.into();
            issue.clone()
        })
    }

    /// Comments on a line of a pull request; the comment.
    pub(crate) fn review(&self, pull: u64, association: &str, body: &str) -> Value {
        self.with(|state| {
            let id = 100 + state.reviews.len() as u64;
            let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let page = format!("https://github.com/acme/shop/pull/{pull}");
            let comment = json!({
                "id": id, "body": body, "path": "answer", "line": 1, "original_line": 1, "diff_hunk": "@@ -1 +1 @@",
                "html_url": format!("{page}#discussion_r{id}"), "user": { "login": "ann" }, "updated_at": now,
                "pull_request_url": format!("https://api.github.com/repos/acme/shop/pulls/{pull}"), "created_at": now,
                "author_association": association,
            });
            state.reviews.push(comment.clone());
            comment
        })
    }

    /// What a review comment was answered.
    pub(crate) fn replies(&self, comment: u64) -> Vec<String> {
        self.with(|state| {
            let of = state.reviews.iter().filter(|it| it["in_reply_to_id"] == comment);
            of.map(|it| it["body"].as_str().unwrap().to_owned()).collect()
        })
    }

    pub(crate) fn labels(&self, number: u64) -> Vec<String> {
        self.with(|state| {
            let issue = state.issues.iter().find(|issue| issue["number"] == number).unwrap();
            names(issue)
        })
    }

    pub(crate) fn comments(&self, number: u64) -> Vec<String> {
        self.with(|state| state.comments.iter().filter(|(of, _)| *of == number).map(|(_, text)| text.clone()).collect())
    }

    /// How often the list was asked for.
    pub(crate) fn polls(&self) -> usize {
        self.with(|state| state.requests.iter().filter(|line| line.contains("/issues?")).count())
    }

    #[track_caller]
    pub(crate) fn is_content(&self) {
        self.with(|state| assert!(state.wrong.is_empty(), "{:#?}", state.wrong));
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((head, body)) = read(&mut reader) {
            let Some(answer) = self.answer(&head, &body) else { return };
            if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &[String], body: &str) -> Option<String> {
        let line = head[0].clone();
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap(), words.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.strip_prefix("/api/v3").unwrap_or("not below the base");
        self.with(|state| {
            state.requests.push(line.clone());
            if let Err(why) = described(method, path, query, head, body) {
                state.wrong.push(format!("{line}: {why}"));
                return Some(document(422, &json!({ "message": why })));
            }
            if !state.instead.is_empty() {
                return Some(format!("HTTP/1.1 {}\r\nContent-Length: 2\r\n\r\n{{}}", state.instead.remove(0)));
            }
            state.act(method, path, query, body)
        })
    }
}

impl State {
    fn act(&mut self, method: &str, path: &str, query: &str, body: &str) -> Option<String> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        if !(parts[1].eq_ignore_ascii_case("acme") && parts[2].eq_ignore_ascii_case("shop")) {
            return Some(document(404, &json!({ "message": "Not Found" })));
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        if parts[3] == "pulls" {
            return self.act_on_pulls(&parts, query, &body);
        }
        let Some(number) = parts.get(4) else { return Some(document(200, &self.list(query))) };
        let number: u64 = number.parse().unwrap();
        let Some(issue) = self.issues.iter_mut().find(|issue| issue["number"] == number) else {
            return Some(document(404, &json!({ "message": "Not Found" })));
        };
        match (method, parts.get(5).copied(), parts.get(6)) {
            ("GET", None, _) => Some(document(200, issue)),
            ("POST", Some("labels"), _) => {
                let mut labels = names(issue);
                labels.extend(body["labels"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()));
                labels.dedup();
                issue["labels"] = labels.iter().map(|name| json!({ "name": name })).collect();
                Some(document(200, &issue["labels"]))
            }
            ("DELETE", _, Some(name)) => {
                let name = percent_encoding::percent_decode_str(name).decode_utf8().unwrap().into_owned();
                let labels = names(issue);
                if !labels.contains(&name) {
                    return Some(document(404, &json!({ "message": "Label does not exist" })));
                }
                issue["labels"] = labels.iter().filter(|it| **it != name).map(|it| json!({ "name": it })).collect();
                Some(document(200, &issue["labels"]))
            }
            ("POST", Some("comments"), _) => {
                self.comments.push((number, body["body"].as_str().unwrap().to_owned()));
                if std::mem::take(&mut self.breaks_off) {
                    return None;
                }
                Some(document(201, &json!({ "id": self.comments.len(), "body": body["body"] })))
            }
            _ => {
                let of = self.comments.iter().filter(|(of, _)| *of == number);
                Some(document(200, &of.map(|(_, text)| json!({ "body": text })).collect()))
            }
        }
    }

    fn act_on_pulls(&mut self, parts: &[&str], query: &str, body: &Value) -> Option<String> {
        match &parts[4..] {
            ["comments"] => {
                let since = query.split('&').find_map(|pair| pair.strip_prefix("since=")).unwrap_or_default();
                let since = percent_encoding::percent_decode_str(since).decode_utf8().unwrap().into_owned();
                let new = self.reviews.iter().filter(|it| it["updated_at"].as_str().unwrap() >= since.as_str());
                Some(document(200, &new.cloned().collect()))
            }
            ["comments", id, "reactions"] => {
                self.reactions.push((id.parse().unwrap(), body["content"].as_str().unwrap().to_owned()));
                Some(document(201, &json!({ "id": 1, "content": body["content"] })))
            }
            [pull, "comments", id, "replies"] => {
                let (pull, id): (u64, u64) = (pull.parse().unwrap(), id.parse().unwrap());
                let mut reply = self.reviews.iter().find(|it| it["id"] == id)?.clone();
                (reply["id"], reply["in_reply_to_id"]) = ((900 + self.reviews.len()).into(), id.into());
                (reply["body"], reply["author_association"]) = (body["body"].clone(), "OWNER".into());
                assert!(reply["pull_request_url"].as_str().unwrap().ends_with(&format!("/{pull}")));
                self.reviews.push(reply.clone());
                if std::mem::take(&mut self.breaks_off) {
                    return None;
                }
                Some(document(201, &reply))
            }
            [pull, "comments"] => {
                let of = |it: &&Value| it["pull_request_url"].as_str().unwrap().ends_with(&format!("/{pull}"));
                Some(document(200, &self.reviews.iter().filter(of).cloned().collect()))
            }
            _ => Some(document(404, &json!({ "message": "Not Found" }))),
        }
    }

    fn list(&self, query: &str) -> Value {
        let value = |name: &str| {
            let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            percent_encoding::percent_decode_str(pair.unwrap_or_default()).decode_utf8().unwrap().into_owned()
        };
        let (label, page): (String, usize) = (value("labels"), value("page").parse().unwrap());
        let size: usize = value("per_page").parse().unwrap();
        let is_listed = |issue: &&Value| issue["state"] == value("state").as_str() && names(issue).contains(&label);
        self.issues.iter().filter(is_listed).skip((page - 1) * size).take(size).cloned().collect()
    }
}

fn names(issue: &Value) -> Vec<String> {
    issue["labels"].as_array().unwrap().iter().map(|label| label["name"].as_str().unwrap().to_owned()).collect()
}

/// Whether a request is as the description has it.
fn described(method: &str, path: &str, query: &str, head: &[String], body: &str) -> Result<(), String> {
    let header = |name: &str| {
        let of = |line: &String| {
            line.split_once(": ").filter(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        head.iter().find_map(of).unwrap_or_default()
    };
    for (name, wanted) in [
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("authorization", &format!("Bearer {TOKEN}")),
    ] {
        if header(name) != wanted {
            return Err(format!("`{name}` is `{}`", header(name)));
        }
    }
    if header("user-agent").is_empty() {
        return Err("there is no `User-Agent`".to_owned());
    }
    let matches = |template: &str| {
        let (parts, wanted): (Vec<&str>, Vec<&str>) = (path.split('/').collect(), template.split('/').collect());
        parts.len() == wanted.len()
            && parts.iter().zip(&wanted).all(|(part, wanted)| match *wanted {
                "{issue_number}" | "{pull_number}" | "{comment_id}" => part.parse::<u64>().is_ok(),
                parameter if parameter.starts_with('{') => !part.is_empty(),
                fixed => fixed == *part,
            })
    };
    let row = DESCRIBED.iter().find(|(known, template, ..)| *known == method && matches(template));
    let (.., parameters, property) = row.ok_or("there is no such operation")?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("a parameter has no value")?;
        let right = match name {
            "state" => ["open", "closed", "all"].contains(&value),
            "sort" => ["created", "updated", "comments"].contains(&value),
            "since" => {
                let time = percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned();
                time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok()
            }
            "direction" => ["asc", "desc"].contains(&value),
            "per_page" => value.parse::<u32>().is_ok_and(|number| (1..=100).contains(&number)),
            "page" => value.parse::<u32>().is_ok_and(|number| number > 0),
            _ => true,
        };
        if !parameters.contains(&name) || !right {
            return Err(format!("the parameter `{pair}` is wrong"));
        }
    }
    let Some(property) = property else {
        return if body.is_empty() { Ok(()) } else { Err("there is a body".to_owned()) };
    };
    let document: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let right = match *property {
        "content" => document["content"].as_str().is_some_and(|word| REACTIONS.contains(&word)),
        "labels" => document["labels"].as_array().is_some_and(|labels| labels.iter().all(Value::is_string)),
        _ => document[property].is_string(),
    };
    if right && document.as_object().unwrap().len() == 1 && header("content-type") == "application/json" {
        return Ok(());
    }
    Err(format!("the body is {body}"))
}

pub(super) fn document(status: u16, body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

pub(super) fn read(reader: &mut BufReader<TcpStream>) -> Option<(Vec<String>, String)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(length) if length > 2 => lines.push(line.trim_end().to_owned()),
            Ok(2) if !lines.is_empty() => break,
            _ => return None,
        }
    }
    let length = lines.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((lines, String::from_utf8(body).unwrap()))
}
