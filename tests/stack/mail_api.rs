//! The embedded mail catcher's HTTP side: mailpit's API, and the pages.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{Answer, MailServer, get, mail_to, send};

/// Sends one message as a user; the whole conversation in one write.
fn mail(server: &MailServer, user: &str, to: &str, raw: &str) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.smtp_port())).unwrap();
    let login = if user.is_empty() { String::new() } else { format!("AUTH LOGIN {}\r\n=\r\n", base64(user)) };
    let raw = raw.replace('\n', "\r\n");
    write!(stream, "EHLO me\r\n{login}MAIL FROM:<app@b.c>\r\nRCPT TO:<{to}>\r\nDATA\r\n{raw}\r\n.\r\nQUIT\r\n")
        .unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    assert!(replies.contains("queued as"), "{replies}");
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat();
    let digits = bits.as_bytes().chunks(6).map(|six| {
        let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
        char::from(DIGITS[usize::from_str_radix(&six, 2).unwrap()])
    });
    let mut text: String = digits.collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Mail of three agents with names that contain each other's.
fn filled() -> MailServer {
    let server = MailServer::start();
    for (user, to, subject) in [
        ("agent-1", "ann@example.com", "Your new account"),
        ("agent-11", "bob@example.com", "Your new account"),
        ("agent-1", "cleo@example.com", "Password reset"),
        ("agent-1-old", "dan@example.com", "Password reset"),
        ("", "eve@example.com", "Untagged"),
    ] {
        let raw =
            format!("From: App <app@b.c>\nTo: {to}\nSubject: {subject}\nMessage-ID: <x-{to}>\n\nConfirm for {to}");
        mail(&server, user, to, &raw);
    }
    server
}

fn search(server: &MailServer, query: &str) -> Value {
    let answer = get(server.web_port(), &format!("/api/v1/search?query={query}"));
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json()
}

fn delete(server: &MailServer, path: &str, body: &str) -> Answer {
    send("DELETE", server.web_port(), path, &[("Content-Type", "application/json")], body.as_bytes())
}

#[test]
fn searches_find_by_exact_tag_subject_address_and_text() {
    let server = filled();
    let port = server.web_port();
    assert_eq!(mail_to(port, "agent-1"), ["cleo@example.com", "ann@example.com"]);
    assert_eq!(mail_to(port, "agent-11"), ["bob@example.com"]);
    assert_eq!(mail_to(port, "agent-"), Vec::<String>::new());
    for (query, count) in [
        ("tag:agent-1%20subject:%22new%20account%22", 1),
        ("subject:%22new%20account%22", 2),
        ("to:ann@example.com", 1),
        ("from:app@b.c", 5),
        ("%22confirm%20for%20bob%22", 1),
        ("tag:agent-1+-subject:password", 1),
        ("is:unread", 5),
        ("message-id:x-eve", 1),
    ] {
        let found = search(&server, query);
        assert_eq!(found["messages_count"], count, "{query}");
        assert_eq!(found["total"], 5);
    }
    let page = search(&server, "from:app&start=1&limit=2");
    assert_eq!((&page["messages_count"], &page["count"], &page["start"]), (&5.into(), &2.into(), &1.into()));
    assert_eq!(page["messages"].as_array().unwrap().len(), 2);
    for query in ["", "%20", "tag:", "is:purple"] {
        assert_eq!(get(port, &format!("/api/v1/search?query={query}")).status, 400, "{query}");
    }
    assert_eq!(get(port, "/api/v1/tags").json(), serde_json::json!(["agent-1", "agent-1-old", "agent-11"]));
}

#[test]
fn the_mail_of_one_tag_is_deleted_and_no_other() {
    let server = filled();
    assert_eq!(delete(&server, "/api/v1/search?query=tag:agent-1", "").status, 200);
    let left = get(server.web_port(), "/api/v1/messages").json();
    let left: Vec<_> =
        left["messages"].as_array().unwrap().iter().map(|it| it["To"][0]["Address"].as_str().unwrap()).collect();
    assert_eq!(left, ["eve@example.com", "dan@example.com", "bob@example.com"]);
    // a query that means nothing deletes nothing
    for path in ["/api/v1/search", "/api/v1/search?query=", "/api/v1/search?query=tag:", "/api/v1/search?query=--"] {
        assert_eq!(delete(&server, path, "").status, 400, "{path}");
    }
    assert_eq!(delete(&server, "/api/v1/messages", "{\"IDs\": [\"x\"").status, 400);
    let first = search(&server, "to:bob")["messages"][0]["ID"].as_str().unwrap().to_owned();
    assert_eq!(delete(&server, "/api/v1/messages", &format!("{{\"IDs\": [\"{first}\", \"unknown\"]}}")).body, "ok");
    assert_eq!(get(server.web_port(), "/api/v1/messages").json()["total"], 2);
    assert_eq!(delete(&server, "/api/v1/messages", "").status, 200);
    let empty = get(server.web_port(), "/api/v1/messages").json();
    assert_eq!((&empty["total"], &empty["tags"]), (&0.into(), &serde_json::json!([])));
}

#[test]
fn a_message_is_read_whole_and_in_parts() {
    let server = MailServer::start();
    let port = server.web_port();
    let raw = "From: \"Shop, The\" <shop@example.com>\nTo: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\nReply-To: r@example.com\n\
        Subject: =?utf-8?b?R3LDvMOfZQ==?=\n and more\nX-Custom: one\nX-Custom: two\nList-Unsubscribe: <mailto:off@example.com>\n\
        Message-ID: <m1@example.com>\nDate: Mon, 2 Mar 2026 12:00:00 +0100\nMIME-Version: 1.0\n\
        Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html; charset=utf-8\n\n\
        <p>Hi <img src=\"cid:logo\"> <a href=\"https://x.example/c?a=1&b=2\">go</a></p>\n--r\nContent-Type: image/png\n\
        Content-ID: <logo>\nContent-Transfer-Encoding: base64\n\nUE5H\n--r\nContent-Type: text/html; name=evil.html\n\
        Content-Disposition: attachment; filename=\"evil.html\"\n\n<script>alert(1)</script>\n--r--";
    mail(&server, "agent-2", "j@example.com", raw);
    mail(&server, "agent-3", "x@example.com", "Subject: later\n\nx");
    let latest = get(port, "/api/v1/message/latest").json();
    assert_eq!(latest["Subject"], "later");
    let message = get(port, "/api/v1/message/latest?query=tag:agent-2").json();
    assert_eq!(message["Subject"], "Grüße and more");
    assert_eq!(message["From"], serde_json::json!({"Name": "Shop, The", "Address": "shop@example.com"}));
    assert_eq!(message["To"][0]["Name"], "Jürgen");
    assert_eq!(message["MessageID"], "m1@example.com");
    assert_eq!(message["Date"], "2026-03-02T12:00:00+01:00");
    assert_eq!(message["ListUnsubscribe"]["Links"][0], "mailto:off@example.com");
    assert!(message["Text"].as_str().unwrap().starts_with("Hi"), "text is made of the HTML: {message}");
    assert_eq!((&message["Inline"][0]["ContentID"], &message["Inline"][0]["Size"]), (&"logo".into(), &3.into()));

    let id = message["ID"].as_str().unwrap();
    let headers = get(port, &format!("/api/v1/message/{id}/headers")).json();
    assert_eq!(headers["X-Custom"], serde_json::json!(["one", "two"]));
    let fetch = |part: &Value| get(port, &format!("/api/v1/message/{id}/part/{}", part["PartID"].as_str().unwrap()));
    let logo = fetch(&message["Inline"][0]);
    assert_eq!((logo.body.as_str(), logo.head.contains("image/png")), ("PNG", true));
    // mailed pages do not become pages of this server
    let evil = fetch(&message["Attachments"][0]);
    assert!(evil.head.contains("application/octet-stream") && evil.head.contains("attachment;"), "{}", evil.head);
    for path in
        [format!("/api/v1/message/{id}/part/99"), "/api/v1/message/unknown".into(), "/api/v1/message/..%2f..".into()]
    {
        assert_eq!(get(port, &path).status, 404, "{path}");
    }
    // two were read by now
    assert_eq!(get(port, "/api/v1/info").json()["Unread"], 0);
    let body = format!("{{\"Read\": false, \"IDs\": [\"{id}\"]}}");
    assert_eq!(send("PUT", port, "/api/v1/messages", &[], body.as_bytes()).body, "ok");
    assert_eq!(search(&server, "is:unread")["messages"][0]["ID"], id);
}

#[test]
fn pages_show_mail_and_run_nothing_of_it() {
    let server = MailServer::start();
    let port = server.web_port();
    let html = "<script>parent.document.title = 'owned'</script><img src=\"cid:none\"><b>bold</b>";
    let evil = format!(
        "From: <script>alert(1)</script> <a@b.c>\nTo: b@c.d\nSubject: <script>alert(2)</script>\n\
         Content-Type: text/html\n\n{html}"
    );
    mail(&server, "agent-1", "b@c.d", &evil);
    mail(&server, "agent-11", "x@y.z", "Subject: other\n\nplain");
    let list = get(port, "/");
    assert_eq!(list.status, 200);
    assert!(list.body.contains("&lt;script&gt;alert(2)") && list.body.contains("other"));
    let filtered = get(port, "/?tag=agent-1").body;
    assert!(filtered.contains("alert(2)") && !filtered.contains("other"), "{filtered}");
    let id = search(&server, "tag:agent-1")["messages"][0]["ID"].as_str().unwrap().to_owned();
    let page = get(port, &format!("/view/{id}"));
    assert!(page.body.contains(&format!(
        "<iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"/view/{id}.html\">"
    )));
    for page in [&list, &page] {
        assert!(!page.body.contains("<script"), "{}", page.body);
        assert!(page.head.to_lowercase().contains("content-security-policy: default-src 'none'"), "{}", page.head);
    }
    let mailed = get(port, "/view/latest.html?query=tag:agent-1");
    assert!(mailed.head.to_lowercase().contains("content-security-policy: sandbox "), "{}", mailed.head);
    assert!(mailed.body.contains("<b>bold</b>"));
    assert_eq!(get(port, "/view/latest.txt").body.trim(), "plain");
    assert_eq!(get(port, "/view/latest.html").status, 404, "there is no HTML in it");
    assert_eq!(get(port, "/view/unknown").status, 404);
    assert_eq!((get(port, "/readyz").status, get(port, "/livez").status), (200, 200));
}
