//! A config that changes under a running stack.

use super::*;
use crate::supervisor::config::spec_digest;

fn apply(world: &mut World, spec: &StackSpec, restart_changed: bool) {
    world.tell(Event::Apply { spec: Box::new(spec.clone()), restart_changed, revive: false });
}

#[test]
fn a_changed_process_goes_on_until_it_is_restarted_and_the_digest_says_so() {
    let old = testing::stack([("api", plain()), ("web", plain())]);
    let mut new = old.clone();
    new.processes.get_mut("api").unwrap().command.push("--fast".to_owned());
    let mut world = World::of(&old);
    world.tell(Event::Start(Vec::new()));
    assert_eq!(world.machine.digest(), spec_digest(&old));

    apply(&mut world, &new, false);
    assert_eq!(world.starts.len(), 2);
    assert_eq!(world.machine.digest(), spec_digest(&old));
    world.tell(Event::Restart(vec!["api".to_owned()]));
    assert_eq!(world.machine.digest(), spec_digest(&new));
    assert_eq!(world.starts, ["api", "web", "api"]);
    assert_eq!(world.machine.definition("api").unwrap().spec.command, ["run", "--fast"]);

    // back again, at once
    apply(&mut world, &old, true);
    assert_eq!(world.starts, ["api", "web", "api", "api"]);
    assert_eq!(world.machine.digest(), spec_digest(&old));
    // and applied twice nothing happens
    apply(&mut world, &old, true);
    assert_eq!(world.starts.len(), 4);
}

#[test]
fn a_change_that_is_taken_back_before_a_restart_leaves_no_trace() {
    let old = testing::stack([("api", plain())]);
    let mut new = old.clone();
    new.processes.get_mut("api").unwrap().command.push("--fast".to_owned());
    let mut world = World::of(&old);
    world.tell(Event::Start(Vec::new()));
    apply(&mut world, &new, false);
    apply(&mut world, &old, false);
    world.tell(Event::Restart(Vec::new()));
    assert_eq!(world.machine.definition("api").unwrap().spec.command, ["run"]);
}

#[test]
fn processes_come_and_go_with_the_config() {
    let mut world = World::started([("api", plain()), ("web", plain())]);
    world.slow = true;
    apply(&mut world, &testing::stack([("api", plain()), ("worker", plain())]), false);
    assert_eq!(world.starts, ["api", "web", "worker"]);
    assert_eq!(world.phase("web"), Phase::Stopping);
    world.finish_stops();
    assert_eq!(world.machine.processes().keys().collect::<Vec<_>>(), ["api", "worker"]);
}

#[test]
fn a_process_that_is_enabled_starts() {
    let off = testing::stack([("api", ProcessSpec { disabled: true, ..plain() })]);
    let mut world = World::of(&off);
    world.tell(Event::Start(Vec::new()));
    assert_eq!(world.phase("api"), Phase::Disabled);
    apply(&mut world, &testing::stack([("api", plain())]), false);
    world.pass(Duration::from_secs(1), well);
    assert_eq!(world.phase("api"), Phase::Ready);
}
