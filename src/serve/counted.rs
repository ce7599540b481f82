//! What is counted as it happens, for [`super::metrics`].

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::store::{Reader, Store};
use crate::report::{Happening, StreamEvent};
use crate::system::Stop;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfNotice {
    target: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfType {
    r#type: String,
}

type Timed<L> = Family<L, Histogram, fn() -> Histogram>;

/// The counts since the server began.
pub(in crate::serve) struct Counted {
    registry: Registry,
    requests: Family<OfRequest, Counter>,
    answered: Histogram,
    events: Family<OfType, Counter>,
    launches: Timed<OfResult>,
    verifies: Timed<OfResult>,
    notices: Family<OfNotice, Counter>,
}

impl Default for Counted {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("harness");
        let requests = Family::default();
        // from 0.5 ms to 8 s
        let answered = Histogram::new(exponential_buckets(0.0005, 2.0, 15));
        let events = Family::default();
        let launches: Timed<OfResult> = Family::new_with_constructor(minutes);
        let verifies: Timed<OfResult> = Family::new_with_constructor(minutes);
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of harness that answers", version);
        registry.register("http_requests", "Requests by method, route and status", requests.clone());
        let help = "How long answers took to begin";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, answered.clone());
        registry.register("events", "Events by type", events.clone());
        let help = "How long launches took, by whichever command, by result: done, failed";
        registry.register_with_unit("launch_duration", help, Unit::Seconds, launches.clone());
        let help = "How long runs of verify took, by whichever command, by result: pass, fail";
        registry.register_with_unit("verify_duration", help, Unit::Seconds, verifies.clone());
        let notices = Family::default();
        registry.register("notices", "Notices by target and result: sent, failed", notices.clone());
        Self { registry, requests, answered, events, launches, verifies, notices }
    }
}

/// From a quarter of a second to 34 minutes.
fn minutes() -> Histogram {
    Histogram::new(exponential_buckets(0.25, 2.0, 14))
}

impl Counted {
    /// A request was answered.
    pub(in crate::serve) fn request(&self, method: &'static str, route: String, status: u16, took: Duration) {
        self.requests.get_or_create(&OfRequest { method, route, status }).inc();
        self.answered.observe(took.as_secs_f64());
    }

    /// A notice was sent, or given up.
    pub(in crate::serve) fn notice(&self, target: &'static str, result: &'static str) {
        self.notices.get_or_create(&OfNotice { target, result }).inc();
    }

    /// Counts what happens from now on, until the server ends.
    pub(in crate::serve) async fn follow(&self, store: &Store, mut stop: Stop) {
        let mut reader = Reader::new(store, None);
        loop {
            let batch = tokio::select! {
                batch = reader.next() => batch,
                () = stop.asked() => return,
            };
            let Ok(batch) = batch else { return };
            for (_, document) in batch {
                if let Ok(event) = serde_json::from_str::<StreamEvent>(&document) {
                    self.event(&event.happening, &document);
                }
            }
        }
    }

    fn event(&self, happening: &Happening, document: &str) {
        let word = serde_json::from_str::<serde_json::Value>(document).ok();
        let word = word.and_then(|document| Some(document.get("type")?.as_str()?.to_owned()));
        self.events.get_or_create(&OfType { r#type: word.unwrap_or_default() }).inc();
        let seconds = |milliseconds: u64| Duration::from_millis(milliseconds).as_secs_f64();
        match happening {
            Happening::Launch { well, duration_ms, .. } => {
                let result = if *well { "done" } else { "failed" };
                self.launches.get_or_create(&OfResult { result }).observe(seconds(*duration_ms));
            }
            Happening::Verify { status, duration_ms, .. } => {
                self.verifies.get_or_create(&OfResult { result: status.as_str() }).observe(seconds(*duration_ms));
            }
            _ => {}
        }
    }

    /// The whole text: these counts and what `momentary` has.
    pub(in crate::serve) fn text(&self, momentary: &Registry) -> String {
        let mut text = String::new();
        // writing to a string does not fail
        let _ = encode_registry(&mut text, &self.registry);
        let _ = encode_registry(&mut text, momentary);
        let _ = encode_eof(&mut text);
        text
    }
}
