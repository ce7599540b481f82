//! What follows an exit: restarts, pauses, giving up, port conflicts.

use super::*;
use crate::supervisor::spec::RestartSpec;

#[test]
fn the_restart_policy_decides_after_an_exit() {
    for (restart, code, phase) in [
        (RestartSpec::No, 0, Phase::Completed),
        (RestartSpec::No, 1, Phase::Failed),
        (RestartSpec::OnFailure, 0, Phase::Completed),
        (RestartSpec::OnFailure, 1, Phase::Backoff),
        (RestartSpec::Always, 0, Phase::Backoff),
        (RestartSpec::Always, 1, Phase::Backoff),
    ] {
        let mut world = World::started([("api", ProcessSpec { restart, ..plain() })]);
        world.exit("api", code, &[]);
        assert_eq!(world.phase("api"), phase, "{restart:?} {code}");
        assert_eq!(world.view("api").last_exit.unwrap().code, Some(code));
    }
}

#[test]
fn p21_a_crash_loop_pauses_longer_and_is_given_up() {
    let mut world = World::started([("api", ProcessSpec { max_restarts: 5, ..plain() })]);
    let began = world.now;
    for round in 0..5 {
        world.exit("api", 1, &["boom"]);
        assert_eq!(world.phase("api"), Phase::Backoff, "round {round}");
        let until = world.machine.deadline().unwrap();
        assert!(until.saturating_sub(world.now) <= Duration::from_secs(1 << round));
        world.pass(until.saturating_sub(world.now), well);
        assert_eq!(world.view("api").restarts, round + 1);
    }
    world.exit("api", 1, &["boom"]);
    assert_eq!(world.phase("api"), Phase::Failed);
    assert_eq!(world.reason("api"), "exited with status 1; not restarted after 5 restarts in a row");
    assert_eq!(world.machine.deadline(), None, "it keeps the machine busy");
    assert!(world.now.saturating_sub(began) > Duration::from_millis(500));
    // asked for by hand, it gets all its tries again
    world.tell(Event::Start(Vec::new()));
    world.exit("api", 1, &[]);
    assert_eq!(world.phase("api"), Phase::Backoff);
}

#[test]
fn half_a_minute_of_health_forgives_former_failures() {
    let mut world = World::started([("api", ProcessSpec { max_restarts: 2, ..plain() })]);
    for _ in 0..2 {
        world.exit("api", 1, &[]);
        world.pass(Duration::from_secs(3), well);
    }
    world.pass(Duration::from_secs(40), well);
    world.exit("api", 1, &[]);
    assert_eq!(world.phase("api"), Phase::Backoff);
    world.pass(Duration::from_secs(1), well);
    world.exit("api", 1, &[]);
    world.pass(Duration::from_secs(2), well);
    world.exit("api", 1, &[]);
    assert_eq!(world.phase("api"), Phase::Failed);
}

#[test]
fn p15_a_taken_port_is_named_and_not_stormed() {
    let api = ProcessSpec { ports: vec![8030], ..plain() };
    let mut world = World::new([("api", api)]);
    world.taken.insert(8030, stranger());
    world.tell(Event::Start(Vec::new()));
    assert_eq!(world.phase("api"), Phase::PortConflict);
    assert_eq!(world.reason("api"), "port 8030 is in use by pid 4711 (`node other.js`)");
    assert_eq!(world.machine.deadline(), None);
    world.taken.clear();
    world.tell(Event::Start(Vec::new()));
    assert_eq!(world.starts, ["api"]);
}

#[test]
fn p15_a_death_of_address_in_use_is_a_conflict_also_on_a_port_that_was_not_declared() {
    let mut world = World::started([("api", plain())]);
    world.taken.insert(9230, stranger());
    world.exit("api", 1, &["Error: listen EADDRINUSE: address already in use 127.0.0.1:9230"]);
    assert_eq!(world.stops, [("api".to_owned(), vec![9230])]);
    assert_eq!(world.phase("api"), Phase::PortConflict);
    assert!(world.reason("api").ends_with("port 9230 is in use by pid 4711 (`node other.js`)"));
    // a holder that has gone by then is no reason to give up
    world.taken.clear();
    world.tell(Event::Start(Vec::new()));
    world.exit("api", 1, &["listen EADDRINUSE :::9230"]);
    assert_eq!(world.phase("api"), Phase::Backoff);
}

#[test]
fn the_next_run_waits_until_the_last_ones_children_are_gone() {
    let mut world = World::started([("api", plain())]);
    world.slow = true;
    world.exit("api", 1, &[]);
    assert_eq!(world.phase("api"), Phase::Stopping);
    assert_eq!(world.view("api").last_exit.unwrap().code, Some(1));
    world.pass(Duration::from_mins(1), well);
    assert_eq!(world.starts.len(), 1);
    world.finish_stops();
    assert_eq!(world.phase("api"), Phase::Backoff);
}

#[test]
fn a_stop_during_a_pause_or_a_stop_under_way_is_final() {
    let mut world = World::started([("api", plain())]);
    world.exit("api", 1, &[]);
    world.tell(Event::Stop(Vec::new()));
    assert_eq!(world.phase("api"), Phase::Stopped);
    world.tell(Event::Start(Vec::new()));
    world.slow = true;
    world.exit("api", 1, &[]);
    world.tell(Event::Stop(Vec::new()));
    world.finish_stops();
    world.pass(Duration::from_mins(1), well);
    assert_eq!(world.phase("api"), Phase::Stopped);
    assert_eq!(world.starts.len(), 2);
}

#[test]
fn news_of_a_former_run_is_not_taken_for_this_one() {
    let mut world = World::started([("api", plain())]);
    let former = world.alive["api"];
    world.tell(Event::Restart(Vec::new()));
    assert_eq!(world.starts.len(), 2);
    let status = ExitStatus { code: Some(1), signal: None, out_of_memory: false };
    let news = News::Exited { status, at_ms: 0, tail: Vec::new() };
    world.tell(Event::News { name: "api".to_owned(), run: former, news });
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn what_cannot_be_started_fails_with_the_reason() {
    let mut world = World::new([("api", plain())]);
    let actions = world.machine.handle(world.now, Event::Start(Vec::new()));
    let [Action::Start { name, run }] = actions.as_slice() else { panic!("{actions:?}") };
    let news = News::NotStarted("program `nope` is not on its PATH".to_owned());
    world.machine.handle(world.now, Event::News { name: name.clone(), run: *run, news });
    assert_eq!(world.phase("api"), Phase::Failed);
    assert!(world.reason("api").contains("`nope`"));
}

#[test]
fn p28_one_without_a_probe_is_ready_only_after_it_has_stayed_up() {
    let mut world = World::new([("api", ProcessSpec { max_restarts: 3, ..plain() })]);
    world.tell(Event::Start(Vec::new()));
    let mut phases = std::collections::BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..9 {
            world.pass(Duration::from_millis(100), well);
            phases.insert(format!("{:?}", world.phase("api")));
        }
        world.exit("api", 1, &["boom"]);
        while world.phase("api") == Phase::Backoff {
            world.pass(Duration::from_millis(10), well);
        }
    }
    assert!(!phases.contains("Ready"), "{phases:?}");
    // after failures the proof takes longer: a loop of some seconds is never ready either
    world.pass(Duration::from_secs(6), well);
    assert_eq!(world.phase("api"), Phase::Starting);
    world.exit("api", 1, &["boom"]);
    assert_eq!(world.phase("api"), Phase::Failed);
    // a decoy: one that stays
    world.tell(Event::Start(Vec::new()));
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}

#[test]
fn p29_a_service_that_ends_well_at_once_is_said_and_a_task_is_not() {
    let migrate = after(plain(), "task", ConditionSpec::ProcessCompletedSuccessfully, false);
    let no = ProcessSpec { restart: RestartSpec::No, ..plain() };
    let mut world = World::new([("css", plain()), ("once", no), ("task", plain()), ("migrate", migrate)]);
    world.tell(Event::Start(Vec::new()));
    for name in ["css", "once", "task"] {
        world.exit(name, 0, &[]);
        assert_eq!(world.phase(name), Phase::Completed);
    }
    assert!(world.reason("css").contains("stdin = \"open\""), "{}", world.reason("css"));
    assert_eq!((world.reason("once"), world.reason("task")), (String::new(), String::new()));
    let mut late = World::started([("css", plain())]);
    late.pass(Duration::from_mins(1), well);
    late.exit("css", 0, &[]);
    assert_eq!(late.reason("css"), "", "it ran for a minute");
}
