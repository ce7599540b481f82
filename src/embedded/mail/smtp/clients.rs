//! The clients that are connected. When there are as many as are allowed, the one that has been silent longest
//! makes room for the next: clients that hold connections they do not use must not keep others from sending mail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Every connected client.
pub(super) struct Clients {
    most: usize,
    /// A client that sent something so short a time ago is not made to leave.
    busy: Duration,
    connected: Mutex<Connected>,
}

#[derive(Default)]
struct Connected {
    by_number: BTreeMap<u64, Entry>,
    next: u64,
}

struct Entry {
    last_heard: Instant,
    leave: Arc<Notify>,
}

/// One client's entry; removed when dropped.
pub(super) struct Client {
    clients: Arc<Clients>,
    number: u64,
    leave: Arc<Notify>,
}

impl Clients {
    pub(super) fn new(most: usize, busy: Duration) -> Arc<Self> {
        Arc::new(Self { most, busy, connected: Mutex::default() })
    }

    /// Enters a client; when all places are taken, the client that was silent longest is asked to leave first.
    pub(super) async fn enter(self: &Arc<Self>) -> Client {
        loop {
            let busy_until = {
                let mut connected = self.connected();
                let idlest = connected.by_number.iter().min_by_key(|(_, entry)| entry.last_heard);
                let idlest = idlest.map(|(number, entry)| (*number, entry.last_heard + self.busy));
                match idlest.filter(|_| connected.by_number.len() >= self.most) {
                    Some((_, until)) if until > Instant::now() => until,
                    full => {
                        if let Some(entry) = full.and_then(|(number, _)| connected.by_number.remove(&number)) {
                            entry.leave.notify_one();
                        }
                        return self.add(&mut connected);
                    }
                }
            };
            sleep_until(busy_until).await;
        }
    }

    fn add(self: &Arc<Self>, connected: &mut Connected) -> Client {
        let (number, leave) = (connected.next, Arc::new(Notify::new()));
        connected.next += 1;
        connected.by_number.insert(number, Entry { last_heard: Instant::now(), leave: leave.clone() });
        Client { clients: self.clone(), number, leave }
    }

    fn connected(&self) -> MutexGuard<'_, Connected> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// It sent something.
    pub(super) fn heard(&self) {
        if let Some(entry) = self.clients.connected().by_number.get_mut(&self.number) {
            entry.last_heard = Instant::now();
        }
    }

    /// Returns when it has to make room.
    pub(super) async fn must_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.clients.connected().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn the_client_that_was_silent_longest_makes_room() {
        block_on(async {
            let clients = Clients::new(2, Duration::ZERO);
            let (first, second) = (clients.enter().await, clients.enter().await);
            first.heard();
            let _third = clients.enter().await;
            second.must_leave().await;
        });
    }

    #[test]
    fn busy_clients_are_not_cut_off() {
        block_on(async {
            let clients = Clients::new(1, Duration::from_mins(1));
            let first = clients.enter().await;
            assert!(tokio::time::timeout(Duration::from_millis(20), clients.enter()).await.is_err());
            drop(first);
            clients.enter().await;
        });
    }
}
