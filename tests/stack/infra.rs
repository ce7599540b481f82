//! The shared servers on the native engine: set up, found again, taken down.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Decoy, S3Server, TestHome, TestProject, is_alive, keys, marked, wait_until};

/// A project that wants every server but the browser.
fn project<'a>(home: &'a TestHome, name: &str) -> TestProject<'a> {
    home.project(name).with_database().with_s3().with_mail().write()
}

/// The servers as `setup --json` lists them: (name, state, pid, version).
fn services(setup: &Value) -> Vec<(String, String, Option<u64>, Option<String>)> {
    let rows = setup["infra"]["services"].as_array().expect("a list of services");
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    rows.iter()
        .map(|row| (text(row, "name").unwrap(), text(row, "state").unwrap(), row["pid"].as_u64(), text(row, "version")))
        .collect()
}

fn record(home: &TestHome) -> Value {
    let text = fs::read_to_string(home.path().join("infra/record.json")).expect("a record");
    serde_json::from_str(&text).expect("a document")
}

/// Runs SQL as the administrator, in a database of the home's server.
#[track_caller]
fn sql(home: &TestHome, database: &str, text: &str) -> String {
    let record = record(home);
    let output = Command::new("psql")
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres"])
        .args(["-p", &home.database_port().to_string(), "-d", database, "-c", text])
        .env("PGPASSWORD", record["credentials"]["postgres_password"].as_str().unwrap())
        .output()
        .expect("run psql");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{text}`: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn setup_brings_every_server_up_and_a_second_one_changes_nothing() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    let first = project.harness(["setup", "--json"]).run().succeeds().json();
    let listed = services(&first);
    for name in ["db", "minio", "mailpit"] {
        let (_, state, pid, _) = listed.iter().find(|row| row.0 == name).unwrap();
        assert!(state == "ready" && pid.is_some_and(|pid| is_alive(u32::try_from(pid).unwrap())), "{listed:?}");
    }
    for port in [home.database_port(), home.s3_port(), home.smtp_port(), home.mail_web_port()] {
        assert!(listens(port), "nobody listens on {port}");
    }
    assert_eq!(sql(&home, "postgres", "SHOW fsync"), "off");
    assert_eq!(sql(&home, "postgres", "SHOW max_connections"), "300");
    let sockets = home.path().join("infra/sockets");
    assert_eq!(sql(&home, "postgres", "SHOW unix_socket_directories"), format!("\"{}\"", sockets.display()));
    assert_eq!(sql(&home, "postgres", "SELECT datcollate FROM pg_database WHERE datname = 'template1'"), "C.UTF-8");
    assert_eq!(sql(&home, "postgres", "SHOW shared_preload_libraries"), "pg_stat_statements");
    let second = project.harness(["setup", "--json"]).run().succeeds().json();
    assert_eq!(services(&second), listed);
}

#[test]
fn without_an_installed_server_postgresql_18_is_downloaded() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    let outcome = project.harness(["setup", "--json"]).env("HARNESS_POSTGRES", "download").run();
    if outcome.stdout.contains("postgres.download_failed") {
        println!("skipped: no download reaches this machine\n{outcome}");
        return;
    }
    let listed = services(&outcome.succeeds().json());
    let db = listed.iter().find(|row| row.0 == "db").unwrap();
    assert!(db.3.as_deref().is_some_and(|version| version.starts_with("PostgreSQL 18.")), "{db:?}");
    assert!(
        Path::new(record(&home)["postgres"]["own"]["binaries"]["bin_dir"].as_str().unwrap()).starts_with(home.path())
    );
    assert_eq!(sql(&home, "postgres", "SHOW data_checksums"), "off");
    assert_eq!(sql(&home, "postgres", "SELECT datlocprovider FROM pg_database WHERE datname = 'template1'"), "b");
    // what the refusal of extensions goes by is what the download has
    sql(&home, "postgres", "CREATE EXTENSION vector; CREATE EXTENSION pg_trgm");
    // downloaded once: the next set-up of this home needs no network
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    let again = project.harness(["setup"]).env("HARNESS_POSTGRES", "download").env("PATH", "/usr/bin:/bin");
    again.env("PIP_INDEX_URL", "http://127.0.0.1:9/").run().succeeds();
}

#[test]
fn teardown_leaves_no_process_and_no_port_and_keeps_the_data_unless_told() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    project.harness(["setup"]).run().succeeds();
    sql(&home, "postgres", "CREATE DATABASE precious");
    sql(&home, "precious", "CREATE TABLE kept AS SELECT 42 AS answer");
    project.harness(["teardown", "--infra"]).run().succeeds();
    assert_eq!(home.remains(), Vec::<String>::new());
    project.harness(["setup"]).run().succeeds();
    assert_eq!(sql(&home, "precious", "SELECT answer FROM kept"), "42");
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    assert_eq!(home.remains(), Vec::<String>::new());
    assert!(!home.path().join("infra/db").exists() && !home.path().join("infra/record.json").exists());
    // and once more is no error
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
}

#[test]
fn a_port_of_somebody_else_is_named_with_its_holder_and_nothing_is_started() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    let port = home.s3_port();
    let stranger = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let refused = project.harness(["setup"]).run().exits_with(5);
    let refused = refused.says(&port.to_string()).says(&std::process::id().to_string()).says("AGENT_MINIO_PORT");
    assert!(!listens(home.database_port()), "{refused}");
    assert!(marked(&home.id().unwrap()).is_empty(), "{refused}");
    drop(stranger);
    project.harness(["setup"]).run().succeeds();
}

#[test]
fn two_set_ups_at_once_make_one_set_of_servers() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    let runs: Vec<_> = (0..3).map(|_| project.harness(["setup", "--json"]).spawn()).collect();
    let mut seen: Vec<_> = runs.into_iter().map(|run| services(&run.wait().succeeds().json())).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let servers = marked(&home.id().unwrap()).into_iter().filter(|(_, command)| command.contains("/postgres -D"));
    assert_eq!(servers.count(), 1);
}

#[test]
fn look_alikes_survive_a_teardown_with_volumes() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    project.harness(["setup"]).run().succeeds();
    let data = home.path().join("infra/db/data");
    let mut decoys = [
        Decoy::sleeping("postgres"),
        Decoy::sleeping(&format!("{} __s3", env!("CARGO_BIN_EXE_harness"))),
        Decoy::shell("HARNESS_STACK=000000000000/infra exec sleep 600"),
        Decoy::shell(&format!("HARNESS_STACK={}/infra-old exec sleep 600", home.id().unwrap())),
        Decoy::shell(&format!("NAMED={} exec sleep 600", data.display())),
    ];
    let neighbour = home.path().join("infra/db-backup");
    fs::create_dir(&neighbour).unwrap();
    fs::write(neighbour.join("dump.sql"), "precious").unwrap();
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    for decoy in &mut decoys {
        decoy.assert_alive();
    }
    assert_eq!(fs::read_to_string(neighbour.join("dump.sql")).unwrap(), "precious");
}

#[test]
fn a_home_that_the_service_user_cannot_enter_is_refused_by_name() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only as root do the servers run as another user");
        return;
    }
    let home = TestHome::new();
    let closed = home.directory().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let project = project(&home, "shop");
    let refused = project.harness(["setup"]).env("HARNESS_HOME", closed.join("home")).run().exits_with(4);
    refused.says(&format!("`{}`", closed.display())).says("chmod o+x");
    assert!(!closed.join("home/infra/db").exists());
}

#[test]
fn an_extension_that_nothing_has_is_refused_with_the_package() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_database()
        .toml("[database]\nextensions = [\"plpgsql\", \"no_such_thing\"]\n")
        .write();
    let refused = project.harness(["setup"]).env("HARNESS_POSTGRES", "installed").run().exits_with(4);
    let refused = refused.says("`no_such_thing`").says("-no-such-thing");
    assert!(!refused.stderr.contains("`plpgsql`"), "{refused}");
    assert!(!home.path().join("infra/db").exists());
}

#[test]
fn a_later_wish_is_said_and_changes_nothing() {
    let home = TestHome::new();
    let first = project(&home, "shop");
    let before = services(&first.harness(["setup", "--json"]).run().succeeds().json());
    let second = home.project("other").with_database().toml("[infra.postgres.settings]\nwork_mem = \"7MB\"\n").write();
    let outcome = second.harness(["setup", "--json"]).env("AGENT_DB_PORT", "25999").run().succeeds();
    assert!(outcome.stderr.contains("25999") && outcome.stderr.contains("work_mem"), "{outcome}");
    assert_eq!(services(&outcome.json()), before);
    assert_ne!(sql(&home, "postgres", "SHOW work_mem"), "7MB");
}

#[test]
fn servers_that_were_all_killed_come_back_with_every_row() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    project.harness(["setup"]).run().succeeds();
    sql(&home, "postgres", "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    kill_everything(&home);
    project.harness(["setup"]).run().succeeds();
    assert_eq!(sql(&home, "postgres", "SELECT count(*) FROM kept"), "1000");
    let servers = marked(&home.id().unwrap()).into_iter().filter(|(_, command)| command.contains("/postgres -D"));
    assert_eq!(servers.count(), 1);
}

#[test]
fn d12_a_host_crash_under_fast_is_noticed_and_the_old_files_are_kept_aside() {
    let home = TestHome::new();
    let project = project(&home, "shop");
    project.harness(["setup"]).run().succeeds();
    sql(&home, "postgres", "CREATE DATABASE doubtful");
    let before = record(&home)["postgres"]["own"]["system_identifier"].clone();
    kill_everything(&home);
    // the last start belongs to another boot now
    let mark = home.path().join("infra/db/started.json");
    let mut document: Value = serde_json::from_str(&fs::read_to_string(&mark).unwrap()).unwrap();
    document["boot_id"] = "00000000-0000-0000-0000-000000000000".into();
    fs::write(&mark, document.to_string()).unwrap();
    project.harness(["setup"]).run().succeeds().says("durability = \"fast\"").says("data.lost-");
    assert_eq!(sql(&home, "postgres", "SELECT count(*) FROM pg_database WHERE datname = 'doubtful'"), "0");
    let record = record(&home);
    assert_ne!(record["postgres"]["own"]["system_identifier"], before);
    assert_eq!(record["lost"][0]["system_identifier"], before);
    assert!(Path::new(record["lost"][0]["moved_to"].as_str().unwrap()).join("PG_VERSION").is_file());
}

#[test]
fn an_external_server_is_used_and_never_stopped() {
    let (host, guest) = (TestHome::new(), TestHome::new());
    project(&host, "host").harness(["setup"]).run().succeeds();
    let password = record(&host)["credentials"]["postgres_password"].as_str().unwrap().to_owned();
    let url = format!("postgres://postgres:{password}@127.0.0.1:{}", host.database_port());
    let project = guest.project("guest").with_database().write();
    project.replace("harness.toml", "[infra.postgres]\n", &format!("[infra.postgres]\nurl = \"{url}\"\n"));
    let listed = services(&project.harness(["setup", "--json"]).run().succeeds().json());
    assert_eq!(listed.iter().find(|row| row.0 == "db").unwrap().1, "external");
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    assert_eq!(sql(&host, "postgres", "SELECT 1"), "1");
}

#[test]
fn an_external_s3_server_that_makes_no_keys_is_shared_and_said_to_be() {
    let (server, home) = (S3Server::start(), TestHome::new());
    let project = home.project("guest").with_s3().env("S3_KEY", "{{ s3.access_key }}");
    let project = project.env("S3_SECRET", "{{ s3.secret_key }}").application("api").write();
    let given = server.endpoint();
    let authority = format!("{}:{}@127.0.0.1:{}", given.access_key, given.secret_key.expose(), server.port());
    project.replace("harness.toml", "[infra.s3]\n", &format!("[infra.s3]\nurl = \"http://{authority}\"\n"));
    project.harness(["launch", "1"]).run().succeeds().says("cannot create keys");
    let own = project.variables(1);
    assert_eq!(keys(&given.url, &own["S3_KEY"], &own["S3_SECRET"], "agent-1").unwrap(), Vec::<String>::new());
    project.harness(["teardown", "1"]).run().succeeds();
    assert_eq!(keys(&given.url, &own["S3_KEY"], &own["S3_SECRET"], "agent-1").unwrap_err(), "NoSuchBucket");
}

/// SIGKILL to every process of the home, the two supervisors included, as a power cut would.
fn kill_everything(home: &TestHome) {
    let id = home.id().unwrap();
    wait_until("every process of the home to be dead", Duration::from_secs(20), || {
        let left: Vec<u32> = supervisors(home).into_iter().chain(marked(&id).into_iter().map(|(pid, _)| pid)).collect();
        for pid in &left {
            if let Some(process) = harness::system::ProcessIdentity::of(*pid) {
                process.signal(rustix::process::Signal::KILL);
            }
        }
        left.is_empty()
    });
}

/// The guardian and the supervisor carry no marker; they are known by the directory on their command line.
fn supervisors(home: &TestHome) -> Vec<u32> {
    crate::support::mentioning(&home.path()).into_iter().map(|(pid, _)| pid).collect()
}
