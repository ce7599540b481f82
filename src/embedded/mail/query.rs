//! Search filters, as mailpit documents them: `tag:agent-3 subject:"new account" -is:read from:shop text`.
//!
//! Two things differ from mailpit, since a search can also delete: a filter that cannot be understood is an
//! error and not ignored, and a query without any filter matches nothing.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::message::{Address, Summary};

/// A query, understood.
#[derive(Debug)]
pub(super) struct Query(Vec<Term>);

/// A query that means nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueryError {
    #[error("no search query")]
    Empty,
    #[error("cannot understand `{0}`")]
    Unclear(String),
}

#[derive(Debug)]
struct Term {
    exclude: bool,
    test: Test,
}

/// Texts are in lower case.
#[derive(Debug, PartialEq, Eq)]
enum Test {
    To(String),
    From(String),
    Cc(String),
    Bcc(String),
    ReplyTo(String),
    Addressed(String),
    Subject(String),
    MessageId(String),
    /// Whole names only: `agent-1` is not `agent-11`.
    Tag(String),
    Read(bool),
    Tagged,
    Attachment,
    After(Timestamp),
    Before(Timestamp),
    Larger(usize),
    Smaller(usize),
    Text(String),
}

impl Query {
    /// Reads a query.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        let mut terms = Vec::new();
        for word in words(text) {
            let (exclude, word) = match word.strip_prefix(['-', '!']) {
                Some(rest) if !rest.is_empty() => (true, rest.to_owned()),
                _ => (false, word),
            };
            if word.chars().any(char::is_alphanumeric) {
                let lower = word.to_lowercase();
                terms.push(Term { exclude, test: Test::parse(&lower).ok_or(QueryError::Unclear(word))? });
            }
        }
        if terms.is_empty() { Err(QueryError::Empty) } else { Ok(Self(terms)) }
    }

    /// Whether a message matches. `body` gives its text in lower case; it is asked only when it counts.
    pub(super) fn matches(&self, summary: &Summary, body: impl Fn() -> String) -> bool {
        self.0.iter().all(|term| term.test.holds(summary, &body) != term.exclude)
    }
}

impl Test {
    fn parse(word: &str) -> Option<Self> {
        let Some((name, value)) = word.split_once(':') else { return Some(Self::Text(word.to_owned())) };
        let text = value.trim().to_owned();
        Some(match (name, text.as_str()) {
            ("is", "read") => Self::Read(true),
            ("is", "unread") => Self::Read(false),
            ("is", "tagged") => Self::Tagged,
            ("has", "attachment" | "attachments") => Self::Attachment,
            ("is" | "has", _) => return None,
            ("to" | "from" | "cc" | "bcc" | "reply-to" | "addressed" | "subject" | "message-id" | "tag", "") => {
                return None;
            }
            ("to", _) => Self::To(text),
            ("from", _) => Self::From(text),
            ("cc", _) => Self::Cc(text),
            ("bcc", _) => Self::Bcc(text),
            ("reply-to", _) => Self::ReplyTo(text),
            ("addressed", _) => Self::Addressed(text),
            ("subject", _) => Self::Subject(text),
            ("message-id", _) => Self::MessageId(text),
            ("tag", _) => Self::Tag(text),
            ("after", _) => Self::After(moment(&text)?),
            ("before", _) => Self::Before(moment(&text)?),
            ("larger", _) => Self::Larger(size(&text)?),
            ("smaller", _) => Self::Smaller(size(&text)?),
            // a word with a colon in it, such as a URL
            _ => Self::Text(word.to_owned()),
        })
    }

    fn holds(&self, summary: &Summary, body: impl Fn() -> String) -> bool {
        let any = |list: &[Address], part: &str| list.iter().any(|address| has(address, part));
        let created = || summary.created.parse::<Timestamp>().unwrap_or(Timestamp::UNIX_EPOCH);
        match self {
            Self::To(part) => any(&summary.to, part),
            Self::From(part) => any(summary.from.as_slice(), part),
            Self::Cc(part) => any(&summary.cc, part),
            Self::Bcc(part) => any(&summary.bcc, part),
            Self::ReplyTo(part) => any(&summary.reply_to, part),
            Self::Addressed(part) => addressed(summary, part),
            Self::Subject(part) => summary.subject.to_lowercase().contains(part),
            Self::MessageId(part) => summary.message_id.to_lowercase().contains(part),
            Self::Tag(name) => summary.tags.iter().any(|tag| tag.to_lowercase() == *name),
            Self::Read(read) => summary.read == *read,
            Self::Tagged => !summary.tags.is_empty(),
            Self::Attachment => summary.attachments > 0,
            Self::After(moment) => created() >= *moment,
            Self::Before(moment) => created() <= *moment,
            Self::Larger(size) => summary.size > *size,
            Self::Smaller(size) => summary.size < *size,
            Self::Text(part) => {
                summary.subject.to_lowercase().contains(part) || addressed(summary, part) || body().contains(part)
            }
        }
    }
}

fn addressed(summary: &Summary, part: &str) -> bool {
    let lists = [&summary.to[..], &summary.cc, &summary.bcc, &summary.reply_to, summary.from.as_slice()];
    lists.into_iter().flatten().any(|address| has(address, part))
}

fn has(address: &Address, part: &str) -> bool {
    address.address.to_lowercase().contains(part) || address.name.to_lowercase().contains(part)
}

/// Words at spaces; quotes hold words together and vanish.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            space if space.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.trim().is_empty());
    words
}

/// A moment, or a day's begin, in the machine's time zone where none is given.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.to_uppercase();
    let local = |moment: DateTime| moment.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok().and_then(local))
        .or_else(|| text.replace('/', "-").parse::<Date>().ok().and_then(|day| local(day.into())))
}

/// `500`, `20k`, `2mb`.
fn size(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" => 1,
        "k" | "kb" => 1024,
        "m" | "mb" => 1024 * 1024,
        _ => return None,
    };
    digits.trim().parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        let address = |name: &str, address: &str| Address { name: name.into(), address: address.into() };
        Summary {
            message_id: "x1@shop.example".into(),
            from: Some(address("The Shop", "orders@shop.example")),
            to: vec![address("Ann", "ann@example.com")],
            cc: vec![address("", "cc@example.com")],
            bcc: vec![address("", "hidden@example.com")],
            reply_to: vec![address("", "reply@shop.example")],
            subject: "Your new Account".into(),
            created: "2026-03-02T12:00:00Z".into(),
            tags: vec!["agent-1".into()],
            size: 3000,
            attachments: 1,
            ..Summary::default()
        }
    }

    #[test]
    fn filters_find_what_they_say() {
        for (query, found) in [
            ("tag:agent-1", true),
            ("tag:\"agent-1\"", true),
            ("tag:Agent-1", true),
            ("tag:agent-11", false),
            ("tag:agent-", false),
            ("tag:agent", false),
            ("-tag:agent-1", false),
            ("!tag:agent-11", true),
            ("subject:\"new account\"", true),
            ("subject:new subject:account", true),
            ("subject:\"account new\"", false),
            ("from:shop to:ann", true),
            ("from:\"the shop\"", true),
            ("from:ann", false),
            ("cc:cc@example.com bcc:hidden", true),
            ("reply-to:reply@", true),
            ("addressed:hidden@example.com", true),
            ("message-id:x1@shop", true),
            ("is:unread is:tagged has:attachment", true),
            ("is:read", false),
            ("-is:read", true),
            ("after:2026-03-01 before:2026-03-04", true),
            ("after:2026/03/04", false),
            ("after:2026-03-02T12:00:01Z", false),
            ("larger:2k smaller:1mb", true),
            ("larger:3k", false),
            ("confirm", true),
            ("CONFIRM", true),
            ("\"please confirm\"", true),
            ("https://shop.example/confirm", true),
            ("tag:agent-1 missing", false),
            ("ann", true),
        ] {
            let body = || "please confirm at https://shop.example/confirm".to_owned();
            let parsed = Query::parse(query).unwrap();
            assert_eq!(parsed.matches(&summary(), body), found, "{query}");
        }
    }

    #[test]
    fn what_means_nothing_is_an_error_and_never_everything() {
        for query in ["", "  ", "\"\"", "- !", "--", "*"] {
            assert_eq!(Query::parse(query).unwrap_err(), QueryError::Empty, "{query}");
        }
        for query in ["tag:", "tag:\"\"", "is:old", "before:soon", "larger:big", "subject:", "has:legs"] {
            assert!(matches!(Query::parse(query), Err(QueryError::Unclear(_))), "{query}");
        }
    }

    #[test]
    fn the_body_is_read_only_when_it_counts() {
        let body = || panic!("not needed");
        assert!(!Query::parse("tag:agent-2 text").unwrap().matches(&summary(), body));
        assert!(Query::parse("account").unwrap().matches(&summary(), body));
    }
}
