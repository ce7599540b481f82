//! What commands and supervisors do, as events: processes that change their state, supervisors that come and go, agents
//! that are launched and removed, runs of `verify`.
//!
//! A supervisor answers a request of its socket as soon as its stack has changed ([`crate::supervisor::Client::changed`]),
//! and inotify tells of the files that a launch, a teardown and a run of `verify` leave in the home. So nothing is
//! polled, and an event comes within milliseconds, whichever command caused it.
//!
//! Invariants:
//! - What is there when the server begins is no event; what changes from then on is one.
//! - A stack whose supervisor cannot be asked (another version, frozen) is asked again at the next sign from its
//!   directory. Other stacks do not wait for it.
//!
//! What was last seen is in the [`Picture`], for who wants to know how things are.
//!
//! All of this has a thread of its own, since it reads files and `/proc`.

mod agents;
mod difference;
mod home;
mod picture;
mod signs;
mod stack;

pub(super) use home::start;
pub(super) use picture::Picture;
