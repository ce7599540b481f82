//! The embedded mail catcher through real SMTP conversations.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{MailServer, SHORT, get, python, wait_for, wait_until};

/// A client that says what it is told to and reads replies.
struct Talk {
    reader: BufReader<TcpStream>,
}

impl Talk {
    fn with(server: &MailServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.smtp_port())).unwrap();
        stream.set_read_timeout(Some(SHORT)).unwrap();
        let mut talk = Self { reader: BufReader::new(stream) };
        assert_eq!(talk.reply(), "220");
        talk
    }

    fn send(&mut self, text: &[u8]) {
        self.reader.get_mut().write_all(text).unwrap();
    }

    /// The code of the next reply, all its lines read.
    fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            assert!(line.ends_with("\r\n"), "the connection ended: {line:?}");
            if line.as_bytes()[3] == b' ' {
                return line[..3].to_owned();
            }
        }
    }

    fn says(&mut self, text: &str, code: &str) {
        self.send(format!("{text}\r\n").as_bytes());
        assert_eq!(self.reply(), code, "{text}");
    }
}

fn messages(server: &MailServer) -> Value {
    get(server.web_port(), "/api/v1/messages?limit=1000").json()
}

/// Runs a script with `smtplib`; `PORT` is the server's.
fn smtplib(server: &MailServer, script: &str) {
    let output = Command::new(python())
        .args(["-c", &format!("import smtplib, email.message\nPORT = {}\n{script}", server.smtp_port())])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_ordinary_client_sends_and_the_user_becomes_the_tag() {
    let server = MailServer::start();
    smtplib(
        &server,
        r#"
for user in ["agent-3", None]:
    with smtplib.SMTP("127.0.0.1", PORT, timeout=20) as smtp:
        if user:
            smtp.login(user, "any password")
        for mail in range(2):
            message = email.message.EmailMessage()
            message["From"] = "The Shop <shop@example.com>"
            message["To"] = "Ann <ann@example.com>, bob@example.com"
            message["Cc"] = "cc@example.com"
            message["Subject"] = f"Grüße {mail} from {user}"
            message.set_content(".a dot first\nline two\n..\n.\nend ☃\n")
            message.add_alternative("<p>Hello <b>Ann</b></p>", subtype="html")
            message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="bill.pdf")
            refused = smtp.send_message(message, to_addrs=["ann@example.com", "hidden@example.com"])
            assert not refused
"#,
    );
    let list = messages(&server);
    assert_eq!((&list["total"], &list["messages_count"], &list["unread"]), (&4.into(), &4.into(), &4.into()));
    assert_eq!(list["tags"], serde_json::json!(["agent-3"]));
    // newest first
    assert_eq!(list["messages"][0]["Subject"], "Grüße 1 from None");
    assert_eq!(list["messages"][0]["Tags"], serde_json::json!([]));
    let first = &list["messages"][3];
    assert_eq!((&first["Subject"], &first["Tags"][0]), (&"Grüße 0 from agent-3".into(), &"agent-3".into()));
    assert_eq!(first["Username"], "agent-3");
    assert_eq!(first["From"], serde_json::json!({"Name": "The Shop", "Address": "shop@example.com"}));
    assert_eq!(first["To"].as_array().unwrap().len(), 2);
    assert_eq!(first["Bcc"][0]["Address"], "hidden@example.com");
    assert_eq!(first["Attachments"], 1);
    let id = first["ID"].as_str().unwrap();
    let message = get(server.web_port(), &format!("/api/v1/message/{id}")).json();
    assert_eq!(message["Text"].as_str().unwrap().replace("\r\n", "\n"), ".a dot first\nline two\n..\n.\nend ☃\n");
    assert!(message["HTML"].as_str().unwrap().contains("<b>Ann</b>"));
    assert_eq!(message["Attachments"][0]["FileName"], "bill.pdf");
    let part = message["Attachments"][0]["PartID"].as_str().unwrap();
    assert_eq!(get(server.web_port(), &format!("/api/v1/message/{id}/part/{part}")).body, "%PDF-1.4");
}

#[test]
fn a_pipelined_conversation_in_one_write_is_answered_in_order() {
    let server = MailServer::start();
    let mut talk = Talk::with(&server);
    talk.send(
        b"EHLO me\r\nMAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
          Subject: one\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<c@localhost>\r\nDATA\r\nno headers at all\r\n.\r\nQUIT\r\n",
    );
    for code in ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"] {
        assert_eq!(talk.reply(), code);
    }
    let mut rest = Vec::new();
    talk.reader.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "the server closes after QUIT");
    let list = messages(&server);
    assert_eq!(list["total"], 2);
    let id = list["messages"][1]["ID"].as_str().unwrap();
    assert_eq!(get(server.web_port(), &format!("/api/v1/message/{id}/raw")).body, "Subject: one\r\n\r\n.dot\r\n");
}

#[test]
fn mistakes_are_answered_and_do_not_end_the_talk() {
    let server = MailServer::start_with(&["--max-size", "1000"]);
    let mut talk = Talk::with(&server);
    talk.says("HELO me", "250");
    talk.says("DATA", "503");
    talk.says("RCPT TO:<a@b.c>", "503");
    talk.says("MAIL FROM:<a@b.c> SIZE=100000", "552");
    talk.says("STARTTLS", "502");
    talk.says("NONSENSE", "500");
    talk.says(&"x".repeat(10_000), "500");
    talk.says("MAIL FROM:<a@b.c>", "250");
    talk.says("RCPT TO:<a@b.c>", "250");
    talk.says("DATA", "354");
    talk.says(&format!("{}\r\n.", "x".repeat(200_000)), "552");
    talk.says("RSET", "250");
    talk.says("NOOP", "250");
    talk.says("MAIL FROM:<a@b.c>", "250");
    talk.says("RCPT TO:<a@b.c>", "250");
    talk.says("DATA", "354");
    talk.says("small\r\n.", "250");
    assert_eq!(messages(&server)["total"], 1);
}

#[test]
fn who_says_nothing_is_let_go_and_others_are_served_meanwhile() {
    let server = MailServer::start_with(&["--idle-seconds", "3"]);
    let mut silent: Vec<Talk> = (0..50).map(|_| Talk::with(&server)).collect();
    let mut half = Talk::with(&server);
    half.says("MAIL FROM:<a@b.c>", "250");
    half.says("RCPT TO:<a@b.c>", "250");
    half.says("DATA", "354");
    half.send(b"Subject: never ends\r\n");
    smtplib(&server, "smtplib.SMTP('127.0.0.1', PORT, timeout=20).sendmail('a@b.c', ['d@e.f'], 'Subject: hi\\n\\nx')");
    assert_eq!(messages(&server)["total"], 1);
    for talk in silent.iter_mut().chain([&mut half]) {
        assert_eq!(talk.reply(), "421");
    }
    assert_eq!(messages(&server)["total"], 1);
}

#[test]
fn many_clients_at_once_all_get_their_mail_through() {
    let server = MailServer::start();
    std::thread::scope(|scope| {
        for client in 0..40 {
            let server = &server;
            scope.spawn(move || {
                let mut talk = Talk::with(server);
                for mail in 0..5 {
                    talk.says("MAIL FROM:<a@b.c>", "250");
                    talk.says("RCPT TO:<d@e.f>", "250");
                    talk.says("DATA", "354");
                    talk.says(&format!("Subject: {client}-{mail}\r\n\r\nbody\r\n."), "250");
                }
            });
        }
    });
    let list = messages(&server);
    let mut subjects: Vec<_> =
        list["messages"].as_array().unwrap().iter().map(|it| it["Subject"].to_string()).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), 200);
}

#[test]
fn what_was_accepted_survives_a_kill_and_the_oldest_go_beyond_the_limit() {
    let mut server = MailServer::start_with(&["--max-messages", "3"]);
    let mut talk = Talk::with(&server);
    for mail in 0..5 {
        talk.says("MAIL FROM:<a@b.c>", "250");
        talk.says("RCPT TO:<d@e.f>", "250");
        talk.says("DATA", "354");
        talk.says(&format!("Subject: {mail}\r\n\r\nbody\r\n."), "250");
    }
    server.kill();
    server.restart_with(&["--max-messages", "3"]);
    let list = messages(&server);
    let subjects: Vec<_> =
        list["messages"].as_array().unwrap().iter().map(|it| it["Subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["4", "3", "2"]);
}

#[test]
fn it_ends_at_once_though_clients_are_connected() {
    let mut server = MailServer::start();
    let mut talk = Talk::with(&server);
    talk.says("EHLO me", "250");
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(talk.reply(), "421");
    wait_until("the port to be free", SHORT, || TcpStream::connect(("127.0.0.1", server.smtp_port())).is_err());
    server.restart_with(&[]);
    wait_for("mail to be taken again", SHORT, || TcpStream::connect(("127.0.0.1", server.smtp_port())));
}

#[test]
fn clients_that_only_hold_connections_do_not_shut_the_next_one_out() {
    let server = MailServer::start();
    let mut idle: Vec<Talk> = (0..256).map(|_| Talk::with(&server)).collect();
    let mut sender = Talk::with(&server);
    sender.says("HELO x", "250");
    sender.says("MAIL FROM:<a@b.c>", "250");
    sender.says("RCPT TO:<d@e.f>", "250");
    sender.says("DATA", "354");
    sender.says("Subject: through\r\n\r\nbody\r\n.", "250");
    assert_eq!(messages(&server)["total"], 1);
    // the one that was silent longest had to leave, and was told why; the others stay
    assert_eq!(idle[0].reply(), "421");
    idle[255].says("NOOP", "250");
}

#[test]
fn a_page_of_another_site_cannot_read_mail_by_rebinding_its_name() {
    let server = MailServer::start();
    let ask = |host: &str, path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", server.web_port())).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let port = server.web_port();
    for path in ["/", "/api/v1/messages", "/api/v1/info"] {
        for host in ["localhost", &format!("127.0.0.1:{port}"), &format!("[::1]:{port}"), "mail.shop.localhost"] {
            assert_eq!(ask(host, path), "200", "{host}{path}");
        }
        for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "x\r\nHost: localhost"]
        {
            assert_eq!(ask(host, path), "403", "{host}{path}");
        }
    }
}
