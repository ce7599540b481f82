//! Rows of docs/faults.md that concern containers.

use super::machine::{Decoy, SERVICES, docker, image, machine, try_docker};
use crate::support::{LONG, psql, wait_until};
use harness::project::{InfraPort, Service};
use harness::report::Diagnostic;

/// A URL of the administrator.
fn url(infra: &harness::infra::Infra) -> String {
    let server = infra.servers.postgres.as_ref().unwrap();
    format!("postgres://postgres:{}@127.0.0.1:{}/postgres", server.password.expose(), server.port)
}

#[test]
fn d8_a_killed_database_is_said_to_be_down_and_loses_no_committed_row() {
    let Some(machine) = machine(&["db"]) else { return };
    let infra = machine.setup().unwrap();
    psql(&url(&infra), "CREATE TABLE kept (n int)").unwrap();
    for number in 0..20 {
        psql(&url(&infra), &format!("INSERT INTO kept VALUES ({number})")).unwrap();
    }
    // stopped by hand it stays so, until a command needs it
    docker(["stop", "-t", "1", &machine.container("db")]);
    assert_eq!(machine.states()["db"], "stopped");
    machine.setup().unwrap();
    assert_eq!(psql(&url(&infra), "SELECT count(*) FROM kept").unwrap(), ["20"]);
    // killed, it comes back by itself
    docker(["kill", &machine.container("db")]);
    wait_until("the database to be back", LONG, || psql(&url(&infra), "SELECT 1").is_ok());
    assert_eq!(psql(&url(&infra), "SELECT count(*) FROM kept").unwrap(), ["20"]);
}

#[test]
fn d10_containers_removed_paused_or_stopped_by_hand_come_back() {
    let Some(machine) = machine(&["db", "minio", "mailpit"]) else { return };
    let infra = machine.setup().unwrap();
    psql(&url(&infra), "CREATE TABLE kept AS SELECT 42 AS answer").unwrap();
    docker(["rm", "-f", &machine.container("db")]);
    docker(["pause", &machine.container("minio")]);
    docker(["stop", "-t", "1", &machine.container("mailpit")]);
    let states = machine.states();
    assert_eq!((states["db"].as_str(), states["minio"].as_str()), ("stopped", "frozen"));
    assert_eq!(states["mailpit"], "stopped");
    let untouched = machine.ids()["minio"].clone();
    machine.setup().unwrap();
    // Docker itself may not have looked at it since it was thawed: harness asks the server
    assert!(machine.states().values().all(|state| state == "ready"), "{:?}", machine.states());
    assert_eq!(machine.ids()["minio"], untouched);
    assert_eq!(psql(&url(&infra), "SELECT answer FROM kept").unwrap(), ["42"]);
}

#[test]
fn d11_an_image_that_cannot_be_had_is_named_with_its_setting_and_leaves_nothing() {
    let Some(mut machine) = machine(&["db", "mailpit"]) else { return };
    // port 9 of this machine is nobody's registry
    machine.settings.service_mut(Service::Mail).image = Some("127.0.0.1:9/nobody/mailpit:v0".to_owned());
    let error = machine.setup().unwrap_err();
    assert_eq!(error.code(), "image.no_network");
    assert!(error.to_string().contains("`127.0.0.1:9/nobody/mailpit:v0` of `mailpit`"), "{error}");
    assert!(error.hint().unwrap().contains("[infra.mail]"), "{:?}", error.hint());
    assert_eq!(machine.ours(), Vec::<String>::new());

    // mended, the next one works without a manual step
    machine.settings.service_mut(Service::Mail).image = None;
    machine.setup().unwrap();
}

#[test]
fn l11_look_alikes_of_another_home_are_refused_and_never_touched() {
    let Some(machine) = machine(&SERVICES) else { return };
    let project = machine.project().to_owned();
    let image = image("mailpit");

    // a volume of exactly our name, but another home's
    let volume = format!("{project}_agent-db-data");
    let label = "harness.home=000000000000";
    let foreign = Decoy::new("volume", &volume, &["volume", "create", "--label", label, &volume]);
    let error = machine.setup().unwrap_err();
    assert_eq!(error.code(), "docker.foreign");
    assert!(error.to_string().contains(&volume) && error.to_string().contains("000000000000"), "{error}");
    assert_eq!(machine.ours(), Vec::<String>::new());
    assert!(foreign.exists());
    drop(foreign);

    // a network that docker compose made for somebody
    let network = format!("{project}_default");
    let label = format!("com.docker.compose.project={project}");
    let foreign = Decoy::new("network", &network, &["network", "create", "--label", &label, &network]);
    let error = machine.setup().unwrap_err();
    assert_eq!(error.code(), "docker.foreign");
    assert_eq!(machine.ours(), Vec::<String>::new());
    assert!(foreign.exists());
    drop(foreign);

    // a container of our name without any label
    let container = machine.container("minio");
    let foreign = Decoy::new("container", &container, &["create", "--name", &container, &image]);
    let error = machine.setup().unwrap_err();
    assert_eq!(error.code(), "docker.foreign");
    assert_eq!(machine.ours(), Vec::<String>::new());
    assert!(foreign.exists());
    drop(foreign);

    // and what only looks alike is in nobody's way, and outlives a teardown
    let name = format!("{project}-minio-11");
    let near = Decoy::new("container", &name, &["create", "--name", &name, &image]);
    machine.setup().unwrap();
    machine.teardown(true).unwrap();
    assert!(near.exists());
    assert_eq!(machine.ours(), Vec::<String>::new());
}

#[test]
fn l11_a_foreign_container_on_a_port_is_named() {
    let Some(machine) = machine(&["db", "mailpit"]) else { return };
    let name = format!("{}-squatter", machine.project());
    let publish = format!("127.0.0.1:{}:1025", machine.settings.ports.get(InfraPort::Postgres));
    let image = image("mailpit");
    let squatter = Decoy::new("container", &name, &["run", "-d", "--name", &name, "-p", &publish, &image]);
    let error = machine.setup().unwrap_err();
    assert_eq!(error.code(), "port.in_use");
    assert!(error.to_string().contains(&format!("container `{name}`")), "{error}");
    assert!(squatter.exists() && try_docker(["inspect", &machine.container("db")]).is_err());
}
