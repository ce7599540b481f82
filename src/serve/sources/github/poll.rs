//! Asks for the issues of each project, again and again, and tells the issues what became of their tickets.

use std::time::{Duration, Instant};

use hyper::Method;

use super::api::api;
use super::asked;
use super::issue::Described;
use super::mirror::Mirror;
use super::projects::{issues_path, of_github, with_reviews};
use super::replies;
use crate::report::{Failure, QueueProject};
use crate::serve::notify::say;
use crate::serve::settings::GitHub;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed, Trouble};
use crate::serve::sources::take::{take, unknown};
use crate::serve::store::{Reader, sources};
use crate::serve::work::thread;
use crate::system::text::percent_encode;

/// Issues of a page, as many as there may be.
const PAGE: usize = 100;
/// Pages of a project.
const PAGES: usize = 20;
/// Issues that left the list and are asked for each by itself, of one project at a time.
const LEFT: usize = 50;
/// After a failure of the database.
const PAUSE: Duration = Duration::from_secs(5);

/// Does so until the server ends, on a thread of its own; nothing where there is no token.
///
/// # Errors
/// There can be no further thread.
pub(in crate::serve) fn start(site: &Shared, github: &GitHub) -> Result<(), Failure> {
    let api = match api(github) {
        Ok(Some(api)) => api,
        Ok(None) => return Ok(()),
        Err(error) => {
            say(&format!("github: it cannot be asked: {error}"));
            return Ok(());
        }
    };
    let reader = Reader::new(&site.store, None);
    let source = Source { site: site.clone(), api, each: github.poll, said: <[String; 3]>::default() };
    Ok(thread(async move || {
        let mut stop = source.site.stop.clone();
        tokio::select! {
            () = source.follow(reader) => {}
            () = stop.asked() => {}
        }
    })?)
}

struct Source {
    site: Shared,
    api: Api,
    each: Option<Duration>,
    /// What was last said to be wrong with asking, with telling, and with answering.
    said: [String; 3],
}

impl Source {
    async fn follow(mut self, mut reader: Reader) {
        let mut mirror = Mirror::default();
        let mut due = Instant::now();
        loop {
            let mut wait = None;
            if self.each.is_some_and(|_| due <= Instant::now()) {
                let asked = self.poll().await;
                wait = self.heed(0, asked);
                due = Instant::now() + wait.or(self.each).unwrap_or(PAUSE);
            }
            if wait.is_none() {
                let told = mirror.tell(&self.site, &self.api).await;
                let answered = replies::answer(&self.site, &self.api).await;
                let waits = [self.heed(1, told), self.heed(2, answered)];
                if let Some(wait) = waits.into_iter().flatten().max() {
                    due = due.max(Instant::now() + wait);
                }
            }
            let next = async {
                match (self.each, mirror.due()) {
                    (None, None) => std::future::pending().await,
                    (each, again) => {
                        let first = [each.map(|_| due), again].into_iter().flatten().min().unwrap_or(due);
                        tokio::time::sleep_until(first.into()).await;
                    }
                }
            };
            tokio::select! {
                () = next => {}
                // something happened to a ticket, perhaps
                batch = reader.next() => if batch.is_err() {
                    tokio::time::sleep(PAUSE).await;
                },
            }
        }
    }

    /// Says what is wrong, once; returns how long to wait.
    fn heed(&mut self, place: usize, done: Result<(), Trouble>) -> Option<Duration> {
        let said = &mut self.said[place];
        let Err(trouble) = done else {
            said.clear();
            return None;
        };
        let text = trouble.to_string();
        if text != *said {
            say(&format!("github: {text}"));
            *said = text;
        }
        Some(match trouble.failed {
            Failed::Wait(wait) => wait,
            _ => self.each.unwrap_or(PAUSE).max(PAUSE),
        })
    }

    async fn poll(&mut self) -> Result<(), Trouble> {
        let mut first = Ok(());
        for project in of_github(&self.site).await {
            let Err(failed) = self.poll_one(&project).await else { continue };
            let patience = matches!(failed, Failed::Wait(_));
            // one project's trouble is not another's
            first = first.and(Err(self.api.trouble(&project.name, failed)));
            if patience {
                return first;
            }
        }
        for project in with_reviews(&self.site).await {
            let Err(failed) = asked::comments(&self.site, &self.api, &project).await else { continue };
            first = first.and(Err(self.api.trouble(&project.name, failed)));
        }
        first
    }

    async fn poll_one(&self, project: &QueueProject) -> Result<(), Failed> {
        let (path, label) = (issues_path(project), &project.settings.label);
        let mut seen = Vec::new();
        let mut complete = false;
        for page in 1..=PAGES {
            let query = format!(
                "{path}?labels={}&state=open&sort=created&direction=asc&per_page={PAGE}&page={page}",
                percent_encode(label)
            );
            let found: Vec<Described> = self.api.ask(Method::GET, &query, None).await?;
            let last = found.len() < PAGE;
            for issue in found.iter().filter_map(|described| described.seen(label)) {
                seen.push(issue.number);
                take("github", &self.site, project, issue).await;
            }
            if last {
                complete = true;
                break;
            }
        }
        if !complete {
            return Ok(());
        }
        let id = project.id;
        let Ok(wanted) = self.site.store.read(move |sql| sources::wanted(sql, id)).await else {
            return Ok(());
        };
        for number in wanted.into_iter().filter(|number| !seen.contains(number)).take(LEFT) {
            let found: Result<Described, Failed> = self.api.ask(Method::GET, &format!("{path}/{number}"), None).await;
            let issue = match found {
                Ok(described) => described.seen(label),
                Err(failed) if failed.is_missing() => Some(unknown(number)),
                Err(failed) => return Err(failed),
            };
            if let Some(issue) = issue {
                take("github", &self.site, project, issue).await;
            }
        }
        Ok(())
    }
}
