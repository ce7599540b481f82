//! Asks for the work items of each project, again and again, and tells them what became of their tickets.

use std::time::{Duration, Instant};

use super::api::{all, api};
use super::item::{Described, Ids, Kinds, Named};
use super::mirror::{self, Found};
use super::projects::{of_plane, path};
use crate::report::{Failure, QueueProject};
use crate::serve::notify::say;
use crate::serve::settings::Plane;
use crate::serve::site::Shared;
use crate::serve::sources::call::{Api, Failed, Trouble};
use crate::serve::sources::take::{take, unknown};
use crate::serve::store::{Reader, sources};
use crate::serve::work::thread;

/// After a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// Does so until the server ends, on a thread of its own; nothing where there is no key.
///
/// # Errors
/// There can be no further thread.
pub(in crate::serve) fn start(site: &Shared, plane: &Plane) -> Result<(), Failure> {
    let api = match api(plane) {
        Ok(Some(api)) => api,
        Ok(None) => return Ok(()),
        Err(error) => {
            say(&format!("plane: it cannot be asked: {error}"));
            return Ok(());
        }
    };
    let reader = Reader::new(&site.store, None);
    let source = Source { site: site.clone(), api, plane: plane.clone(), found: Found::new(), said: String::new() };
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
    plane: Plane,
    found: Found,
    /// What was last said to be wrong.
    said: String,
}

impl Source {
    async fn follow(mut self, mut reader: Reader) {
        let mut due = Instant::now();
        loop {
            let projects = of_plane(&self.site).await;
            let mut done = Ok(());
            if due <= Instant::now() {
                due = Instant::now() + self.plane.poll;
                for project in &projects {
                    if let Err(failed) = self.poll(project).await {
                        done = done.and(Err(self.api.trouble(&project.name, failed)));
                    }
                }
            }
            if done.is_ok() {
                done = mirror::tell(&self.site, &self.api, &projects, &self.found).await;
            }
            if let Some(wait) = self.heed(done) {
                due = Instant::now() + wait;
                // what happens meanwhile is told then
                tokio::time::sleep(wait).await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                // something happened to a ticket, perhaps
                batch = reader.next() => if batch.is_err() {
                    tokio::time::sleep(PAUSE).await;
                },
            }
        }
    }

    /// Says what is wrong, once; returns how long to wait.
    fn heed(&mut self, done: Result<(), Trouble>) -> Option<Duration> {
        let Err(trouble) = done else {
            self.said.clear();
            return None;
        };
        let text = trouble.to_string();
        if text != self.said {
            say(&format!("plane: {text}"));
            self.said = text;
        }
        Some(match trouble.failed {
            Failed::Wait(wait) => wait,
            _ => self.plane.poll.max(PAUSE),
        })
    }

    async fn poll(&mut self, project: &QueueProject) -> Result<(), Failed> {
        let path = path(project);
        let labels: Vec<Named> = all(&self.api, &format!("{path}/labels/")).await?.unwrap_or_default();
        let label = labels.into_iter().find(|label| label.name.eq_ignore_ascii_case(&project.settings.label));
        let states = all(&self.api, &format!("{path}/states/")).await?.unwrap_or_default();
        let kinds = Kinds { label: label.map(|label| label.id), states };
        let items: Option<Vec<Described>> = all(&self.api, &format!("{path}/work-items/")).await?;
        let is_complete = items.is_some();
        let page = format!("{}/{}{path}/issues", self.plane.pages, self.plane.workspace);
        let mut ids = Ids::new();
        for item in items.into_iter().flatten() {
            ids.insert(item.number, item.id.clone());
            take("plane", &self.site, project, item.seen(&kinds, &page)).await;
        }
        if is_complete {
            let id = project.id;
            let wanted = self.site.store.read(move |sql| sources::wanted(sql, id)).await.unwrap_or_default();
            for number in wanted.into_iter().filter(|number| !ids.contains_key(number)) {
                take("plane", &self.site, project, unknown(number)).await;
            }
        }
        self.found.insert(project.id, (kinds, ids));
        Ok(())
    }
}
