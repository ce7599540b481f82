//! What a program under the map sees of its own calls.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use harness::system::loopback_map::{LoopbackMap, PortMap};

use crate::support::python;

/// Runs a Python script under a map of 3000 to a free port, which it finds in `PORT`, and 3001 to one without a
/// listener. What it asserts is what is tested.
fn run(script: &str) {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, silent) = (free(), free());
    let ports = PortMap::new([(3000, port), (3001, silent)]);
    let mut command = Command::new(python());
    command.args(["-I", "-c", &format!("{PRELUDE}\n{script}")]).env("PORT", port.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let attached = LoopbackMap { ports, stack: "test/agent-3".to_owned() }.attach(&mut command).unwrap();
    let child = command.spawn().unwrap();
    drop(command);
    attached.serve().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

const PRELUDE: &str = r#"
import errno, fcntl, os, signal, socket, threading, time
PORT = int(os.environ["PORT"])
signal.alarm(30)
def fails(number, call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        assert error.errno == number, error
        return
    raise AssertionError("it did not fail")
def listener(address=("127.0.0.1", 3000), family=socket.AF_INET, backlog=16):
    s = socket.socket(family)
    s.bind(address)
    s.listen(backlog)
    return s
"#;

#[test]
fn a_bind_gets_the_other_port_on_every_address() {
    run(r#"
for address in ["127.0.0.1", "0.0.0.0", "127.0.0.9"]:
    with listener((address, 3000)) as s:
        assert s.getsockname() == (address, PORT), s.getsockname()
with listener(("::1", 3000), socket.AF_INET6) as s:
    assert s.getsockname()[:2] == ("::1", PORT), s.getsockname()
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 3000))
    assert s.getsockname()[1] == PORT
with listener(("127.0.0.1", 0)) as s:
    assert s.getsockname()[1] not in (0, 3000, PORT)
"#);
}

#[test]
fn a_connect_reaches_the_other_port_by_every_name_of_loopback() {
    run(r#"
with listener(("::", 3000), socket.AF_INET6):
    for host in ["127.0.0.1", "127.1.2.3", "localhost", "0.0.0.0", "::1", "::ffff:127.0.0.1"]:
        with socket.create_connection((host, 3000)) as s:
            assert s.getpeername()[1] == PORT, s.getpeername()
    with socket.create_connection(("127.0.0.1", PORT)) as s:
        assert s.getpeername()[1] == PORT
"#);
}

#[test]
fn errors_are_those_of_the_kernel() {
    run(r#"
fails(errno.ECONNREFUSED, socket.create_connection, ("127.0.0.1", 3001))
with listener():
    fails(errno.EADDRINUSE, listener)
    with socket.create_connection(("127.0.0.1", 3000)) as s:
        fails(errno.EISCONN, s.connect, ("127.0.0.1", 3000))
        fails(errno.EINVAL, s.bind, ("127.0.0.1", 3000))
s = socket.socket()
number = s.detach()
os.close(number)
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
address = b"\x02\x00" + (3000).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)
assert libc.connect(number, address, 16) == -1 and ctypes.get_errno() == errno.EBADF
with socket.socket() as s:
    assert libc.connect(s.fileno(), ctypes.c_void_p(8), 16) == -1 and ctypes.get_errno() == errno.EFAULT
"#);
}

#[test]
fn a_socket_that_does_not_block_is_connected_as_the_kernel_does_it() {
    run(r#"
import select
with listener() as server:
    with socket.socket() as s:
        s.setblocking(False)
        outcome = s.connect_ex(("127.0.0.1", 3000))
        assert outcome in (0, errno.EINPROGRESS), outcome
        select.select([], [s], [], 5)
        assert s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK
    with socket.socket() as s:
        s.connect(("127.0.0.1", 3000))
        assert not fcntl.fcntl(s, fcntl.F_GETFL) & os.O_NONBLOCK
"#);
}

#[test]
fn a_connect_that_waits_holds_up_no_other_call_and_obeys_signals() {
    run(r#"
server = listener(backlog=0)
full = []
while len(full) < 8:
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 3000))
    full.append(s)
class Alarm(Exception): pass
def alarm(*_): raise Alarm()
signal.signal(signal.SIGALRM, alarm)
waiting = threading.Thread(target=lambda: socket.socket().connect(("127.0.0.1", 3000)), daemon=True)
waiting.start()
for _ in range(50):
    fails(errno.ECONNREFUSED, socket.create_connection, ("127.0.0.1", 3001))
assert waiting.is_alive()
began = time.monotonic()
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    socket.socket().connect(("127.0.0.1", 3000))
    raise AssertionError("it did not wait")
except Alarm:
    assert time.monotonic() - began < 5
os._exit(0)
"#);
}

#[test]
fn threads_and_whatever_a_program_starts_are_mapped_too() {
    run(r#"
import subprocess, sys
with listener():
    def connect():
        with socket.create_connection(("localhost", 3000)) as s:
            assert s.getpeername()[1] == PORT
        done.append(1)
    done = []
    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert len(done) == 8
    script = "import socket; socket.create_connection(('localhost', 3000))"
    subprocess.run([sys.executable, "-I", "-c", script], start_new_session=True, env={}, check=True)
"#);
}

#[test]
fn what_is_not_mapped_is_left_alone() {
    run(r#"
with listener(("127.0.0.1", 0)) as s:
    socket.create_connection(s.getsockname()).close()
a, b = socket.socketpair()
with socket.socket(socket.AF_UNIX) as s:
    s.bind("\0harness-test-%d" % os.getpid())
    s.listen()
    with socket.socket(socket.AF_UNIX) as c:
        c.connect(s.getsockname())
"#);
}
