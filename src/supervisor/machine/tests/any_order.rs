//! Whatever happens in whatever order: never two runs of one process, never a start without what it
//! depends on, and a stop that always comes to an end. The machine is cut off and restored at any moment.

use proptest::prelude::*;

use super::*;
use crate::supervisor::handover::{memory_file, read_memory_file};
use crate::supervisor::machine::Alive;
use crate::supervisor::spec::RestartSpec;

#[derive(Debug, Clone)]
enum Step {
    Start(usize),
    Stop(usize),
    Restart(usize),
    StopAll,
    StartAll,
    Exit(usize, i32),
    Pass(u64, bool),
    FinishStops,
    Crash,
}

const NAMES: [&str; 4] = ["api", "db", "migrate", "web"];

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    prop_oneof![
        name.clone().prop_map(Step::Start),
        name.clone().prop_map(Step::Stop),
        name.clone().prop_map(Step::Restart),
        Just(Step::StopAll),
        Just(Step::StartAll),
        (name, 0..2).prop_map(|(name, code)| Step::Exit(name, code)),
        (1_u64..40_000, any::<bool>()).prop_map(|(time, well)| Step::Pass(time, well)),
        Just(Step::FinishStops),
        Just(Step::Crash),
    ]
}

fn stack() -> StackSpec {
    let migrate = after(plain(), "db", ConditionSpec::ProcessHealthy, false);
    let api = after(plain(), "migrate", ConditionSpec::ProcessCompletedSuccessfully, false);
    let api = after(api, "db", ConditionSpec::ProcessHealthy, true);
    let web = after(probed(), "api", ConditionSpec::ProcessHealthy, true);
    let web = ProcessSpec { restart: RestartSpec::Always, max_restarts: 3, ..web };
    testing::stack([("api", api), ("db", probed()), ("migrate", migrate), ("web", web)])
}

/// The supervisor dies; another goes on with what was saved and with what the guardian knows.
fn crash(world: &mut World, spec: &StackSpec) {
    let saved = memory_file(&world.machine.save()).unwrap();
    let alive: Vec<Alive> = world
        .alive
        .iter()
        .map(|(name, run)| Alive {
            name: name.clone(),
            run: *run,
            identity: ProcessIdentity { pid: 1, start_time: *run, boot_id: String::new() },
            started_at_ms: 0,
        })
        .collect();
    world.probes.clear();
    world.open_stops.clear();
    let (machine, actions) = Machine::restore(spec, read_memory_file(&saved).ok(), &alive, world.now);
    world.machine = machine;
    for action in actions {
        if let Some((name, run, news)) = world.act(action) {
            world.tell(Event::News { name, run, news });
        }
    }
}

fn apply(world: &mut World, step: &Step, spec: &StackSpec) {
    let one = |at: usize| vec![NAMES[at].to_owned()];
    let before = world.starts.len();
    match *step {
        Step::Start(at) => world.tell(Event::Start(one(at))),
        Step::Stop(at) => world.tell(Event::Stop(one(at))),
        Step::Restart(at) => world.tell(Event::Restart(one(at))),
        Step::StartAll => world.tell(Event::Start(Vec::new())),
        Step::StopAll => world.tell(Event::Stop(Vec::new())),
        Step::Exit(at, code) if world.alive.contains_key(NAMES[at]) => world.exit(NAMES[at], code, &[]),
        Step::Exit(..) => {}
        Step::Pass(time, true) => world.pass(Duration::from_millis(time), well),
        Step::Pass(time, false) => world.pass(Duration::from_millis(time), refused),
        Step::FinishStops => world.finish_stops(),
        Step::Crash => crash(world, spec),
    }
    for name in &world.starts[before..] {
        if name == "migrate" || name == "api" {
            assert!(world.machine.processes().contains_key("db"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn no_order_of_events_starts_two_of_one_or_wedges(
        steps in prop::collection::vec(step(), 1..60),
        slow in any::<bool>(),
    ) {
        let spec = stack();
        let mut world = World::of(&spec);
        world.slow = slow;
        for step in steps {
            // `World` fails when a second run of one process begins
            apply(&mut world, &step, &spec);
        }
        world.slow = false;
        world.finish_stops();
        world.tell(Event::Stop(Vec::new()));
        for _ in 0..8 {
            world.finish_stops();
        }
        prop_assert!(world.machine.is_quiet(), "{:#?}", world.machine.processes());
        prop_assert!(world.alive.is_empty(), "{:?}", world.alive);
        world.pass(Duration::from_mins(2), well);
        prop_assert!(world.alive.is_empty(), "started after the stop: {:?}", world.alive);

        // and everything comes up again when all is well
        world.tell(Event::Start(Vec::new()));
        world.tell(Event::Restart(vec!["migrate".to_owned()]));
        for _ in 0..4 {
            world.pass(Duration::from_mins(1), well);
            if world.alive.contains_key("migrate") {
                world.exit("migrate", 0, &[]);
            }
        }
        for name in ["db", "api", "web"] {
            prop_assert_eq!(world.phase(name), Phase::Ready, "{}: {}", name, world.reason(name));
        }
    }
}
