//! Plain pages for people: the list, filtered by tag or search, and one message.
//!
//! Everything from a message is escaped. HTML mail is shown as a document of its own in a sandbox: its
//! scripts do not run, and it cannot reach the page around it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Path, Query as Parameters, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::api::{Among, Refusal, find, look_up};
use super::mailbox::Mailbox;
use super::message::{Address, Full, Summary};
use crate::system::text::percent_encode;

/// Messages on one page.
const PAGE: usize = 100;

const OUR_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'";
const MAIL_POLICY: &str = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; \
                           style-src 'unsafe-inline' http: https:; img-src http: https: data:; font-src http: https: data:";

const STYLE: &str = "body{font:15px/1.4 system-ui,sans-serif;margin:1rem;color:#222}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}\
a{color:#0645ad;text-decoration:none}.unread{font-weight:600}.tag{background:#eef;border-radius:.3rem;padding:0 .4rem}\
small{color:#666;font-weight:400}pre{white-space:pre-wrap}iframe{width:100%;height:70vh;border:1px solid #ddd}";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    tag: String,
    query: String,
    start: usize,
}

type Page = ([(HeaderName, &'static str); 2], Html<String>);

/// The list.
pub(super) async fn index(
    State(mailbox): State<Arc<Mailbox>>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Page, Refusal> {
    let mut query = wanted.query.trim().to_owned();
    if !wanted.tag.is_empty() {
        let _ = write!(query, " tag:\"{}\"", wanted.tag.replace('"', ""));
    }
    let found = if query.trim().is_empty() {
        mailbox.newest_first(|all| all.cloned().collect())
    } else {
        find(mailbox.clone(), &query).await?
    };
    let mut body = String::from("<h1>Mail</h1><p><a href=\"/\">all</a> ");
    for (tag, count) in mailbox.tags() {
        let _ = write!(body, "{} <small>{count}</small> ", tag_link(&tag));
    }
    let query = escape(&wanted.query);
    let _ = write!(body, "</p><form><input name=\"query\" size=\"40\" placeholder=\"search\" value=\"{query}\">");
    let _ = write!(body, "<input type=\"hidden\" name=\"tag\" value=\"{}\"></form>", escape(&wanted.tag));
    body.push_str("<table><tr><th>When<th>From<th>To<th>Subject<th>Tags</tr>");
    for summary in found.iter().skip(wanted.start).take(PAGE) {
        row(&mut body, summary);
    }
    body.push_str("</table>");
    let (shown, total) = ((wanted.start + PAGE).min(found.len()), found.len());
    let _ = write!(body, "<p><small>{shown} of {total}</small>");
    if shown < total {
        let (tag, query) = (percent_encode(&wanted.tag), percent_encode(&wanted.query));
        let _ = write!(body, " <a href=\"/?tag={tag}&amp;query={query}&amp;start={shown}\">older</a>");
    }
    Ok(page("Mail", &body))
}

/// One message: a page around it, or with `.html` or `.txt` the message's own HTML or text.
pub(super) async fn view(
    State(mailbox): State<Arc<Mailbox>>,
    Path(name): Path<String>,
    Parameters(among): Parameters<Among>,
) -> Result<Response, Refusal> {
    let (id, kind) = name.rsplit_once('.').unwrap_or((&name, ""));
    let (summary, raw) = look_up(&mailbox, id, &among).await?;
    mailbox.set_read(std::slice::from_ref(&summary.id), true)?;
    let message = Full::of(&summary, &raw);
    match kind {
        "" => Ok(page(&message.subject, &around(&message)).into_response()),
        "html" if !message.html.is_empty() => {
            let headers = [(CONTENT_SECURITY_POLICY, MAIL_POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
            Ok((headers, Html(with_inline_parts(&message))).into_response())
        }
        "txt" => {
            let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
            Ok((headers, message.text).into_response())
        }
        _ => Err(Refusal::NotFound),
    }
}

fn page(title: &str, body: &str) -> Page {
    let title = escape(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>{body}"
    );
    ([(CONTENT_SECURITY_POLICY, OUR_POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")], Html(text))
}

fn row(body: &mut String, summary: &Summary) {
    let unread = if summary.read { "" } else { " class=\"unread\"" };
    let subject = if summary.subject.is_empty() { "(no subject)" } else { &summary.subject };
    let tags: Vec<String> = summary.tags.iter().map(|tag| tag_link(tag)).collect();
    let _ = write!(
        body,
        "<tr{unread}><td>{}<td>{}<td>{}<td><a href=\"/view/{}\">{}</a><br><small>{}</small><td>{}</tr>",
        escape(&when(&summary.created)),
        people(summary.from.as_slice()),
        people(&summary.to),
        escape(&summary.id),
        escape(subject),
        escape(&summary.snippet),
        tags.join(" "),
    );
}

fn around(message: &Full) -> String {
    let mut body = format!("<p><a href=\"/\">all mail</a></p><h1>{}</h1><table>", escape(&message.subject));
    for (name, list) in [
        ("From", message.from.as_slice()),
        ("To", &message.to),
        ("Cc", &message.cc),
        ("Bcc", &message.bcc),
        ("Reply-To", &message.reply_to),
    ] {
        if !list.is_empty() {
            let _ = write!(body, "<tr><th>{name}<td>{}</tr>", people(list));
        }
    }
    let tags: Vec<String> = message.tags.iter().map(|tag| tag_link(tag)).collect();
    let _ = write!(body, "<tr><th>Date<td>{}</tr><tr><th>Tags<td>{}</tr>", escape(&message.date), tags.join(" "));
    let id = escape(&message.id);
    for part in message.attachments.iter().chain(&message.inline) {
        let name = if part.file_name.is_empty() { &part.content_type } else { &part.file_name };
        let (name, size, number) = (escape(name), part.size, escape(&part.part_id));
        let _ = write!(
            body,
            "<tr><th>Attachment<td><a href=\"/api/v1/message/{id}/part/{number}\">{name}</a> <small>{size} bytes</small></tr>"
        );
    }
    let _ = write!(body, "</table><p><a href=\"/api/v1/message/{id}/raw\">source</a></p>");
    if !message.html.is_empty() {
        let _ = write!(
            body,
            "<iframe sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"/view/{id}.html\"></iframe>"
        );
    }
    let _ = write!(body, "<pre>{}</pre>", escape(&message.text));
    body
}

/// The message's HTML with `cid:` references led to its parts, and links leading to windows of their own.
fn with_inline_parts(message: &Full) -> String {
    let mut html = message.html.clone();
    for part in message.inline.iter().chain(&message.attachments).filter(|part| !part.content_id.is_empty()) {
        let place = format!("/api/v1/message/{}/part/{}", message.id, part.part_id);
        html = html.replace(&format!("cid:{}", part.content_id), &place);
    }
    format!("<base target=\"_blank\">{html}")
}

fn people(list: &[Address]) -> String {
    let shown = list.iter().map(|person| match person.name.as_str() {
        "" => escape(&person.address),
        name => format!("{} <small>{}</small>", escape(name), escape(&person.address)),
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn tag_link(tag: &str) -> String {
    format!("<a class=\"tag\" href=\"/?tag={}\">{}</a>", percent_encode(tag), escape(tag))
}

/// `2026-03-02 12:00:00` of an RFC 3339 moment.
fn when(created: &str) -> String {
    created.get(..19).unwrap_or(created).replace('T', " ")
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_message_becomes_markup() {
        assert_eq!(escape("<script>alert('\"&')"), "&lt;script&gt;alert(&#39;&quot;&amp;&#39;)");
        let evil = Summary {
            id: "1".into(),
            subject: "<img src=x onerror=alert(1)>".into(),
            snippet: "</table><script>".into(),
            tags: vec!["\"><b>".into()],
            from: Some(Address { name: "<i>".into(), address: "a@b\"<".into() }),
            ..Summary::default()
        };
        let mut body = String::new();
        row(&mut body, &evil);
        for markup in ["<img", "<script", "<b>", "<i>", "b\"<"] {
            assert!(!body.contains(markup), "{markup} in {body}");
        }
        assert!(body.contains("?tag=%22%3E%3Cb%3E"));
    }
}
