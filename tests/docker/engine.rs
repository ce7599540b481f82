//! The engine as a user meets it: set up, again, seen by docker compose, taken down.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Instant;

use harness::bucket::{Buckets, Credentials};
use harness::infra;
use harness::project::{InfraPort, Service};
use harness::system::Secret;

use super::machine::{Decoy, SERVICES, docker, image, machine, skip, try_docker};
use crate::support::{LONG, block_on, get, keys, mail_to, psql, wait_until};

/// The real docker compose, where it is installed.
fn compose(arguments: &[&str]) -> Option<String> {
    if try_docker(["compose", "version"]).is_err() {
        skip("`docker compose` is missing; run tests/images/compose-plugin");
        return None;
    }
    Some(docker(["compose"].iter().chain(arguments)))
}

#[test]
fn setup_brings_up_all_four_and_a_second_one_changes_nothing() {
    let Some(machine) = machine(&SERVICES) else { return };
    let infra = machine.setup().unwrap();
    assert!(machine.states().values().all(|state| state == "ready"), "{:?}", machine.states());
    let ids = machine.ids();
    assert_eq!(ids.keys().map(String::as_str).collect::<Vec<_>>(), SERVICES);

    let began = Instant::now();
    let again = machine.setup().unwrap();
    eprintln!("a second setup took {:?}", began.elapsed());
    assert_eq!(machine.ids(), ids);
    assert_eq!(again.record, infra.record);

    // reached through what agents will be told
    let server = infra.servers.postgres.unwrap();
    let url = format!("postgres://postgres:{}@127.0.0.1:{}/postgres", server.password.expose(), server.port);
    assert_eq!(psql(&url, "SHOW pg_stat_statements.track").unwrap(), ["all"]);
    assert_eq!(psql(&url, "SHOW fsync").unwrap(), ["off"]);
    let buckets = Buckets::new(infra.servers.s3.as_ref().unwrap());
    assert_eq!(block_on(buckets.list()).unwrap(), ["default", "results"]);
    for port in docker(["port", &machine.container("db")]).lines() {
        assert!(port.contains("127.0.0.1:"), "{port}");
    }

    // down without volumes, then up: the data is there
    psql(&url, "CREATE TABLE kept AS SELECT 42 AS answer").unwrap();
    machine.teardown(false).unwrap();
    assert!(machine.ids().is_empty());
    assert_eq!(machine.states()["db"], "stopped");
    machine.setup().unwrap();
    assert_eq!(psql(&url, "SELECT answer FROM kept").unwrap(), ["42"]);

    // down with volumes: nothing of ours is left, what looks alike is
    let decoy_name = format!("{}_agent-db-data-old", machine.project());
    let decoy = Decoy::new("volume", &decoy_name, &["volume", "create", &decoy_name]);
    assert!(!machine.ours().is_empty());
    machine.teardown(true).unwrap();
    assert_eq!(machine.ours(), Vec::<String>::new());
    assert!(decoy.exists());
    assert_eq!(machine.states().len(), 0);
}

#[test]
fn docker_compose_sees_what_harness_made_and_finds_nothing_to_do() {
    let Some(machine) = machine(&SERVICES) else { return };
    let infra = machine.setup().unwrap();
    let ids = machine.ids();
    let project = machine.project();
    if compose(&["version"]).is_none() {
        return;
    }
    wait_until("docker to call all four healthy", LONG, || {
        let rows = docker(["compose", "-p", project, "ps", "--format", "{{.Service}} {{.Health}}"]);
        rows.lines().filter(|row| row.ends_with(" healthy")).count() == SERVICES.len()
    });
    assert!(docker(["compose", "-p", project, "logs", "db"]).contains("ready to accept connections"));

    let directory = machine.home.path().join("infra/compose");
    let file = directory.join("docker-compose.agent.yml").display().to_string();
    let variables = directory.join(".env").display().to_string();
    let with_file = ["compose", "-f", &file, "--env-file", &variables, "-p", project];
    docker(with_file.iter().chain(&["up", "-d"]));
    assert_eq!(machine.ids(), ids, "`docker compose up` must not recreate anything");
    let hashes = docker(with_file.iter().chain(&["config", "--hash", "*"]));
    let label = "{{index .Config.Labels \"com.docker.compose.config-hash\"}}";
    for (service, hash) in hashes.lines().filter_map(|line| line.split_once(' ')) {
        assert_eq!(docker(["inspect", "--format", label, &machine.container(service)]), hash, "{service}");
    }

    // what `infra compose` prints is the same once more
    let printed = infra::docker::resolved(&machine.home, &infra.record).unwrap().file.to_string();
    assert!(!printed.contains(infra.record.credentials.postgres_password.expose()), "{printed}");
    let printed_file = machine.home.path().join("printed.json");
    std::fs::write(&printed_file, printed).unwrap();
    let printed_file = printed_file.display().to_string();
    docker(["compose", "-f", &printed_file, "--env-file", &variables, "-p", project, "up", "-d"]);
    assert_eq!(machine.ids(), ids);

    // `down` of it works, and harness notices
    docker(["compose", "-p", project, "down"]);
    assert!(machine.states().values().all(|state| state == "stopped"));
    machine.setup().unwrap();
    assert!(machine.states().values().all(|state| state == "ready"));

    // what docker compose made from the same file is ours as well
    docker(["compose", "-p", project, "down"]);
    docker(with_file.iter().chain(&["up", "-d"]));
    let theirs = machine.ids();
    machine.setup().unwrap();
    assert_eq!(machine.ids(), theirs);
}

#[test]
fn a_changed_definition_recreates_one_container_and_keeps_its_volume() {
    let Some(mut machine) = machine(&["db", "mailpit"]) else { return };
    let infra = machine.setup().unwrap();
    let before = machine.ids();
    let server = infra.servers.postgres.unwrap();
    let url = format!("postgres://postgres:{}@127.0.0.1:{}/postgres", server.password.expose(), server.port);
    psql(&url, "CREATE TABLE kept AS SELECT 42 AS answer").unwrap();
    machine.teardown(false).unwrap();
    machine.settings.postgres.settings.insert("work_mem".to_owned(), "9MB".to_owned());
    machine.settings.service_mut(Service::Postgres).memory = Some(512 << 20);
    machine.setup().unwrap();
    assert_ne!(machine.ids()["db"], before["db"]);
    assert_eq!(psql(&url, "SHOW work_mem").unwrap(), ["9MB"]);
    assert_eq!(psql(&url, "SELECT answer FROM kept").unwrap(), ["42"]);
    let limit = docker(["inspect", "--format", "{{.HostConfig.Memory}}", &machine.container("db")]);
    assert_eq!(limit, (512 << 20).to_string());
}

#[test]
fn a_users_compose_file_adds_services_and_what_is_not_supported_is_named() {
    let Some(mut machine) = machine(&["mailpit"]) else { return };
    let file = machine.home.path().join("more.yml");
    let (image, port) = (image("mailpit"), machine.settings.ports.get(InfraPort::S3));
    let describe = |more: &str| {
        let text = format!(
            "services:\n  letters:\n    image: {image}\n    ports: [\"127.0.0.1:{port}:8025\"]\n    \
             volumes: [letters:/data]\n    healthcheck:\n      test: [CMD, /mailpit, readyz]\n      \
             interval: 1s\n{more}volumes:\n  letters:\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    describe("    build: .\n");
    machine.settings.compose = Some(file.clone());
    let error = machine.setup().unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("line 9: `services.letters.build` is not supported"), "{error}: {why}");
    assert_eq!(machine.ours(), Vec::<String>::new());

    describe("");
    let infra = machine.setup().unwrap();
    assert_eq!(get(port, "/readyz").status, 200);
    assert_eq!(machine.states()["letters"], "ready");
    assert_eq!(infra.record.service_names(), ["mailpit", "letters"]);
    let ids = machine.ids();
    machine.setup().unwrap();
    assert_eq!(machine.ids(), ids);

    // what the home took over stays, whatever becomes of the file
    describe("  other:\n    image: nobody/nothing\n");
    machine.setup().unwrap();
    assert_eq!(machine.ids(), ids);
    machine.teardown(true).unwrap();
    assert_eq!(machine.ours(), Vec::<String>::new());
}

#[test]
fn an_agents_keys_open_its_bucket_and_no_other() {
    let Some(machine) = machine(&["minio"]) else { return };
    let infra = machine.setup().unwrap();
    let endpoint = infra.servers.s3.clone().unwrap();
    let credentials = infra.s3_credentials(&machine.home, &endpoint);
    assert!(matches!(credentials, Credentials::Minio(_)));
    let buckets = Buckets::new(&endpoint);
    let secret = Secret::generate();
    for bucket in ["agent-1", "agent-11"] {
        block_on(buckets.ensure(bucket)).unwrap();
    }
    let one = block_on(credentials.issue("agent-1", &secret)).unwrap();
    let eleven = block_on(credentials.issue("agent-11", &Secret::generate())).unwrap();
    let list = |keys_of: &harness::bucket::AgentEndpoint, bucket: &str| {
        keys(&endpoint.url, &keys_of.access_key, keys_of.secret_key.expose(), bucket)
    };
    assert_eq!(list(&one, "agent-1").unwrap(), Vec::<String>::new());
    assert_eq!(list(&one, "agent-11").unwrap_err(), "AccessDenied");
    assert_eq!(list(&eleven, "agent-1").unwrap_err(), "AccessDenied");
    assert_eq!(list(&one, "default").unwrap_err(), "AccessDenied");

    // issued again with the same secret nothing changes, with another the old one ends
    block_on(credentials.issue("agent-1", &secret)).unwrap();
    assert!(list(&one, "agent-1").is_ok());
    let renewed = block_on(credentials.issue("agent-1", &Secret::generate())).unwrap();
    assert!(list(&renewed, "agent-1").is_ok());
    assert_eq!(list(&one, "agent-1").unwrap_err(), "SignatureDoesNotMatch");

    block_on(credentials.revoke("agent-1")).unwrap();
    block_on(credentials.revoke("agent-1")).unwrap();
    assert_eq!(list(&renewed, "agent-1").unwrap_err(), "InvalidAccessKeyId");
    assert!(list(&eleven, "agent-11").is_ok());
}

#[test]
fn mail_is_found_by_the_tag_of_the_agent_that_sent_it() {
    let Some(machine) = machine(&["mailpit"]) else { return };
    let mail = machine.setup().unwrap().servers.mail.unwrap();
    // `agent-3` and any password, as SMTP writes them
    send(mail.smtp_port, "AGFnZW50LTMAcHc=", "reader@example.com");
    let web_port = machine.settings.ports.get(InfraPort::MailWeb);
    assert_eq!(mail_to(web_port, "agent-3"), ["reader@example.com"]);
    assert_eq!(mail_to(web_port, "agent-1"), Vec::<String>::new());
    assert_eq!(get(web_port, "/readyz").status, 200);
}

/// Sends one message as somebody who logs in.
pub(super) fn send(port: u16, login: &str, to: &str) {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut answer = || loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.starts_with(['2', '3']), "{line}");
        // a dash behind the code says that more lines follow
        if line.as_bytes().get(3) != Some(&b'-') {
            break;
        }
    };
    answer();
    let message = &format!("To: {to}\r\nSubject: hello\r\n\r\nhello\r\n.");
    for line in [
        "EHLO test",
        &format!("AUTH PLAIN {login}"),
        "MAIL FROM:<sender@example.com>",
        &format!("RCPT TO:<{to}>"),
        "DATA",
        message,
        "QUIT",
    ] {
        (&stream).write_all(format!("{line}\r\n").as_bytes()).unwrap();
        answer();
    }
}
