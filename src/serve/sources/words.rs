//! What an issue is told of its ticket, in words.

use crate::serve::store::sources::Untold;

/// What an issue is told in words: nothing that the agent or its machine has said, since anybody may read it.
pub(super) fn comment(untold: &Untold) -> Option<String> {
    let Untold { ticket, .. } = untold;
    let job = untold.job.map(|job| format!(", job {job}")).unwrap_or_default();
    match untold.word {
        "in_progress" => Some(format!("An agent works on this (ticket {ticket}{job}).")),
        "in_review" => Some(match &untold.pull_request {
            Some(url) => format!("The work is ready to be looked at: {url} (ticket {ticket}{job})."),
            None => format!("The work is ready to be looked at (ticket {ticket}{job})."),
        }),
        "failed" => Some(format!("The agent did not get there (ticket {ticket}{job}).")),
        _ => None,
    }
}

/// How what harness itself writes is known.
pub(super) const MARK: &str = "<!-- harness:";

/// What a comment about just this is called.
pub(super) fn name(untold: &Untold) -> String {
    format!("ticket-{}-{}-{}", untold.ticket, untold.word, untold.job.unwrap_or_default())
}

/// What marks a comment as the one about just this.
pub(super) fn mark(untold: &Untold) -> String {
    format!("{MARK} ticket {} {} {} -->", untold.ticket, untold.word, untold.job.unwrap_or_default())
}
