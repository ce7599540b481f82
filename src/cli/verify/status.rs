//! `harness verify --status`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use super::super::invocation::{Invocation, block_on};
use super::Arguments;
use super::sign::{signed, tell_evidence};
use crate::agent::{self, Context};
use crate::project::AgentId;
use crate::report::{Failure, Kind, VerifyStatus};
use crate::terminal::Output;
use crate::verify::{self, Content};

pub(super) fn status(arguments: &Arguments, invocation: &Invocation) -> ExitCode {
    let answer = invocation.context().and_then(|context| {
        block_on(async {
            let mut document = verified(arguments, &context).await?;
            let mut code = 0;
            if let (true, true, Some(agent)) = (arguments.sign, document.verified, document.agent) {
                let id = AgentId::try_from(agent).map_err(agent::Error::from)?;
                let (evidence, failed) = signed(&context, id, None).await;
                (document.evidence, code) = (Some(evidence), failed);
            }
            Ok((document, code))
        })
    });
    let mut unnamed = false;
    let (document, code) = match answer {
        Ok((document, code)) => {
            let code = code.max(u8::from(!document.verified));
            (document, code)
        }
        Err(failure) => {
            // a hook calls this in every tree: one without an agent is not a wrong command line
            unnamed = matches!(failure.downcast(), Some(agent::Error::Unnamed));
            let code = if unnamed { Kind::Conflict } else { failure.kind() }.exit_code();
            (VerifyStatus::unknown(failure.document(), arguments.id.map(AgentId::get)), code)
        }
    };
    Output { json: true, ..invocation.output }.document(&document, |_| String::new());
    match (&document.error, &document.reason) {
        // the hook prints nothing in a checkout without an agent
        (Some(_), _) if arguments.index && unnamed => {}
        (Some(error), _) => invocation.output.tell_error(error),
        (None, Some(reason)) => invocation.output.tell(&format!("not verified: {reason}")),
        (None, None) => invocation.output.tell("verified: this tree has passed `harness verify --full`"),
    }
    if let Some(evidence) = &document.evidence {
        tell_evidence(invocation, evidence);
    }
    ExitCode::from(code)
}

/// Where several agents share a tree, the pass of one of them is enough; of several trees in one checkout, each must be
/// verified.
async fn verified(arguments: &Arguments, context: &Context) -> Result<VerifyStatus, Failure> {
    let index = context.variable("GIT_INDEX_FILE").map(|index| context.directory.join(index));
    let examined = if arguments.index { Content::Commit { index: index.as_deref() } } else { Content::WorkTree };
    let mut trees: BTreeMap<PathBuf, VerifyStatus> = BTreeMap::new();
    for agent in asked_about(arguments, context)? {
        let scope = agent::verify_scope(context, agent)?;
        if trees.get(&scope.tree).is_some_and(|answer| answer.verified) {
            continue;
        }
        let (stages, id) = (&scope.project.verify, Some(agent.get()));
        let answer = verify::status(&scope.tree, examined, stages, &scope.directory, id).await?;
        if answer.verified || !trees.contains_key(&scope.tree) {
            trees.insert(scope.tree, answer);
        }
    }
    let mut answers: Vec<VerifyStatus> = trees.into_values().collect();
    answers.sort_by_key(|answer| answer.verified);
    Ok(answers.into_iter().next().expect("there is at least one agent"))
}

/// The agents that a question without a run is about; at least one.
fn asked_about(arguments: &Arguments, context: &Context) -> Result<Vec<AgentId>, Failure> {
    if arguments.index {
        let agents = agent::in_checkout(context)?;
        return if agents.is_empty() { Err(agent::Error::Unnamed.into()) } else { Ok(agents) };
    }
    match agent::resolve(context, arguments.id) {
        Ok(agent) => Ok(vec![agent]),
        Err(failure) => {
            let sharing = agent::standing_in(context)?;
            if sharing.is_empty() { Err(failure) } else { Ok(sharing) }
        }
    }
}
