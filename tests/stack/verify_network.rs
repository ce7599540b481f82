//! Whose servers the commands of `verify` talk to.

use std::net::{SocketAddr, TcpListener};

use harness::project::{Template, VerifyCheck, VerifyCommand};
use harness::report::Verify;
use harness::report::verify::StageStatus::Pass;
use harness::report::verify::{Network, Outcome, Reason};
use harness::verify::OwnServers;

use super::verify_bench::{Bench, answering, first_error, shell, statuses};
use crate::support::{SHORT, TestHome, wait_until};

/// Connects to each address, one after the other.
const CLIENT: &str = r"
import socket, sys
for address in sys.argv[1:]:
    host, port = address.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), 5).close()
    except ConnectionRefusedError:
        print('refused')
";

fn watched(stage: &str, commands: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::new().stage(stage, commands);
    bench.own_servers = Some(OwnServers::default());
    std::fs::write(bench.path().join("client.py"), CLIENT).unwrap();
    bench
}

fn connect(addresses: &[SocketAddr]) -> String {
    let named = addresses.iter().map(|address| format!("{}:{}", address.ip(), address.port()));
    format!("python3 ../client.py {}", named.collect::<Vec<_>>().join(" "))
}

/// A server of somebody else, and how it is reached.
fn foreign(number: usize) -> Option<(TcpListener, SocketAddr)> {
    let (bound, reached) = [
        ("127.0.0.1:0", "127.0.0.1"),
        ("[::1]:0", "::1"),
        ("0.0.0.0:0", "127.0.0.1"),
        ("[::]:0", "::1"),
        ("[::]:0", "127.0.0.1"),
        ("127.0.0.9:0", "127.0.0.9"),
    ][number % 6];
    // a machine without IPv6 has no such servers
    let listener = TcpListener::bind(bound).ok()?;
    let address = SocketAddr::new(reached.parse().unwrap(), listener.local_addr().unwrap().port());
    Some((listener, address))
}

fn found(document: &Verify) -> Vec<(SocketAddr, Option<u32>)> {
    let commands = document.stages.iter().flat_map(|stage| &stage.commands);
    let servers = commands.flat_map(|command| &command.foreign_servers);
    let mut found: Vec<_> = servers.map(|it| (SocketAddr::new(it.address.parse().unwrap(), it.port), it.pid)).collect();
    found.sort();
    found
}

#[test]
fn every_foreign_server_is_named_whatever_its_address_and_whenever_it_came() {
    let before: Vec<_> = (0..36).filter_map(foreign).collect();
    let lines: Vec<String> =
        before.chunks(9).map(|part| connect(&part.iter().map(|(_, address)| *address).collect::<Vec<_>>())).collect();
    let later = "touch ../begun; while ! test -s ../later; do sleep 0.01; done; python3 ../client.py $(cat ../later)";
    let letters = ["a", "b", "c", "d"];
    let mut commands: Vec<(&str, &str)> = letters.iter().copied().zip(lines.iter().map(String::as_str)).collect();
    commands.push(("later", later));
    let bench = watched("test", &commands);
    let (document, during) = std::thread::scope(|scope| {
        let run = scope.spawn(|| bench.run());
        wait_until("the run to begin", SHORT, || bench.path().join("begun").exists());
        let during: Vec<_> = (0..18).filter_map(foreign).collect();
        let named: Vec<String> =
            during.iter().map(|(_, address)| format!("{}:{}", address.ip(), address.port())).collect();
        std::fs::write(bench.path().join("part"), named.join(" ")).unwrap();
        std::fs::rename(bench.path().join("part"), bench.path().join("later")).unwrap();
        (run.join().unwrap(), during)
    });
    let mut expected: Vec<_> =
        before.iter().chain(&during).map(|(_, address)| (*address, Some(std::process::id()))).collect();
    expected.sort();
    assert_eq!(found(&document), expected);
    assert_eq!((document.status, document.reason), (Outcome::Fail, Some(Reason::ForeignServer)));
    assert_eq!((document.network, document.network_reason.clone()), (Some(Network::Watched), None));
    let said = first_error(&document.stages[0]);
    assert!(said.contains("where a foreign server listens: pid"), "{said}");
    // none of the commands failed by itself
    assert!(document.stages[0].commands.iter().all(|command| command.exit_code == Some(0)), "{document:?}");
}

/// Starts a server in each way that test suites do, and talks to it.
const SUITE: &str = r#"
import os, socket, subprocess, sys, threading, time

def talk(port, host='127.0.0.1'):
    socket.create_connection((host, port), 5).close()

def server(host='127.0.0.1', family=socket.AF_INET):
    listener = socket.socket(family)
    listener.bind((host, 0))
    listener.listen(64)
    return listener

# in the same process, many and short-lived
for _ in range(50):
    own = server()
    talk(own.getsockname()[1])
    own.close()
if os.path.exists('/proc/net/if_inet6'):
    six = server('::1', socket.AF_INET6)
    talk(six.getsockname()[1], '::1')
# never bound by a call of its own
lazy = socket.socket()
lazy.listen()
talk(lazy.getsockname()[1])
# in a thread, and in a fork that took over the socket
threaded = server()
threading.Thread(target=threaded.accept, daemon=True).start()
talk(threaded.getsockname()[1])
inherited = server()
if os.fork() == 0:
    time.sleep(60)
    os._exit(0)
port = inherited.getsockname()[1]
inherited.close()
talk(port)
# a child, and a daemon that has left session, environment and parent
serve = "import socket, sys, time; s = socket.create_server(('127.0.0.1', 0)); open(sys.argv[1] + '.part', 'w').write(str(s.getsockname()[1])); import os; os.rename(sys.argv[1] + '.part', sys.argv[1]); time.sleep(60)"
subprocess.Popen([sys.executable, '-c', serve, '../child'])
subprocess.run(['env', '-i', 'setsid', 'sh', '-c', f'"$0" -c "$1" ../daemon & :', sys.executable, serve])
for name in ['../child', '../daemon']:
    while not os.path.exists(name):
        time.sleep(0.01)
    talk(int(open(name).read()))
# nobody listens there
free = server()
port = free.getsockname()[1]
free.close()
try:
    talk(port)
except ConnectionRefusedError:
    pass
"#;

#[test]
fn servers_that_the_tests_start_themselves_are_no_cause_for_alarm() {
    let (neighbour, address) = foreign(0).unwrap();
    // datagrams are sent to nobody's server
    let datagram = format!(
        "python3 -c \"import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', {}))\"",
        address.port()
    );
    // one command serves another
    let serve = "python3 -c \"import socket, os, time; s = socket.create_server(('127.0.0.1', 0)); \
         open('../part', 'w').write('127.0.0.1:%d' % s.getsockname()[1]); os.rename('../part', '../served'); s.accept(); time.sleep(0.2)\"";
    let ask = "while ! test -s ../served; do sleep 0.01; done; python3 ../client.py $(cat ../served)";
    let commands = [("suite", "python3 ../suite.py"), ("datagram", datagram.as_str()), ("serve", serve), ("ask", ask)];
    let bench = watched("test", &commands);
    std::fs::write(bench.path().join("suite.py"), SUITE).unwrap();
    let document = bench.run();
    assert_eq!((found(&document), document.status), (Vec::new(), Outcome::Pass), "{document:?}");
    assert_eq!(document.network, Some(Network::Watched));
    drop(neighbour);
}

#[test]
fn a_port_can_be_admitted_and_a_check_over_http_asks_who_answers() {
    let (server, address) = foreign(0).unwrap();
    let mut bench = watched("test", &[("all", &connect(&[address]))]);
    assert_eq!(bench.run().reason, Some(Reason::ForeignServer));
    assert!(!bench.status().verified);
    bench.stages[0].allow_ports = vec![1..=1, address.port()..=address.port()];
    assert_eq!(bench.run().reason, None);
    assert!(bench.status().verified);
    // a pass with the port admitted is none without
    bench.stages[0].allow_ports.clear();
    assert!(!bench.status().verified);
    bench.stages[0].watched = false;
    let document = bench.run();
    assert_eq!((document.reason, document.network), (None, Some(Network::Unwatched)));
    assert!(document.network_reason.unwrap().contains("watch_network"));
    drop(server);

    let port = answering(&[("/health", "200 OK", "ok")]);
    let check =
        VerifyCheck::Http { host: None, port: Template(port.to_string()), path: Template("/health".to_owned()) };
    let mut bench = watched("smoke", &[]);
    bench.stages[0].commands = vec![VerifyCommand { check, ..shell("health", "") }];
    let document = bench.run();
    assert_eq!(found(&document), [(SocketAddr::from(([127, 0, 0, 1], port)), Some(std::process::id()))]);
    assert_eq!(document.reason, Some(Reason::ForeignServer));
}

#[test]
fn a_command_that_fails_by_itself_says_both() {
    let (server, address) = foreign(0).unwrap();
    let line = format!("{}; echo 'src/a.ts:3:5: error TS2322: no'; exit 2", connect(&[address]));
    let mut bench = watched("test", &[("all", &line)]);
    let document = bench.run();
    let command = &document.stages[0].commands[0];
    assert_eq!((document.reason, command.exit_code), (Some(Reason::ForeignServer), Some(2)));
    assert_eq!(found(&document), [(address, Some(std::process::id()))]);
    let said = command.first_error.as_deref().unwrap();
    assert!(said.starts_with("src/a.ts:3:5:"), "{said}");
    assert!(said.contains(&format!("it talked to {address}, where a foreign server listens")), "{said}");
    assert_eq!(document.stages[0].first_error.as_deref(), Some(said));
    // compared with other runs by what it says itself
    bench.every_failure = true;
    let verdict = bench.verdict();
    let texts: Vec<&str> = verdict.failures[0].each.iter().map(|failing| failing.text.as_str()).collect();
    assert!(texts.iter().all(|text| !text.contains("foreign")), "{texts:?}");
    drop(server);
}

#[test]
fn an_agent_may_talk_to_its_own_stack_and_the_homes_servers_and_to_no_neighbour() {
    let home = TestHome::new();
    let script =
        "import socket, sys\nfor port in sys.argv[1:]: socket.create_connection(('localhost', int(port)), 5).close()\n";
    let line = "python3 talk.py {{ ports.api }} {{ database.port }} $(cat ../ports)";
    let stages = format!(
        "[[verify.stages]]\nname = \"test\"\ncommands = [{{ name = \"all\", run = {line:?} }},\n\
         {{ name = \"health\", http_get = {{ path = \"/health\", port = \"{{{{ ports.api }}}}\" }} }}]\n"
    );
    let project = home.project("shop").with_items().application("api").toml(&stages).file("talk.py", script).write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["launch", "4"]).run().succeeds();
    let ports = project.root().parent().unwrap().join("ports");
    std::fs::write(&ports, "").unwrap();
    let document = project.harness(["verify", "3"]).run().succeeds().json();
    assert_eq!((&document["network"], &document["network_reason"]), (&"watched".into(), &serde_json::Value::Null));
    let neighbour = project.port("api", 4);
    std::fs::write(&ports, neighbour.to_string()).unwrap();
    let outcome = project.harness(["verify", "3"]).run().exits_with(1);
    let document = outcome.json();
    assert_eq!((&document["status"], &document["reason"]), (&"fail".into(), &"foreign_server".into()));
    let server = &document["stages"][0]["commands"][0]["foreign_servers"][0];
    assert_eq!(server["port"], neighbour);
    assert!(server["command"].as_str().unwrap().contains("app.py"), "{server}");
    outcome.says("foreign server").says(&format!("allow_ports = [{neighbour}]"));
    // one that fails by itself says both
    let plan = project.read("harness.toml");
    project.replace("harness.toml", "$(cat ../ports)", "$(cat ../ports); echo 'a.ts:3:5: error: no'; exit 2");
    let outcome = project.harness(["verify", "3"]).run().exits_with(1).says("  a.ts:3:5: error: no\n");
    outcome.says("where a foreign server listens: pid");
    project.put("harness.toml", &plan);
    // what is admitted by the project passes, and a neighbour's own server is its own
    project.put("harness.local.toml", &format!("[verify]\nallow_ports = [\"{neighbour}-{neighbour}\"]\n"));
    project.harness(["verify", "3"]).run().succeeds();
    std::fs::remove_file(project.root().join("harness.local.toml")).unwrap();
    std::fs::write(&ports, "").unwrap();
    let document = project.harness(["verify", "4"]).run().succeeds().json();
    assert_eq!(document["stages"][0]["status"], "pass");
    assert_eq!(document["stages"][0]["commands"][0]["foreign_servers"], serde_json::json!([]));
    project.put("harness.local.toml", "[verify]\nallow_ports = [\"70-1\", 0]\n");
    let outcome = project.harness(["config", "check"]).run().exits_with(3);
    assert!(outcome.stdout.contains("`70-1` is neither a port nor a range of ports"), "{outcome}");
    assert!(outcome.stdout.contains("`0` is neither"), "{outcome}");
}

#[test]
fn what_runs_under_a_map_already_is_not_watched_and_says_so() {
    let home = TestHome::new();
    let stages = "[network]\nmap = { 3999 = \"{{ ports.api }}\" }\n\
         [[verify.stages]]\nname = \"test\"\ncommands = [{ name = \"all\", run = \"true\" }]\n";
    let project = home.project("shop").application("api").toml(stages).write();
    project.harness(["launch", "3"]).run().succeeds();
    let document = project.harness(["verify", "3"]).run().succeeds().json();
    assert_eq!(document["network"], "watched", "beside the map: {document}");
    let harness = env!("CARGO_BIN_EXE_harness");
    let outcome = project.harness(["exec", "3", "--", harness, "verify", "3"]).run().succeeds();
    let document = outcome.json();
    assert_eq!((&document["status"], &document["network"]), (&"pass".into(), &"unwatched".into()));
    assert!(document["network_reason"].as_str().unwrap().contains("loopback map of agent 3"), "{document}");
    outcome.says("not watched");
    assert_eq!(statuses(&serde_json::from_value::<Verify>(document).unwrap()), [("test", Pass)]);
}
