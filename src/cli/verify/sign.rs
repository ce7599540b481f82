//! `harness verify --sign`.

use super::super::invocation::Invocation;
use crate::agent::Context;
use crate::project::AgentId;
use crate::report::verify::Evidence;
use crate::system::text::{count, cut};
use crate::verify;

/// Signs what has passed; returns what is said of it, and the exit code.
pub(super) async fn signed(context: &Context, id: AgentId, reference: Option<&str>) -> (Evidence, u8) {
    match verify::sign(context, id, reference).await {
        Ok(evidence) => (evidence, 0),
        Err(failure) => (Evidence::none(failure.document()), failure.kind().exit_code()),
    }
}

/// Says what was signed, or why nothing was.
pub(super) fn tell_evidence(invocation: &Invocation, evidence: &Evidence) {
    if let Some(error) = &evidence.error {
        return invocation.output.tell_error(error);
    }
    let text = |it: &Option<String>| cut(it.as_deref().unwrap_or_default(), 12).to_owned();
    let (commit, key) = (text(&evidence.commit), text(&evidence.key_id));
    invocation.output.tell(&format!("signed: commit {commit} by key {key}, in {}", evidence.notes));
    if evidence.changes > 0 {
        let files = count(evidence.changes, "test, CI or verify file");
        invocation.output.tell(&format!("{files} changed, {} weakened", count(evidence.weakened, "test")));
    }
}
