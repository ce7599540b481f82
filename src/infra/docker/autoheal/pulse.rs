//! Servers that run and do not answer: a process that is stopped inside its container, a container that is paused.
//!
//! Docker checks no health of a paused container, and takes half a minute to call another one unhealthy. So autoheal
//! asks the servers as the supervisor asks those of the native engine: the same exchange at the same intervals.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::infra::record::InfraRecord;
use crate::infra::servers::liveness::{FAILURES, LIMIT, Pulse};
use crate::project::Service;

/// Questions in a row to which a server gave no answer.
#[derive(Default)]
pub(super) struct Pulses {
    unanswered: BTreeMap<Service, u32>,
}

impl Pulses {
    /// Asks every server once; returns those that have been silent for too long.
    pub(super) async fn ask(&mut self, record: &InfraRecord) -> Vec<Service> {
        let asked = record.own_services().map(async |service| {
            let silent = match record.hostings.get(service).liveness(record.engine) {
                Some(liveness) => liveness.ask(LIMIT).await == Pulse::Silent,
                None => false,
            };
            (service, silent)
        });
        let seen = join_all(asked).await;
        seen.into_iter().filter_map(|(service, silent)| self.count(service, silent).then_some(service)).collect()
    }

    /// Whether that reaches the limit; then the count begins again.
    fn count(&mut self, service: Service, silent: bool) -> bool {
        let unanswered = self.unanswered.entry(service).or_default();
        *unanswered = if silent { *unanswered + 1 } else { 0 };
        if *unanswered < FAILURES {
            return false;
        }
        *unanswered = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_questions_in_a_row_without_an_answer_are_too_many() {
        let mut pulses = Pulses::default();
        let ask = |silent| pulses.count(Service::Mail, silent);
        let answers = [true, true, false, true, true, true, true].map(ask);
        assert_eq!(answers, [false, false, false, false, false, true, false]);
    }
}
