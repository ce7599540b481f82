"""The measurements behind network.sh. Python's standard library only."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY = Path(sys.argv[1]).resolve()
CALLS = int(sys.argv[2])
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
NAMED, BASE = 3000, 27510

# Measures the calls alone, one by one: microseconds, median and 99th percentile. Where there is no map it calls the same
# ports by their real numbers. Another thread accepts.
PROGRAM = """
import json, os, socket, statistics, threading, time
from time import perf_counter_ns as now
port, calls = int(os.environ["PORT"]), int(os.environ["CALLS"])
server = socket.create_server(("127.0.0.1", port), backlog=1024)
def accept():
    while True:
        server.accept()[0].close()
threading.Thread(target=accept, daemon=True).start()
def measure(prepare, call):
    took = []
    for _ in range(calls):
        with socket.socket() as s:
            prepare(s)
            began = now()
            call(s)
            took.append((now() - began) / 1000)
            if s.getsockname()[1] != 0:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\x01\\0\\0\\0\\0\\0\\0\\0")
    took.sort()
    return [statistics.median(took), took[int(len(took) * 0.99)]]
def connect(s):
    try:
        s.connect(("127.0.0.1", port))
    except BlockingIOError:
        pass
reuse = lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
result = {
    "connect, blocking": measure(lambda s: None, connect),
    "connect, non-blocking": measure(lambda s: s.setblocking(False), connect),
    "bind": measure(reuse, lambda s: s.bind(("127.0.0.2", port))),
    "connect to a port that is not mapped": None,
}
other = socket.create_server(("127.0.0.1", 0), backlog=1024)
def accept_other():
    while True:
        other.accept()[0].close()
threading.Thread(target=accept_other, daemon=True).start()
result["connect to a port that is not mapped"] = measure(lambda s: None, lambda s: s.connect(other.getsockname()))
path = b"\\0harness-bench-%d" % os.getpid()
unix = socket.socket(socket.AF_UNIX)
unix.bind(path)
unix.listen(1024)
def accept_unix():
    while True:
        unix.accept()[0].close()
threading.Thread(target=accept_unix, daemon=True).start()
took = []
for _ in range(calls):
    with socket.socket(socket.AF_UNIX) as s:
        began = now()
        s.connect(path)
        took.append((now() - began) / 1000)
took.sort()
result["connect to a Unix socket"] = [statistics.median(took), took[int(len(took) * 0.99)]]
with open("result.new", "w") as f:
    json.dump(result, f)
os.rename("result.new", "result")
time.sleep(100000)
"""

CONFIGURATION = """
[project]
name = "bench-network"
[ports]
web = {base}
[infra]
engine = "native"
[infra.postgres]
disabled = true
[infra.s3]
disabled = true
[infra.mail]
disabled = true
[infra.browser]
disabled = true
[database]
disabled = true
{network}
[processes.web]
command = "{python} -I program.py"
environment = {{ PORT = "{port}", CALLS = "{calls}" }}
"""


def measured(mapped):
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as directory:
        project, home = Path(directory, "project"), Path(directory, "home")
        project.mkdir()
        network = f'[network]\nmap = {{ {NAMED} = "{{{{ ports.web }}}}" }}' if mapped else ""
        port = NAMED if mapped else "{{ ports.web }}"
        text = CONFIGURATION.format(base=BASE, network=network, python=PYTHON, port=port, calls=CALLS)
        (project / "harness.toml").write_text(text)
        (project / "program.py").write_text(PROGRAM)
        environment = {**os.environ, "HARNESS_HOME": str(home)}

        def harness(*arguments):
            done = subprocess.run([BINARY, *arguments], cwd=project, env=environment, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"harness {' '.join(arguments)}: {done.stderr}")

        try:
            harness("launch", "1")
            deadline = time.monotonic() + 300
            while not (project / "result").exists():
                if time.monotonic() > deadline:
                    sys.exit((home / "agents/1/logs/web.log").read_text())
                time.sleep(0.05)
            return json.loads((project / "result").read_text())
        finally:
            harness("teardown", "1", "--infra")


plain, mapped = measured(False), measured(True)
print("| microseconds | plain, median | plain, p99 | mapped, median | mapped, p99 |")
print("|---|---:|---:|---:|---:|")
for name, (median, high) in plain.items():
    print(f"| {name} | {median:.1f} | {high:.1f} | {mapped[name][0]:.1f} | {mapped[name][1]:.1f} |")
