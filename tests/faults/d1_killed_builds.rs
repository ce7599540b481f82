//! D1: SIGKILL at every step of a template build, and of a clone, a restore, a reset, a refill of spares, a hand-out and a
//! teardown. A half-built template or spare is never used.
//!
//! Each round runs a launch in a process of its own through a proxy that counts what is asked of the
//! server, and kills the process when it has asked for the n-th thing, which the server then still does.
//! The next round starts on what was left behind.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use harness::postgres::{Server, drop, snapshot, unfinished};
use harness::system::Secret;

use crate::support::{LONG, SHORT, TestPostgres, TestTemplate, agent, block_on, explain, try_sql, wait_for};

const PORT: &str = "HARNESS_TEST_VICTIM_PORT";
const ACTION: &str = "HARNESS_TEST_VICTIM_DOES";
const HOME: &str = "00000000dddd";

fn project(server: Server) -> TestTemplate {
    let mut project = TestTemplate::at(server, HOME);
    project.write("schema.sql", "CREATE TABLE message (id int); INSERT INTO message SELECT generate_series(1, 10);");
    project.write("more.sql", "INSERT INTO message VALUES (11);");
    project.settings.extensions = vec!["pg_trgm".into()];
    project.sql_step("schema", "schema.sql").incremental = true;
    project.run_step("command", "test \"$PGUSER\"");
    project.sql_step("more", "more.sql");
    project
}

/// The process that is killed.
#[test]
#[ignore = "run by the tests that kill it"]
fn d1_victim() {
    let Ok(port) = std::env::var(PORT) else { return };
    let server = Server::local(port.parse().unwrap(), "postgres", Secret::new("throw-away"));
    let project = project(server);
    let (server, home) = (&project.server, &project.home);
    let outcome = block_on(async {
        match std::env::var(ACTION).unwrap().as_str() {
            "launch" => project.try_launch(1).await.map(|_| ()),
            "restore" => snapshot::restore(server, home, agent(1), "kept").await.map(|_| ()),
            "reset" => {
                let template = project.ensuring().await.unwrap();
                snapshot::reset(server, &template, &project.request(1, &Secret::new("reset"))).await.map(drop)
            }
            "refill" => project.try_refill(2).await,
            "teardown" => drop::agent(server, home, agent(1)).await.map(|_| ()),
            other => unreachable!("{other}"),
        }
    });
    if let Err(error) = outcome {
        panic!("{}", explain(error));
    }
}

/// Runs `action` again and again, killed at its first, second, … query, until it gets through. Says how
/// often it was killed.
fn kill_at_every_moment(postgres: &TestPostgres, action: &str, mut after_each: impl FnMut(u32)) -> u32 {
    for moment in 1..200 {
        let proxy = Proxy::start(postgres.server().port, moment);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--nocapture", "--exact", "faults::d1_killed_builds::d1_victim"]);
        command.env(PORT, proxy.port.to_string()).env(ACTION, action);
        proxy.victim(command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap());
        if proxy.wait() {
            return moment - 1;
        }
        after_each(moment);
    }
    panic!("`{action}` asks for more than 200 things");
}

#[test]
fn d1_a_build_killed_at_any_moment_is_never_used() {
    let postgres = TestPostgres::start();
    let kills = kill_at_every_moment(&postgres, "launch", |moment| {
        // complete, or not there: never something in between
        let unfinished = postgres.sql(
            "select datname from pg_database where datname ~ '^tpl_[0-9a-f]{12}$' \
             and shobj_description(oid, 'pg_database') !~ '^harness 00000000dddd board - (template|kept)'",
        );
        assert_eq!(unfinished, Vec::<String>::new(), "after kill {moment}");
    });
    assert!(kills > 15, "only {kills} moments were tried");

    let project = project(postgres.server());
    let login = project.launch(2);
    assert_eq!(try_sql(&login, "SELECT count(*), max(id) FROM message").unwrap(), ["11", "11"]);
    project.teardown(1);
    project.teardown(2);
    let left = postgres.databases();
    assert_eq!(left.len(), 2, "the template and the state after its first step: {left:?}");
    assert!(left.iter().all(|name| !name.ends_with("_building")), "{left:?}");
    let roles = postgres.roles();
    assert!(roles.iter().all(|name| name.starts_with("tpl_")), "{roles:?}");
}

#[test]
fn d1_a_clone_killed_at_any_moment_is_made_anew() {
    let postgres = TestPostgres::start();
    let project = project(postgres.server());
    project.ensure();
    let kills = kill_at_every_moment(&postgres, "launch", |_| {});
    assert!(kills > 5, "only {kills} moments were tried");
    let login = project.launch(1);
    assert_eq!(try_sql(&login, "SELECT count(*) FROM message").unwrap(), ["11"]);
    try_sql(&login, "DROP TABLE message").unwrap();

    let kills = kill_at_every_moment(&postgres, "teardown", |_| {});
    assert!(kills > 3, "only {kills} moments were tried");
    assert!(!postgres.databases().contains(&"agent_1".to_owned()));
    assert!(!postgres.roles().contains(&"agent_1".to_owned()));
}

#[test]
fn d1_a_restore_killed_at_any_moment_keeps_the_old_state_or_has_the_new() {
    let postgres = TestPostgres::start();
    let project = project(postgres.server());
    let login = project.launch(1);
    block_on(snapshot::create(&project.server, HOME, agent(1), "kept")).unwrap();
    try_sql(&login, "DELETE FROM message WHERE id > 5").unwrap();
    kill_at_every_moment(&postgres, "restore", |moment| {
        // the killed command's last statement may still be at work, and evict us
        let count = wait_for("the database", SHORT, || try_sql(&login, "SELECT count(*) FROM message"));
        assert!(count == ["5"] || count == ["11"], "after kill {moment}: {count:?}");
    });
    let count = wait_for("the database", SHORT, || try_sql(&login, "SELECT count(*) FROM message"));
    assert_eq!(count, ["11"]);
    block_on(unfinished::drop_replaced(&project.server, HOME, agent(1))).unwrap();
    let left: Vec<String> = postgres.databases().into_iter().filter(|name| name.starts_with("agent")).collect();
    assert_eq!(left, ["agent_1", "agent_1_snap_kept"]);
}

#[test]
fn d1_a_refill_killed_at_any_moment_leaves_whole_spares_alone() {
    let postgres = TestPostgres::start();
    let project = project(postgres.server());
    project.ensure();
    let kills = kill_at_every_moment(&postgres, "refill", |moment| {
        let open =
            postgres.sql("select datname from pg_database where datname ~ '^spare_[0-9a-f]+_[0-9]+$' and datallowconn");
        assert_eq!(open, Vec::<String>::new(), "after kill {moment}");
        // so that the next round makes all of them, too; the server may still be at work for the one that was killed
        wait_for("no spares", LONG, || {
            let left = project.refill(&postgres, 0);
            let locks = postgres.sql("select objid from pg_locks where locktype = 'advisory'");
            if left.is_empty() && locks.is_empty() { Ok(()) } else { Err(format!("{left:?}, {locks:?}")) }
        });
    });
    assert!(kills > 10, "only {kills} moments were tried");
    // the server may still be at work for the last one that was killed
    let whole = wait_for("two spares and nothing else", SHORT, || {
        let (spares, roles) = (project.refill(&postgres, 2), postgres.roles());
        let roles: Vec<String> = roles.into_iter().filter(|name| name.starts_with("spare")).collect();
        if spares.len() == 2 && spares == roles { Ok(spares) } else { Err(format!("{spares:?} {roles:?}")) }
    });
    assert!(whole.iter().all(|name| !name.ends_with("_building")), "{whole:?}");
    for id in [1, 2] {
        assert_eq!(try_sql(&project.launch(id), "SELECT count(*), max(id) FROM message").unwrap(), ["11", "11"]);
    }
    assert_eq!(postgres.spares(), Vec::<String>::new());
}

#[test]
fn d1_a_hand_out_killed_at_any_moment_is_finished_or_was_never_begun() {
    let postgres = TestPostgres::start();
    let project = project(postgres.server());
    let spares = project.refill(&postgres, 2);
    let kills = kill_at_every_moment(&postgres, "launch", |moment| {
        // a database and its role have one name at every moment
        let apart = postgres.sql(
            "select datname, rolname from pg_database d join pg_roles r on r.oid = d.datdba \
             where datname ~ '^(spare|agent)_' and datname <> rolname",
        );
        assert_eq!(apart, Vec::<String>::new(), "after kill {moment}");
    });
    assert!(kills > 5, "only {kills} moments were tried");
    assert_eq!(try_sql(&project.launch(1), "SELECT count(*) FROM message").unwrap(), ["11"]);
    assert_eq!(postgres.spares(), spares[1..]);
}

#[test]
fn d1_a_reset_from_a_spare_killed_at_any_moment_keeps_the_old_state_or_has_the_new() {
    let postgres = TestPostgres::start();
    let project = project(postgres.server());
    let mut login = project.launch(1);
    login.password = Secret::new("reset");
    block_on(snapshot::create(&project.server, HOME, agent(1), "kept")).unwrap();
    project.refill(&postgres, 5);
    postgres.sql_in("agent_1", "DELETE FROM message WHERE id > 5");
    let kills = kill_at_every_moment(&postgres, "reset", |moment| {
        let count = wait_for("the database", SHORT, || {
            let admin = harness::postgres::DatabaseCredentials { database: "agent_1".into(), ..postgres.admin() };
            try_sql(&admin, "SELECT count(*) FROM message")
        });
        assert!(count == ["5"] || count == ["11"], "after kill {moment}: {count:?}");
        project.refill(&postgres, 5);
    });
    assert!(kills > 10, "only {kills} moments were tried");
    assert_eq!(try_sql(&login, "SELECT count(*) FROM message").unwrap(), ["11"]);
    try_sql(&login, "ALTER TABLE message ADD COLUMN mine int").unwrap();
    block_on(unfinished::drop_replaced(&project.server, HOME, agent(1))).unwrap();
    let left: Vec<String> = postgres.databases().into_iter().filter(|name| name.starts_with("agent")).collect();
    assert_eq!(left, ["agent_1", "agent_1_snap_kept"]);
    let spares = wait_for("five spares and no role without one", SHORT, || {
        let (spares, roles) = (project.refill(&postgres, 5), postgres.roles());
        let roles: Vec<String> = roles.into_iter().filter(|name| name.starts_with("spare")).collect();
        if spares == roles { Ok(spares) } else { Err(format!("{spares:?} {roles:?}")) }
    });
    assert_eq!(spares.len(), 5);
}

/// Passes connections on and kills the victim at the n-th query.
struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

struct State {
    left: u32,
    victim: Option<Child>,
}

impl Proxy {
    fn start(server: u16, moment: u32) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State { left: moment, victim: None }));
        let shared = Arc::clone(&state);
        // ends with the test's process; nothing connects to it any more
        thread::spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut back, &mut to_client);
                });
                let state = Arc::clone(&shared);
                thread::spawn(move || {
                    let _ = forward(&client, &server, &state);
                    // the other direction holds copies: without this the server would not see the end
                    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
                });
            }
        });
        Self { port, state }
    }

    fn victim(&self, child: Child) {
        self.state.lock().unwrap().victim = Some(child);
    }

    /// Whether the victim came to its end unharmed.
    fn wait(&self) -> bool {
        loop {
            let status = self.state.lock().unwrap().victim.as_mut().unwrap().try_wait().unwrap();
            match status {
                None => thread::yield_now(),
                Some(status) if status.success() => return true,
                Some(status) => {
                    use std::os::unix::process::ExitStatusExt;
                    assert_eq!(status.signal(), Some(9), "the victim failed by itself: {status}");
                    return false;
                }
            }
        }
    }
}

/// Passes on what the client sends, message by message.
fn forward(mut client: &TcpStream, mut server: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut startup = true;
    loop {
        let kind = if startup { None } else { Some(byte(&mut client)?) };
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut body = vec![0; u32::from_be_bytes(length) as usize - 4];
        client.read_exact(&mut body)?;
        startup = false;
        let message: Vec<u8> = kind.into_iter().chain(length).chain(body).collect();
        server.write_all(&message)?;
        if kind == Some(b'Q') {
            let mut state = state.lock().unwrap();
            state.left = state.left.saturating_sub(1);
            if state.left == 0 {
                state.victim.as_mut().unwrap().kill()?;
                return Err(ErrorKind::Interrupted.into());
            }
        }
    }
}

fn byte(stream: &mut &TcpStream) -> std::io::Result<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    Ok(byte[0])
}
