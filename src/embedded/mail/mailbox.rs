//! Messages on disk, their summaries in memory.
//!
//! ```text
//! <data>/messages/<id>.eml    the message as it came
//! <data>/messages/<id>.json   its summary; a message without one is half-written and is cleared away
//! ```
//!
//! Ids begin with the time, so their order is the order of arrival. Killing the server loses no message that
//! was answered with 250; a crash of the machine may lose the last few, since nothing is synced.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{Timestamp, Unit};
use rand::RngExt;

use super::envelope::Envelope;
use super::message::Summary;
use crate::embedded::{Error, Result, log};
use crate::system::{self, FileLock, create_private_dir, read_optional, remove_if_exists};

/// The kept messages.
pub(super) struct Mailbox {
    directory: PathBuf,
    max_messages: usize,
    contents: Mutex<Contents>,
    _lock: FileLock,
}

struct Contents {
    summaries: BTreeMap<String, Summary>,
    counters: Counters,
    /// Tells messages of one millisecond apart.
    arrivals: u16,
}

/// Since the server was started.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub(super) accepted: u64,
    pub(super) accepted_bytes: u64,
    pub(super) deleted: u64,
}

impl Mailbox {
    /// Opens the data directory, making it when absent.
    pub(super) fn open(data: &Path, max_messages: usize) -> Result<Self> {
        let directory = data.join("messages");
        create_private_dir(data, 0o700)?;
        create_private_dir(&directory, 0o700)?;
        let lock = FileLock::try_acquire(&data.join("lock"), "catch mail")?
            .map_err(|_| Error::InUse { directory: data.to_owned() })?;
        let mut summaries = BTreeMap::new();
        let mut rest = Vec::new();
        for entry in fs::read_dir(&directory).map_err(system::Error::file("read", &directory))? {
            let path = entry.map_err(system::Error::file("read", &directory))?.path();
            if path.extension().is_some_and(|extension| extension == "json") && path.with_extension("eml").exists() {
                match serde_json::from_slice::<Summary>(&read_optional(&path)?.unwrap_or_default()) {
                    Ok(summary) => {
                        summaries.insert(summary.id.clone(), summary);
                        continue;
                    }
                    Err(error) => log::line(&format!("left out `{}`: {error}", path.display())),
                }
            }
            rest.push(path);
        }
        for path in rest {
            let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if !summaries.contains_key(id) {
                remove_if_exists(&path)?;
            }
        }
        let contents = Contents { summaries, counters: Counters::default(), arrivals: 0 };
        let mailbox = Self { directory, max_messages, contents: Mutex::new(contents), _lock: lock };
        mailbox.prune()?;
        Ok(mailbox)
    }

    /// Keeps a message; returns its id. The oldest go when there are too many.
    pub(super) fn add(&self, envelope: &Envelope) -> Result<String> {
        let now = Timestamp::now().round(Unit::Millisecond).unwrap_or_else(|_| Timestamp::now());
        let id = self.next_id(now);
        let summary = Summary::of(envelope, id.clone(), now.to_string());
        self.write(&id, "eml", &envelope.raw)?;
        self.write_summary(&summary)?;
        {
            let mut contents = self.contents();
            contents.counters.accepted += 1;
            contents.counters.accepted_bytes += summary.size as u64;
            contents.summaries.insert(id.clone(), summary);
        }
        self.prune()?;
        Ok(id)
    }

    /// Runs `look` on the summaries, newest first.
    pub(super) fn newest_first<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Summary>) -> T) -> T {
        look(&mut self.contents().summaries.values().rev())
    }

    /// One summary.
    pub(super) fn summary(&self, id: &str) -> Option<Summary> {
        self.contents().summaries.get(id).cloned()
    }

    /// A message as it came; `None` when it is not (or no longer) here.
    pub(super) fn raw(&self, id: &str) -> Result<Option<Vec<u8>>> {
        // only what is known becomes part of a path
        if !self.contents().summaries.contains_key(id) {
            return Ok(None);
        }
        Ok(read_optional(&self.path(id, "eml"))?)
    }

    /// Marks messages as read or unread.
    pub(super) fn set_read(&self, ids: &[String], read: bool) -> Result<()> {
        for id in ids {
            let changed = {
                let mut contents = self.contents();
                let summary = contents.summaries.get_mut(id).filter(|summary| summary.read != read);
                summary.map(|summary| {
                    summary.read = read;
                    summary.clone()
                })
            };
            if let Some(summary) = changed {
                self.write_summary(&summary)?;
            }
        }
        Ok(())
    }

    /// Removes messages; those that are not here are passed over.
    pub(super) fn delete(&self, ids: &[String]) -> Result<()> {
        for id in ids {
            let known = {
                let mut contents = self.contents();
                let known = contents.summaries.remove(id).is_some();
                contents.counters.deleted += u64::from(known);
                known
            };
            if known {
                // the summary first: what is left of a killed removal is cleared away at the next start
                remove_if_exists(&self.path(id, "json"))?;
                remove_if_exists(&self.path(id, "eml"))?;
            }
        }
        Ok(())
    }

    /// How many messages each tag has, by name.
    pub(super) fn tags(&self) -> BTreeMap<String, u64> {
        let mut tags = BTreeMap::new();
        for name in self.contents().summaries.values().flat_map(|summary| &summary.tags) {
            *tags.entry(name.clone()).or_default() += 1;
        }
        tags
    }

    /// How many messages there are, and how many of them are unread.
    pub(super) fn totals(&self) -> (usize, usize) {
        let contents = self.contents();
        (contents.summaries.len(), contents.summaries.values().filter(|summary| !summary.read).count())
    }

    pub(super) fn counters(&self) -> Counters {
        self.contents().counters
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    fn prune(&self) -> Result<()> {
        let oldest: Vec<String> = {
            let contents = self.contents();
            let surplus = contents.summaries.len().saturating_sub(self.max_messages);
            contents.summaries.keys().take(surplus).cloned().collect()
        };
        self.delete(&oldest)
    }

    /// 22 characters, as many as mailpit's: the time, a counter, chance.
    fn next_id(&self, now: Timestamp) -> String {
        let mut contents = self.contents();
        contents.arrivals = contents.arrivals.wrapping_add(1);
        format!("{:012x}{:04x}{:06x}", now.as_millisecond(), contents.arrivals, rand::rng().random_range(0..1 << 24))
    }

    fn write_summary(&self, summary: &Summary) -> Result<()> {
        let document = serde_json::to_vec(summary).unwrap_or_default();
        self.write(&summary.id, "json", &document)
    }

    /// Writes a file of a message, visible only when whole.
    fn write(&self, id: &str, extension: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(id, extension);
        let mut file = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempfile_in(&self.directory)
            .map_err(system::Error::file("create a file in", &self.directory))?;
        file.write_all(bytes).map_err(system::Error::file("write", &path))?;
        file.persist(&path).map_err(|error| system::Error::file("replace", &path)(error.error))?;
        Ok(())
    }

    fn path(&self, id: &str, extension: &str) -> PathBuf {
        self.directory.join(format!("{id}.{extension}"))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(user: &str, subject: &str) -> Envelope {
        Envelope {
            user: Some(user.to_owned()),
            from: "a@b.c".into(),
            to: vec!["d@e.f".into()],
            raw: format!("Subject: {subject}\r\n\r\nbody\r\n").into_bytes(),
        }
    }

    fn subjects(mailbox: &Mailbox) -> Vec<String> {
        mailbox.newest_first(|all| all.map(|summary| summary.subject.clone()).collect())
    }

    #[test]
    fn messages_survive_the_server_and_the_oldest_go() {
        let home = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(home.path(), 3).unwrap();
        for number in 0..5 {
            mailbox.add(&mail("agent-1", &number.to_string())).unwrap();
        }
        assert_eq!(subjects(&mailbox), ["4", "3", "2"]);
        assert_eq!(fs::read_dir(mailbox.directory()).unwrap().count(), 6);
        assert!(matches!(Mailbox::open(home.path(), 3), Err(Error::InUse { .. })));
        drop(mailbox);

        fs::write(home.path().join("messages/half.eml"), "half").unwrap();
        fs::write(home.path().join("messages/.tmp-x"), "half").unwrap();
        let mailbox = Mailbox::open(home.path(), 2).unwrap();
        assert_eq!(subjects(&mailbox), ["4", "3"]);
        assert_eq!(fs::read_dir(mailbox.directory()).unwrap().count(), 4);
    }

    #[test]
    fn tags_are_counted_and_reading_is_remembered() {
        let home = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(home.path(), 10).unwrap();
        let first = mailbox.add(&mail("agent-1", "x")).unwrap();
        mailbox.add(&mail("agent-11", "y")).unwrap();
        mailbox.add(&Envelope { user: None, ..mail("", "z") }).unwrap();
        assert_eq!(mailbox.tags(), BTreeMap::from([("agent-1".into(), 1), ("agent-11".into(), 1)]));
        mailbox.set_read(std::slice::from_ref(&first), true).unwrap();
        assert_eq!(mailbox.totals(), (3, 2));
        drop(mailbox);
        let mailbox = Mailbox::open(home.path(), 10).unwrap();
        assert_eq!(mailbox.totals(), (3, 2));
        mailbox.delete(&[first.clone(), "../../etc/passwd".into()]).unwrap();
        assert_eq!(mailbox.raw(&first).unwrap(), None);
        assert_eq!(mailbox.totals(), (2, 2));
    }
}
