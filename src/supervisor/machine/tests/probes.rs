//! Readiness and liveness.

use super::*;

#[test]
fn a_process_is_asked_eagerly_until_it_is_ready_and_calmly_afterwards() {
    let mut world = World::started([("api", probed())]);
    let mut asked = Vec::new();
    let began = world.now;
    for _ in 0..12 {
        let at = world.machine.deadline().unwrap();
        world.pass(at.saturating_sub(world.now), refused);
        asked.push(world.now.saturating_sub(began).as_millis());
    }
    assert_eq!(asked[..8], [0, 5, 15, 35, 75, 155, 315, 635]);
    assert_eq!(asked[9] - asked[8], 500);
    assert_eq!(world.phase("api"), Phase::Starting);
    assert!(world.reason("api").contains("connection refused on 8030"));
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
    let mut questions = 0;
    world.pass(Duration::from_secs(20), |_, _| {
        questions += 1;
        Outcome::Pass
    });
    // after 2, 4 and 8 s
    assert_eq!(questions, 3);
}

#[test]
fn one_that_fails_after_it_was_ready_is_unhealthy_and_recovers() {
    let mut world = World::started([("api", probed())]);
    world.pass(Duration::from_millis(10), well);
    world.pass(Duration::from_millis(2400), refused);
    assert_eq!(world.phase("api"), Phase::Ready, "one failure is none");
    world.pass(Duration::from_secs(2), refused);
    assert_eq!(world.phase("api"), Phase::Unhealthy);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
    assert_eq!(world.view("api").reason, None);
}

#[test]
fn a_long_allowance_for_the_start_holds_only_until_the_first_ready() {
    let slow = ProcessSpec { readiness_probe: Some(ProbeSpec { failure_threshold: 360, ..probe(0.5) }), ..plain() };
    let mut world = World::started([("api", slow)]);
    world.pass(Duration::from_mins(1), refused);
    assert_eq!(world.phase("api"), Phase::Starting);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
    world.pass(Duration::from_secs(4), refused);
    assert_eq!(world.phase("api"), Phase::Unhealthy);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn one_that_listens_elsewhere_is_port_not_bound_and_says_where() {
    let mut world = World::started([("api", probed())]);
    world.listening.insert("api".to_owned(), vec![5173]);
    world.pass(Duration::from_millis(900), refused);
    assert_eq!(world.phase("api"), Phase::Starting);
    world.pass(Duration::from_secs(1), refused);
    assert_eq!(world.phase("api"), Phase::PortNotBound);
    assert_eq!(world.reason("api"), "it listens on 5173 instead: not ready after 1 s: connection refused on 8030");
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn one_with_a_port_and_no_probe_is_ready_only_when_it_listens() {
    let mut world = World::started([("api", ProcessSpec { ports: vec![8030], ..plain() })]);
    world.pass(Duration::from_secs(1), refused);
    assert_eq!(world.phase("api"), Phase::Starting);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn a_log_line_and_a_probe_must_both_say_so() {
    let mut world = World::started([("api", ProcessSpec { ready_log_line: Some("up".to_owned()), ..probed() })]);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Starting);
    world.news("api", News::LogReady);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn reported_errors_show_in_a_healthy_process() {
    let mut world = World::started([("tsc", plain())]);
    world.news("tsc", News::LogErrors(3));
    assert_eq!((world.phase("tsc"), world.view("tsc").reported_errors), (Phase::Ready, Some(3)));
    assert_eq!(world.reason("tsc"), "healthy with 3 errors");
    world.news("tsc", News::LogErrors(0));
    assert_eq!(world.view("tsc").reason, None);
}

#[test]
fn a_failing_liveness_probe_restarts_only_what_was_ready() {
    let api = ProcessSpec { liveness_probe: Some(probe(1.0)), ..probed() };
    let mut world = World::started([("api", api)]);
    world.pass(Duration::from_mins(1), refused);
    assert_eq!(world.starts.len(), 1, "it was never ready");
    world.pass(Duration::from_secs(1), well);
    let sick = |_: &str, kind| match kind {
        ProbeKind::Readiness => Outcome::Pass,
        ProbeKind::Liveness => Outcome::Fail { reason: "answered 500".to_owned(), refused: false },
    };
    world.pass(Duration::from_millis(1900), sick);
    assert_eq!(world.phase("api"), Phase::Ready, "two failures are not three");
    for _ in 0..20 {
        if world.phase("api") == Phase::Ready {
            world.pass(Duration::from_millis(50), sick);
        }
    }
    assert_eq!(world.phase("api"), Phase::Backoff);
    assert!(world.reason("api").starts_with("liveness probe failed: answered 500"), "{}", world.reason("api"));
    world.pass(Duration::from_secs(5), well);
    assert_eq!((world.starts.len(), world.view("api").restarts), (2, 1));
}
