//! A parked stack: its processes are stopped until somebody wants one of them.
//!
//! What was wanted is remembered, so that a wake starts the same processes and no others. One-shot processes that have
//! completed stay completed, and sessions go on. Whoever starts, restarts or stops processes by name ends the parking:
//! from then on they rule what runs.

use super::unit::{State, Unit};
use super::{Machine, Moment};

impl Machine {
    /// Stops what is wanted and remembers it. Without anything to stop nothing is parked.
    pub(super) fn park(&mut self, now: Moment) {
        if self.is_parked() {
            return;
        }
        let names: Vec<String> = self.to_be_parked().cloned().collect();
        if !names.is_empty() {
            self.stop(now, &names);
            self.parked = names;
        }
    }

    /// Starts what was parked.
    pub(super) fn wake(&mut self) {
        let names = std::mem::take(&mut self.parked);
        if !names.is_empty() {
            self.start(&names);
        }
    }

    /// Ends the parking, without starting anything, where one of `names` is parked; where there are none, in any case.
    pub(super) fn end_parking(&mut self, names: &[String]) {
        let is_meant = names.is_empty() || names.iter().any(|name| self.parked.contains(name));
        if is_meant && !std::mem::take(&mut self.parked).is_empty() {
            self.generation += 1;
        }
    }

    /// Whether a wake would start something.
    pub(crate) fn is_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// The ports on which somebody may want a parked process; empty until all of them have ended.
    pub(crate) fn parked_ports(&self) -> Vec<u16> {
        let has_ended = |name: &String| self.units.get(name).is_none_or(|unit| unit.state == State::Stopped);
        if !self.parked.iter().all(has_ended) {
            return Vec::new();
        }
        let specs = self.parked.iter().filter_map(|name| self.definitions.get(name));
        specs.flat_map(|definition| definition.spec.ports.iter().copied()).collect()
    }

    /// Whether parking would stop anything.
    pub(crate) fn can_be_parked(&self) -> bool {
        !self.is_parked() && self.to_be_parked().next().is_some()
    }

    fn to_be_parked(&self) -> impl Iterator<Item = &String> {
        let is_session = |name: &String| self.definitions.get(name).is_some_and(|it| it.spec.session.is_some());
        let runs = |unit: &Unit| unit.wanted && unit.state != State::Completed;
        self.units.iter().filter(move |(name, unit)| runs(unit) && !is_session(name)).map(|(name, _)| name)
    }
}
