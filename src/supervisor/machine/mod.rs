//! What should happen next: the supervisor's decisions, without processes, clocks or files.
//!
//! [`Machine::handle`] takes an event and the time and returns what is to be done. Whoever carries the
//! actions out tells the outcome as further events, each with the number of the process's run, so that
//! late news of a former run is never taken for news of this one. Time is a duration on a clock that only
//! grows; [`Machine::deadline`] says when [`Event::Tick`] is wanted.
//!
//! A process that is wanted goes `Waiting -> Launching -> Running`, and from there through `Stopping` (its
//! whole tree is ended, its ports are looked at) to wherever it goes next. Dependencies are looked at
//! after every event until nothing moves any more.
//!
//! Choices: an exit is published at once, but what comes next waits until the rest of the tree is gone, or
//! the next run would find its port taken by the last one's child. A process that asked for nothing else
//! and ended with status 0 is `completed`, and what it left running is left alone until it is stopped.
//! Before a process is ready it is asked more often than its probe says (from 5 ms on), which costs
//! little and saves half a period at every launch; afterwards less and less often, from 2 s to 30 s, unless it
//! begins to fail: each question is a line in the log of many applications. A liveness probe keeps its period.
//! A process without any sign of readiness is ready once it has stayed up for a second, and for longer after a
//! failure.

mod address_in_use;
mod backoff;
mod command;
mod decide;
mod dependencies;
mod event;
mod exit;
mod moment;
mod park;
mod probe;
mod reconcile;
mod save;
mod schedule;
mod unit;
mod view;

#[cfg(test)]
mod tests;

pub(crate) use decide::Machine;
pub(crate) use event::{Action, Event, News, Outcome, ProbeKind};
pub(crate) use exit::describe as describe_exit;
pub(crate) use moment::Moment;
pub(crate) use save::Alive;
pub(crate) use schedule::readiness_of;
