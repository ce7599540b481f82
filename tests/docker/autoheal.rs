//! What happens to containers while no command runs.

use std::fmt::Write as _;

use harness::project::InfraPort;
use harness::system::FileLock;

use super::machine::{Decoy, DockerMachine, available, docker, image, machine};
use super::relay::Relay;
use crate::support::{LONG, TestHome, psql, wait_for, wait_until};

/// A container that does nothing, and is unhealthy as soon as somebody touches a file in it.
const HEALTH: &str = "[CMD-SHELL, \"test ! -e /run/sick\"]";

/// Services of a user's own compose file: they do nothing, and begin anew with their memory wiped.
fn idle_services(names: &[&str]) -> String {
    let mut text = "services:\n".to_owned();
    for name in names {
        let _ = write!(
            text,
            "  {name}:\n    image: {}\n    entrypoint: [sleep, infinity]\n    init: true\n    restart: always\n    \
             tmpfs: [/run]\n    healthcheck:\n      test: {HEALTH}\n      interval: 200ms\n      retries: 1\n",
            image("db")
        );
    }
    text
}

fn inspect(container: &str, what: &str) -> String {
    docker(["inspect", "--format", &format!("{{{{{what}}}}}"), container])
}

fn started(container: &str) -> String {
    inspect(container, ".State.StartedAt")
}

/// Makes its health check fail, and waits until Docker has noticed.
fn sicken(container: &str) {
    docker(["exec", container, "touch", "/run/sick"]);
    wait_until("docker to call it unhealthy", LONG, || inspect(container, ".State.Health.Status") == "unhealthy");
}

fn log(machine: &DockerMachine) -> String {
    let lines = harness::supervisor::logs::last_lines(&machine.home.infra_dir(), "autoheal", 50);
    lines.join("\n")
}

#[test]
fn what_is_unhealthy_or_killed_comes_back_and_what_somebody_stopped_does_not() {
    let Some(mut machine) = machine(&["db"]) else { return };
    let names = ["fragile", "frozen", "halted", "job"];
    let file = machine.home.path().join("more.yml");
    std::fs::write(&file, idle_services(&names).replacen("restart: always", "restart: unless-stopped", 1)).unwrap();
    machine.settings.compose = Some(file);
    machine.setup().unwrap();
    assert_eq!(machine.watch_state(), "ready");
    let containers = names.map(|name| machine.container(name));
    let [fragile, frozen, halted, job] = &containers;

    // another home's container and one that merely looks like ours, both unhealthy
    let foreign = |name: &str, label: &str| {
        let name = format!("{}-{name}", machine.project());
        let check = ["--health-cmd", "false", "--health-interval", "200ms", "--health-retries", "1"];
        let run = ["run", "-d", "--init", "--restart", "always", "--label", label, "--name", &name];
        let image = image("db");
        let arguments: Vec<&str> =
            run.into_iter().chain(check).chain(["--entrypoint", "sleep", &image, "infinity"]).collect();
        Decoy::new("container", &name, &arguments)
    };
    let decoys = [
        ("fragile-2", format!("harness.home={}", machine.home.id())),
        ("fragile-11", "harness.home=000000000000".to_owned()),
    ];
    let _kept: Vec<Decoy> = decoys.iter().map(|(name, label)| foreign(name, label)).collect();
    let decoys = decoys.map(|(name, _)| format!("{}-{name}", machine.project()));
    for decoy in &decoys {
        wait_until("docker to call it unhealthy", LONG, || inspect(decoy, ".State.Health.Status") == "unhealthy");
    }
    let untouched: Vec<String> = decoys.iter().chain([frozen, halted, job]).map(|name| started(name)).collect();

    // while a command is at work nothing is done behind its back: time to do to them what a user may do
    let busy = FileLock::try_acquire(&machine.home.infra_dir().join("lock"), "test").unwrap().unwrap();
    sicken(frozen);
    docker(["pause", frozen]);
    docker(["stop", "-t", "1", halted]);
    let before = started(fragile);
    sicken(fragile);
    assert_eq!(started(fragile), before);
    drop(busy);
    wait_for("the unhealthy one to be restarted", LONG, || {
        if started(fragile) == before { Err(log(&machine)) } else { Ok(()) }
    });
    assert!(log(&machine).contains("fragile: its health check fails"), "{}", log(&machine));

    // killed, it comes back as well, though not at once a second time
    let infra = machine.settings.ports.get(InfraPort::Postgres);
    let database = machine.container("db");
    let before = started(&database);
    docker(["kill", &database]);
    wait_for("the killed one to be started", LONG, || {
        if started(&database) == before { Err(log(&machine)) } else { Ok(()) }
    });
    assert!(
        log(&machine).contains("db: it ended with exit code 137 and was not stopped on request"),
        "{}",
        log(&machine)
    );
    wait_until("the server", LONG, || machine.states()["db"] == "ready" && crate::support::listener(infra).is_some());

    let now: Vec<String> = decoys.iter().chain([frozen, halted, job]).map(|name| started(name)).collect();
    assert_eq!(now, untouched, "{}", log(&machine));
    assert_eq!(inspect(frozen, ".State.Status"), "paused");
    assert_eq!(inspect(halted, ".State.Status"), "exited");

    // and it ends with the servers
    docker(["unpause", frozen]);
    machine.teardown(true).unwrap();
    assert_eq!(machine.watch_state(), "absent");
    assert_eq!(machine.ours(), [format!("container {}", decoys[0])]);
}

#[test]
fn an_engine_that_goes_away_is_waited_for_and_what_happened_meanwhile_is_mended() {
    if !available(&["db"]) {
        return;
    }
    let home = TestHome::new();
    let socket = home.directory().join("docker.sock");
    let Some(relay) = Relay::open(&socket) else { return };
    let project = home.project("shop").engine("docker").with_items().application("api").write();
    let engine = format!("unix://{}", socket.display());
    project.harness(["launch", "1"]).env("DOCKER_HOST", engine).deadline(LONG).run().succeeds();
    let log = || project.harness(["logs", "--infra", "autoheal"]).run().succeeds().stdout;
    assert_eq!(log().matches("watching the containers").count(), 1);

    drop(relay);
    wait_until("the loss to be noticed", LONG, || log().contains("the engine does not answer"));
    let database = format!("{}-db-1", home.compose_project());
    let before = started(&database);
    docker(["kill", &database]);
    let _relay = Relay::open(&socket);
    wait_for("the database to be started", LONG, || if started(&database) == before { Err(log()) } else { Ok(()) });
    assert_eq!(log().matches("watching the containers").count(), 2);
    wait_until("the agent's rows", LONG, || {
        psql(&project.variables(1)["DATABASE_URL"], "SELECT name FROM items").is_ok_and(|rows| rows == ["seeded"])
    });

    // the process itself is kept alive like any other of a stack
    let row = |name: &str| {
        let status = project.harness(["infra", "ps", "--json"]).run().succeeds().json();
        let rows = status["services"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["name"] == name).unwrap()
    };
    let pid = row("autoheal")["pid"].as_u64().unwrap();
    let process = harness::system::ProcessIdentity::of(u32::try_from(pid).unwrap()).unwrap();
    process.signal(rustix::process::Signal::KILL);
    wait_until("another one", LONG, || {
        let now = row("autoheal");
        now["state"] == "ready" && now["pid"].as_u64().is_some_and(|now| now != pid)
    });
}
