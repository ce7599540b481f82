//! Says to the server that a job is at work, how far it is, and what it says. Who hears that the lease is lost pulls the
//! brake.
//!
//! It runs beside the job's own thread: nothing that blocks there holds up a heartbeat.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::api::{Api, Claim, Untaken};
use super::kept::Files;
use super::line::{Ear, Said};
use super::stop::Brake;

/// How often a job is said to be at work.
const EACH: Duration = Duration::from_secs(15);
/// Lines of one message.
const LINES: usize = 500;
/// Lines that wait for a server that does not answer.
const WAITING: usize = 20_000;

/// Reports until the job's end of the line is gone.
pub(super) async fn report(api: Api, claim: Claim, files: Files, mut ear: Ear, brake: Arc<Brake>) {
    let mut beat = interval_at(Instant::now() + EACH, EACH);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut lines, mut flushes): (Vec<String>, Vec<oneshot::Sender<()>>) = (Vec::new(), Vec::new());
    let mut heard = Vec::new();
    loop {
        let is_beat = tokio::select! {
            changed = ear.facts.changed() => match changed {
                Ok(()) => true,
                Err(_) => return,
            },
            _ = beat.tick() => true,
            count = ear.said.recv_many(&mut heard, LINES) => {
                if count == 0 {
                    return;
                }
                false
            }
        };
        for said in heard.drain(..) {
            match said {
                Said::Line(line) if lines.len() < WAITING => lines.push(line),
                Said::Line(_) => {}
                Said::Flush(done) => flushes.push(done),
            }
        }
        if brake.is_lost() {
            lines.clear();
            flushes.clear();
            continue;
        }
        if is_beat {
            files.beat();
            let facts = ear.facts.borrow_and_update().clone();
            hear(&api.heartbeat(claim, facts.state, &facts.outcome).await, &brake);
        }
        while !lines.is_empty() && !brake.is_lost() {
            let count = lines.len().min(LINES);
            let answer = api.log(claim, &lines[..count]).await;
            if let Err(Untaken::Silent(_)) = answer {
                // with the next beat
                break;
            }
            hear(&answer, &brake);
            lines.drain(..count);
        }
        for done in flushes.drain(..) {
            let _ = done.send(());
        }
    }
}

fn hear(answer: &Result<(), Untaken>, brake: &Brake) {
    if matches!(answer, Err(Untaken::Lost)) {
        brake.lose();
    }
}
