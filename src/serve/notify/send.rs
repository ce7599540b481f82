//! One target: a queue, attempts, and pauses that grow.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::header::RETRY_AFTER;
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::rules::Notice;
use crate::serve::counted::Counted;
use crate::serve::settings::Target;
use crate::system::HttpsClient;

/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// How often a notice is tried, with pauses of 1, 2, 4, 8 and 16 s.
const ATTEMPTS: u32 = 6;
/// A target that asks for patience gets this much at most.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of an answer that are read.
const ANSWER: usize = 16 << 10;

/// A notice with the link to its page, and when it happened.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) notice: Notice,
    pub(super) link: String,
    pub(super) time: String,
}

/// What became of an attempt.
enum Outcome {
    Taken,
    Refused(String),
    Again(String, Option<Duration>),
}

/// Tells a target what comes, one after another.
pub(super) async fn send(
    target: Target,
    caller: HttpsClient,
    mut letters: mpsc::Receiver<Letter>,
    counted: Arc<Counted>,
) {
    while let Some(letter) = letters.recv().await {
        let failed = deliver(&target, &caller, &letter).await;
        counted.notice(target.name(), if failed.is_none() { "sent" } else { "failed" });
        if let Some(why) = failed {
            say(&format!("notify: {}: given up: {why}", target.name()));
        }
    }
}

/// Why it was given up; nothing where it was taken.
async fn deliver(target: &Target, caller: &HttpsClient, letter: &Letter) -> Option<String> {
    let mut why = String::new();
    for attempt in 0..ATTEMPTS {
        let pause = match once(target, caller, letter).await {
            Outcome::Taken => return None,
            Outcome::Refused(why) => return Some(why),
            Outcome::Again(reason, wait) => {
                why = reason;
                wait.unwrap_or(Duration::from_secs(1 << attempt)).min(PATIENCE)
            }
        };
        if attempt + 1 < ATTEMPTS {
            sleep(pause).await;
        }
    }
    Some(why)
}

async fn once(target: &Target, caller: &HttpsClient, letter: &Letter) -> Outcome {
    // the error does not repeat the URL, which may hold a secret
    let Ok(request) = target.request(&letter.notice, &letter.link, &letter.time) else {
        return Outcome::Refused("it cannot be written as a request".to_owned());
    };
    match timeout(ATTEMPT, caller.request(request)).await {
        Err(_) => Outcome::Again(format!("no answer within {} s", ATTEMPT.as_secs()), None),
        // neither does this one
        Ok(Err(error)) if error.is_connect() => Outcome::Again("it cannot be reached".to_owned(), None),
        Ok(Err(_)) => Outcome::Again("the connection broke off".to_owned(), None),
        Ok(Ok(answer)) => judge(answer).await,
    }
}

async fn judge(answer: Response<hyper::body::Incoming>) -> Outcome {
    let status = answer.status();
    let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let body = timeout(ATTEMPT, Limited::new(answer.into_body(), ANSWER).collect()).await;
    if status.is_success() {
        return Outcome::Taken;
    }
    let why = format!("status {}", status.as_u16());
    // Telegram says it in the body: {"parameters": {"retry_after": 5}}
    let body = body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = asked.or_else(|| document["parameters"]["retry_after"].as_u64()).map(Duration::from_secs);
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Outcome::Again(why, asked),
        _ if status.is_server_error() => Outcome::Again(why, asked),
        _ => Outcome::Refused(why),
    }
}

/// Says something in the server's log.
pub(in crate::serve) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
