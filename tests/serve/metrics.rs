//! `/metrics`, read as a scraper reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::server::Server;
use crate::support::{LONG, TestHome, get, wait_until};

/// The samples of a text, by name and labels, after the rules of `OpenMetrics` were checked: each family has its help and
/// type first and stands together, no sample comes twice, buckets grow and end at the count, and the text has an end.
#[track_caller]
fn samples(text: &str) -> BTreeMap<String, f64> {
    let (mut samples, mut types) = (BTreeMap::new(), BTreeMap::new());
    let (mut family, mut helped) = (String::new(), BTreeSet::new());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            assert_eq!(lines.next(), None, "something stands behind the end");
            check_buckets(&samples, &types);
            return samples;
        }
        if let Some(help) = line.strip_prefix("# HELP ") {
            let name = help.split(' ').next().unwrap().to_owned();
            assert!(helped.insert(name.clone()), "{name} comes twice");
            family = name;
            continue;
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, family, "{line}");
            types.insert(name.to_owned(), kind.to_owned());
            continue;
        }
        if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').unwrap();
            assert!(name == family && name.ends_with(&format!("_{unit}")), "{line}");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        let name = sample.split('{').next().unwrap();
        let ends: &[&str] = match types[&family].as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            "info" => &["_info"],
            other => panic!("{family} is a {other}"),
        };
        assert!(ends.iter().any(|end| name == format!("{family}{end}")), "{line} is not of {family}");
        assert!(name.starts_with("harness_") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(value >= 0.0 && samples.insert(sample.to_owned(), value).is_none(), "{line}");
    }
    panic!("the text has no end: {text}");
}

fn check_buckets(samples: &BTreeMap<String, f64>, types: &BTreeMap<String, String>) {
    for family in types.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
        let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
        for (sample, value) in samples.iter().filter(|(sample, _)| sample.starts_with(&format!("{family}_bucket"))) {
            let (before, rest) = sample.split_once("le=\"").unwrap();
            let (bound, after) = rest.split_once('"').unwrap();
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            series.entry(format!("{before}{after}")).or_default().push((bound, *value));
        }
        for (name, mut buckets) in series {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {buckets:?}");
            assert!(buckets.last().unwrap().0.is_infinite(), "{name}");
        }
    }
}

#[test]
fn a_scraper_reads_what_stacks_tasks_and_requests_do() {
    let home = TestHome::new();
    let stage = "[[verify.stages]]\nname = \"quick\"\ncommands = [{ name = \"all\", run = \"exit 1\" }]\n";
    let project = home.project("shop").application("api").toml(stage).write();
    let server = Server::start(&home);
    assert_eq!(get(server.port, "/metrics").status, 401, "a scraper needs the token too");
    let read = || {
        let answer = server.request("GET", "/metrics", &Value::Null);
        assert!(answer.status == 200 && answer.head.contains("application/openmetrics-text"), "{answer:?}");
        samples(&answer.body)
    };
    let before = read();
    assert_eq!(before.get("harness_stacks{state=\"healthy\"}"), Some(&0.0));
    // launched and verified by commands of which the server knows nothing
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["verify", "3"]).run().exits_with(1);
    server.request("POST", "/api/tasks", &json!({ "title": "One" }));
    let pid = project.harness(["status", "3", "--json"]).run().json()["agents"][0]["processes"][0]["pid"].clone();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let restarts = "harness_process_restarts_total{stack=\"agent-3\",process=\"api\"}";
    wait_until("the restart and its recovery", LONG, || {
        let now = read();
        now.get(restarts) == Some(&1.0) && now.get("harness_stacks{state=\"healthy\"}") == Some(&1.0)
    });
    let now = read();
    for (sample, expected) in [
        ("harness_launch_duration_seconds_count{result=\"done\"}", 1.0),
        ("harness_verify_duration_seconds_count{result=\"fail\"}", 1.0),
        ("harness_tasks{status=\"open\"}", 1.0),
        ("harness_http_requests_total{method=\"POST\",route=\"/api/tasks\",status=\"201\"}", 1.0),
        ("harness_http_requests_total{method=\"GET\",route=\"/metrics\",status=\"401\"}", 1.0),
        ("harness_events_total{type=\"launch\"}", 1.0),
        ("harness_jobs_running", 0.0),
    ] {
        assert_eq!(now.get(sample), Some(&expected), "{sample}: {now:#?}");
    }
    assert!(now["harness_stack_memory_bytes{stack=\"agent-3\"}"] > 1e6, "{now:#?}");
    assert!(now["harness_launch_duration_seconds_sum{result=\"done\"}"] > 0.0, "{now:#?}");
    project.harness(["stop", "3"]).run().succeeds();
    wait_until("the stop", LONG, || read().get("harness_stacks{state=\"stopped\"}") == Some(&1.0));
    // a path of a client makes no series of its own
    server.request("GET", "/api/agents/77/nothing", &Value::Null);
    let other = "harness_http_requests_total{method=\"GET\",route=\"other\",status=\"404\"}";
    assert_eq!(read().get(other), Some(&1.0));
}
