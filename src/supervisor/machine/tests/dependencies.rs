//! Starts that wait, stops in order, and what a dependency's fate does to its dependants.

use super::*;
use crate::supervisor::spec::RestartSpec;

fn names(world: &World) -> Vec<&str> {
    world.starts.iter().map(String::as_str).collect()
}

/// A condition, a dependency, and what fulfils the one for the other.
type Case = (ConditionSpec, ProcessSpec, fn(&mut World));

#[test]
fn a_dependant_starts_once_its_condition_holds() {
    let mut log_ready = plain();
    log_ready.ready_log_line = Some("ready".to_owned());
    let cases: [Case; 4] = [
        (ConditionSpec::ProcessStarted, plain(), |_| {}),
        (ConditionSpec::ProcessHealthy, probed(), |world| world.pass(Duration::from_millis(20), well)),
        (ConditionSpec::ProcessLogReady, log_ready, |world| world.news("db", News::LogReady)),
        (ConditionSpec::ProcessCompletedSuccessfully, plain(), |world| world.exit("db", 0, &[])),
    ];
    for (condition, db, fulfil) in cases {
        let mut world = World::new([("api", after(plain(), "db", condition, false)), ("db", db)]);
        world.tell(Event::Start(Vec::new()));
        if condition != ConditionSpec::ProcessStarted {
            assert_eq!(names(&world), ["db"], "{condition:?}");
            assert_eq!(world.phase("api"), Phase::Waiting);
            assert!(world.reason("api").contains("`db`"), "{}", world.reason("api"));
        }
        fulfil(&mut world);
        assert_eq!(names(&world), ["db", "api"], "{condition:?}");
        world.pass(Duration::from_secs(1), well);
        assert_eq!(world.phase("api"), Phase::Ready);
    }
}

#[test]
fn p13_dependants_of_one_that_ends_before_it_is_ready_fail_with_its_name_and_last_lines() {
    let db = ProcessSpec { restart: RestartSpec::No, ..probed() };
    let api = after(plain(), "db", ConditionSpec::ProcessHealthy, false);
    let web = after(plain(), "api", ConditionSpec::ProcessStarted, false);
    let mut world = World::started([("api", api), ("db", db), ("web", web)]);
    world.exit("db", 3, &["booting", "fatal: no such table"]);
    assert_eq!(world.phase("db"), Phase::Failed);
    for name in ["api", "web"] {
        assert_eq!(world.phase(name), Phase::DependencyFailed);
        let reason = world.reason(name);
        assert!(reason.contains("`db` failed: exited with status 3") && reason.contains("no such table"), "{reason}");
    }
    // mended and started again, those who waited for it come up as well
    world.tell(Event::Start(vec!["db".to_owned()]));
    world.pass(Duration::from_millis(1100), well);
    assert_eq!([world.phase("db"), world.phase("api"), world.phase("web")], [Phase::Ready; 3]);
}

#[test]
fn a_completed_dependency_that_was_never_ready_is_hopeless() {
    let api = after(plain(), "db", ConditionSpec::ProcessHealthy, false);
    let mut world = World::started([("api", api), ("db", probed())]);
    world.exit("db", 0, &[]);
    assert_eq!(world.phase("api"), Phase::DependencyFailed);
    assert!(world.reason("api").contains("exited with status 0 before it was ready"), "{}", world.reason("api"));
}

#[test]
fn p14_a_crashed_dependency_is_not_ready_any_more_and_takes_along_who_asked_for_it() {
    let asked = after(plain(), "db", ConditionSpec::ProcessHealthy, true);
    let silent = after(plain(), "db", ConditionSpec::ProcessHealthy, false);
    let late = ProcessSpec { disabled: true, ..silent.clone() };
    let mut world = World::started([("asked", asked), ("db", probed()), ("late", late), ("silent", silent)]);
    world.pass(Duration::from_millis(20), well);
    world.exit("db", 1, &[]);
    assert_eq!(world.phase("db"), Phase::Backoff);
    // its former readiness does not let others start
    world.tell(Event::Start(vec!["late".to_owned()]));
    assert_eq!(world.phase("late"), Phase::Waiting);
    world.pass(Duration::from_secs(2), refused);
    assert_eq!(world.phase("db"), Phase::Starting);
    assert_eq!([world.phase("late"), world.phase("asked")], [Phase::Waiting, Phase::Ready]);
    world.pass(Duration::from_secs(2), well);
    assert_eq!(names(&world), ["db", "asked", "silent", "db", "late", "asked"]);
    assert_eq!(world.phase("asked"), Phase::Ready);
}

#[test]
fn dependants_stop_before_what_they_depend_on() {
    let api = after(plain(), "db", ConditionSpec::ProcessStarted, false);
    let mut world = World::started([("api", api), ("db", plain())]);
    world.slow = true;
    world.tell(Event::Stop(Vec::new()));
    assert_eq!(world.stops.len(), 1);
    assert_eq!(world.stops[0].0, "api");
    assert_eq!(world.phase("db"), Phase::Stopping);
    world.finish_stops();
    world.finish_stops();
    assert_eq!(world.stops[1].0, "db");
    assert_eq!([world.phase("api"), world.phase("db")], [Phase::Stopped; 2]);
    assert!(world.machine.is_quiet());
}

#[test]
fn p12_what_waits_can_be_stopped_and_restarted() {
    let api = after(plain(), "db", ConditionSpec::ProcessHealthy, false);
    let mut world = World::started([("api", api), ("db", probed())]);
    world.tell(Event::Stop(vec!["api".to_owned()]));
    assert_eq!(world.phase("api"), Phase::Stopped);
    world.tell(Event::Restart(vec!["api".to_owned()]));
    world.tell(Event::Restart(vec!["api".to_owned()]));
    assert_eq!(world.phase("api"), Phase::Waiting);
    world.pass(Duration::from_millis(20), well);
    assert_eq!(names(&world), ["db", "api"]);
}

#[test]
fn a_start_by_name_brings_its_dependencies_but_not_the_disabled_ones() {
    let api = after(
        after(plain(), "db", ConditionSpec::ProcessStarted, false),
        "extra",
        ConditionSpec::ProcessStarted,
        false,
    );
    let extra = ProcessSpec { disabled: true, ..plain() };
    let mut world = World::new([("api", api), ("db", plain()), ("extra", extra), ("other", plain())]);
    world.tell(Event::Start(vec!["api".to_owned()]));
    assert_eq!(names(&world), ["db"]);
    assert_eq!(world.phase("api"), Phase::DependencyFailed);
    assert!(world.reason("api").contains("`extra` is disabled"), "{}", world.reason("api"));
    world.tell(Event::Start(vec!["extra".to_owned()]));
    assert_eq!(names(&world), ["db", "extra", "api"]);
}
