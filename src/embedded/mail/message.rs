//! What a raw message says, in the shapes and spelling of mailpit's API.

use mail_parser::{HeaderName, Message as Parsed, MessageParser, MessagePart, MimeHeaders, PartType};
use serde::{Deserialize, Serialize};

use super::envelope::Envelope;

/// Characters of a summary's snippet.
const SNIPPET: usize = 250;

/// A name and an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Address {
    pub(super) name: String,
    pub(super) address: String,
}

/// What lists show of a message. It is kept beside the message, so reading the mailbox parses nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Summary {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "MessageID")]
    pub(super) message_id: String,
    pub(super) read: bool,
    pub(super) from: Option<Address>,
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    /// Recipients that no header names are here too.
    pub(super) bcc: Vec<Address>,
    pub(super) reply_to: Vec<Address>,
    pub(super) subject: String,
    /// When it came, RFC 3339.
    pub(super) created: String,
    pub(super) username: String,
    pub(super) tags: Vec<String>,
    pub(super) size: usize,
    pub(super) attachments: usize,
    pub(super) snippet: String,
}

/// A whole message.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Full {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(rename = "MessageID")]
    pub(super) message_id: String,
    pub(super) from: Option<Address>,
    pub(super) to: Vec<Address>,
    pub(super) cc: Vec<Address>,
    pub(super) bcc: Vec<Address>,
    pub(super) reply_to: Vec<Address>,
    pub(super) return_path: String,
    pub(super) subject: String,
    pub(super) list_unsubscribe: ListUnsubscribe,
    /// The `Date` header, or when it came; RFC 3339.
    pub(super) date: String,
    pub(super) tags: Vec<String>,
    pub(super) username: String,
    pub(super) text: String,
    #[serde(rename = "HTML")]
    pub(super) html: String,
    pub(super) size: usize,
    pub(super) inline: Vec<Attachment>,
    pub(super) attachments: Vec<Attachment>,
}

/// The `List-Unsubscribe` headers.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListUnsubscribe {
    pub(super) header: String,
    pub(super) links: Vec<String>,
    pub(super) errors: String,
    pub(super) header_post: String,
}

/// A part that is not the text of the message.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attachment {
    #[serde(rename = "PartID")]
    pub(super) part_id: String,
    pub(super) file_name: String,
    pub(super) content_type: String,
    #[serde(rename = "ContentID")]
    pub(super) content_id: String,
    pub(super) size: usize,
}

/// The content of a part.
pub(super) struct Part {
    pub(super) file_name: String,
    pub(super) content_type: String,
    pub(super) content: Vec<u8>,
}

impl Summary {
    /// Reads what a list shows. `id` and `created` are the mailbox's.
    pub(super) fn of(envelope: &Envelope, id: String, created: String) -> Self {
        let message = parse(&envelope.raw);
        let list = |address: Option<&mail_parser::Address<'_>>| address.map(addresses).unwrap_or_default();
        let (to, cc) = (list(message.to()), list(message.cc()));
        let mut bcc = list(message.bcc());
        for recipient in &envelope.to {
            let named = to.iter().chain(&cc).chain(&bcc).any(|known| known.address.eq_ignore_ascii_case(recipient));
            if !named {
                bcc.push(Address { name: String::new(), address: recipient.clone() });
            }
        }
        let from = list(message.from()).into_iter().next();
        let sender = || Address { name: String::new(), address: envelope.from.clone() };
        let username = envelope.user.clone().unwrap_or_default();
        Self {
            id,
            message_id: message.message_id().unwrap_or_default().to_owned(),
            read: false,
            from: from.or_else(|| (!envelope.from.is_empty()).then(sender)),
            to,
            cc,
            bcc,
            reply_to: list(message.reply_to()),
            subject: message.subject().unwrap_or_default().to_owned(),
            created,
            tags: tag(&username).into_iter().collect(),
            username,
            size: envelope.raw.len(),
            attachments: split_attachments(&message).1.len(),
            snippet: snippet(&text(&message)),
        }
    }
}

impl Full {
    /// Reads the whole of a message that has this summary.
    pub(super) fn of(summary: &Summary, raw: &[u8]) -> Self {
        let message = parse(raw);
        let header = |name: &str| message.header_raw(name.to_owned()).unwrap_or_default().trim().to_owned();
        let list_unsubscribe = header("List-Unsubscribe");
        let links = list_unsubscribe.split(',').filter_map(|link| link.trim().strip_prefix('<')?.strip_suffix('>'));
        let (inline, attachments) = split_attachments(&message);
        let summary = summary.clone();
        Self {
            return_path: message.return_address().unwrap_or_default().to_owned(),
            list_unsubscribe: ListUnsubscribe {
                links: links.map(ToOwned::to_owned).collect(),
                header: list_unsubscribe.clone(),
                errors: String::new(),
                header_post: header("List-Unsubscribe-Post"),
            },
            date: message.date().map_or_else(|| summary.created.clone(), mail_parser::DateTime::to_rfc3339),
            text: text(&message),
            html: html(&message),
            inline,
            attachments,
            id: summary.id,
            message_id: summary.message_id,
            from: summary.from,
            to: summary.to,
            cc: summary.cc,
            bcc: summary.bcc,
            reply_to: summary.reply_to,
            subject: summary.subject,
            tags: summary.tags,
            username: summary.username,
            size: summary.size,
        }
    }
}

/// What a free-text search looks at, in lower case.
pub(super) fn search_text(raw: &[u8]) -> String {
    let message = parse(raw);
    format!("{}\n{}", text(&message), html(&message)).to_lowercase()
}

/// The headers as they stand, unfolded, by name in canonical spelling.
pub(super) fn headers(raw: &[u8]) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut headers = std::collections::BTreeMap::<String, Vec<String>>::new();
    for (name, value) in parse(raw).headers_raw() {
        let value = value.split("\r\n").map(str::trim).collect::<Vec<_>>().join(" ");
        headers.entry(canonical(name)).or_default().push(value.trim().to_owned());
    }
    headers
}

/// One part by the id that the attachments list gives.
pub(super) fn part(raw: &[u8], part_id: &str) -> Option<Part> {
    let message = parse(raw);
    let part = message.part(part_id.parse().ok()?)?;
    let described = attachment(0, part);
    let (file_name, content_type) = (described.file_name, described.content_type);
    Some(Part { file_name, content_type, content: part.contents().to_vec() })
}

/// Whatever it is that was sent, something can be read from it.
fn parse(raw: &[u8]) -> Parsed<'_> {
    MessageParser::default()
        .parse(raw)
        .unwrap_or_else(|| Parsed { parts: vec![MessagePart::default()], ..Parsed::default() })
}

fn addresses(list: &mail_parser::Address<'_>) -> Vec<Address> {
    let known = list.iter().filter(|address| address.address().is_some());
    known
        .map(|address| Address {
            name: address.name().unwrap_or_default().to_owned(),
            address: address.address().unwrap_or_default().to_owned(),
        })
        .collect()
}

/// A user name as a tag; names that would not survive a search or a page are no tags.
fn tag(username: &str) -> Option<String> {
    let name = username.trim();
    let usable = !name.is_empty() && name.len() <= 100 && !name.contains(|c: char| c.is_control() || c == '"');
    usable.then(|| name.to_owned())
}

/// The plain text, or the HTML turned into text where there is none.
fn text(message: &Parsed<'_>) -> String {
    let bodies: Vec<_> = (0..message.text_body.len()).filter_map(|position| message.body_text(position)).collect();
    bodies.join("\n")
}

/// The HTML, empty where there is none.
fn html(message: &Parsed<'_>) -> String {
    let bodies = message.html_body.iter().filter_map(|id| match &message.part(*id)?.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    bodies.collect::<Vec<_>>().join("\n")
}

fn snippet(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SNIPPET) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words,
    }
}

/// Parts that the HTML shows, and parts to download.
fn split_attachments(message: &Parsed<'_>) -> (Vec<Attachment>, Vec<Attachment>) {
    let (mut inline, mut attached) = (Vec::new(), Vec::new());
    for &id in &message.attachments {
        let Some(part) = message.part(id) else { continue };
        let disposition = part.content_disposition();
        let shown = match disposition {
            Some(disposition) => disposition.is_inline(),
            None => part.content_id().is_some(),
        };
        if shown { &mut inline } else { &mut attached }.push(attachment(id, part));
    }
    (inline, attached)
}

fn attachment(id: u32, part: &MessagePart<'_>) -> Attachment {
    let content_type = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")).to_ascii_lowercase(),
    );
    Attachment {
        part_id: id.to_string(),
        file_name: part.attachment_name().unwrap_or_default().to_owned(),
        content_type,
        content_id: part.content_id().unwrap_or_default().to_owned(),
        size: part.contents().len(),
    }
}

/// `message-id` becomes `Message-Id`.
fn canonical(name: &str) -> String {
    let name = HeaderName::parse(name).map_or_else(|| name.to_owned(), |name| name.as_str().to_owned());
    let words = name.split('-').map(|word| {
        let mut characters = word.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(characters.map(|next| next.to_ascii_lowercase())).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}
