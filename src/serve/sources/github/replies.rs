//! What a review comment is answered: eyes when an agent works on it, words when that has ended.

use hyper::Method;
use serde_json::{Value, json};

use super::mirror::has_comment;
use super::projects::{pulls_path, with_reviews};
use crate::report::QueueProject;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed, Trouble};
use crate::serve::sources::words::MARK;
use crate::serve::store::queue::QueueError;
use crate::serve::store::reviews::{self, Unanswered};

/// Gives comments that waited to a job, and answers each as its job is.
///
/// # Errors
/// The first that failed; the others were answered.
pub(super) async fn answer(site: &Shared, api: &Api) -> Result<(), Trouble> {
    if matches!(site.store.read(reviews::waits).await, Ok::<_, QueueError>(true)) {
        // a database that fails is told to whoever asks for something
        let _ = site.store.change(reviews::reopen).await;
        site.queue.notify_waiters();
    }
    let unanswered = site.store.read(reviews::unanswered).await.unwrap_or_default();
    if unanswered.is_empty() {
        return Ok(());
    }
    let projects = with_reviews(site).await;
    let mut first = Ok(());
    for unanswered in unanswered {
        let Some(project) = projects.iter().find(|project| project.id == unanswered.project) else { continue };
        if let Err(failed) = answer_one(site, api, project, &unanswered).await {
            let patience = matches!(failed, Failed::Wait(_));
            first = first.and(Err(api.trouble(&project.name, failed)));
            if patience {
                break;
            }
        }
    }
    first
}

async fn answer_one(site: &Shared, api: &Api, project: &QueueProject, answer: &Unanswered) -> Result<(), Failed> {
    if project.settings.comments {
        let said = say(site, api, project, answer).await;
        // somebody has deleted the comment
        if let Err(failed) = said
            && !failed.is_missing()
        {
            return Err(failed);
        }
    }
    note(site, answer, reviews::answered).await
}

async fn say(site: &Shared, api: &Api, project: &QueueProject, answer: &Unanswered) -> Result<(), Failed> {
    let (path, number) = (pulls_path(project), answer.number);
    if answer.word == "working" {
        // a second one changes nothing
        let reactions = format!("{path}/comments/{number}/reactions");
        let _: Value = api.ask(Method::POST, &reactions, Some(&json!({ "content": "eyes" }))).await?;
        return Ok(());
    }
    let mark = format!("{MARK} review {number} {} {} -->", answer.word, answer.job);
    let pull = format!("{path}/{}", answer.pull);
    if answer.begun == answer.word && has_comment(api, &pull, &mark).await? {
        return Ok(());
    }
    note(site, answer, reviews::begins).await?;
    let body = json!({ "body": format!("{}\n\n{mark}", words(answer)) });
    let _: Value = api.ask(Method::POST, &format!("{pull}/comments/{number}/replies"), Some(&body)).await?;
    Ok(())
}

/// Nothing that the agent or its machine has said, since anybody may read it.
fn words(answer: &Unanswered) -> String {
    let Unanswered { ticket, job, .. } = answer;
    match (answer.word, &answer.commit) {
        ("done", Some(commit)) => format!("The agent has pushed {commit} (ticket {ticket}, job {job})."),
        ("done", None) => format!("The agent is done (ticket {ticket}, job {job})."),
        _ => format!("The agent did not get there (ticket {ticket}, job {job})."),
    }
}

type Note = fn(&dyn crate::serve::store::Sql, &Unanswered) -> Result<((), Vec<crate::report::Happening>), QueueError>;

async fn note(site: &Shared, answer: &Unanswered, what: Note) -> Result<(), Failed> {
    let answer = answer.clone();
    let noted = site.store.change(move |sql| what(sql, &answer)).await;
    noted.map_err(|_| Failed::Here("what a comment is answered cannot be written down"))
}
