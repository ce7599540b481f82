//! Random walks through both machines together, as the store drives them.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{Effect, Happened, Wish, next, step};
use crate::report::{QueueJobState, TaskStatus};

struct Walk {
    ticket: TaskStatus,
    jobs: Vec<QueueJobState>,
}

impl Walk {
    fn live(&self) -> Option<usize> {
        let live: Vec<usize> = (0..self.jobs.len()).filter(|at| !self.jobs[*at].is_over()).collect();
        assert!(live.len() <= 1, "{live:?} of {:?}", self.jobs);
        live.first().copied()
    }

    fn wish(&mut self, wish: Wish) {
        let Ok((ticket, effect)) = step(self.ticket, wish, true) else { return };
        self.ticket = ticket;
        match (effect, self.live()) {
            (Effect::Enqueue, None) => self.jobs.push(QueueJobState::Pending),
            (Effect::CallOff, Some(at)) => self.happens(at, Happened::Cancelled),
            _ => {}
        }
    }

    fn happens(&mut self, at: usize, happened: Happened) {
        let Some(state) = next(self.jobs[at], happened) else { return };
        assert!(!self.jobs[at].is_over(), "a job that was over became {state}");
        self.jobs[at] = state;
        match state {
            QueueJobState::Succeeded => self.wish(Wish::Succeeded),
            QueueJobState::Lost if !self.jobs.len().is_multiple_of(3) => self.jobs.push(QueueJobState::Pending),
            QueueJobState::Failed | QueueJobState::Lost => self.wish(Wish::GaveUp),
            _ => {}
        }
    }
}

#[test]
fn no_walk_leaves_two_live_jobs_or_one_without_a_ticket_in_progress() {
    let mut random = StdRng::seed_from_u64(14);
    for _ in 0..2_000 {
        let mut walk = Walk { ticket: TaskStatus::Open, jobs: Vec::new() };
        for _ in 0..60 {
            let old = random.random_range(0..walk.jobs.len().max(1));
            let at = if random.random_bool(0.8) { walk.live() } else { walk.jobs.get(old).map(|_| old) };
            let to = TaskStatus::ALL[random.random_range(0..TaskStatus::ALL.len())];
            match (random.random_range(0..11), at) {
                (0 | 1, _) => walk.wish(Wish::Move(to)),
                (2, _) => walk.wish(Wish::Approve),
                (3, _) => walk.wish(Wish::Retry),
                (4 | 5, Some(at)) => walk.happens(at, Happened::Claimed),
                (6, Some(at)) => walk.happens(at, Happened::Reported(QueueJobState::Verifying)),
                (7, Some(at)) => walk.happens(at, Happened::Completed),
                (8, Some(at)) => walk.happens(at, Happened::Failed),
                (9, Some(at)) => walk.happens(at, Happened::Expired),
                (10, Some(at)) => walk.happens(at, Happened::Returned),
                _ => {}
            }
            let live = walk.live();
            assert!(live.is_none() || walk.ticket == TaskStatus::InProgress, "{:?} {:?}", walk.ticket, walk.jobs);
        }
    }
}
