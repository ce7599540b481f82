"""The measurements behind network.sh. Python's standard library only."""

import json
import sys
import tempfile
import time
from pathlib import Path

from machine import NO_SERVERS, PYTHON, Machine, table

BINARY = Path(sys.argv[1]).resolve()
CALLS = int(sys.argv[2])
NAMED = 3000
# a run that takes longer is given up
LIMIT = 300

# Measures the calls alone, one by one: microseconds, median and 99th percentile. A child accepts, so that it shares no
# interpreter with what is measured.
PROGRAM = """
import json, os, socket, statistics, sys, time
port, calls = int(sys.argv[1]), int(sys.argv[2])
def accepted(listener):
    if os.fork() == 0:
        while True:
            listener.accept()[0].close()
    return listener.getsockname()
def measure(call, prepare=lambda s: None, family=socket.AF_INET):
    took = []
    for _ in range(calls):
        with socket.socket(family) as s:
            prepare(s)
            began = time.perf_counter_ns()
            call(s)
            took.append((time.perf_counter_ns() - began) / 1000)
    took.sort()
    return statistics.median(took), took[len(took) * 99 // 100]
accepted(socket.create_server(("127.0.0.1", port), backlog=1024))
other = accepted(socket.create_server(("127.0.0.1", 0), backlog=1024))
unix = socket.socket(socket.AF_UNIX)
unix.bind(chr(0) + f"harness-bench-{os.getpid()}")
unix.listen(1024)
path = accepted(unix)
# apart from the first, on an address of its own
result = {
    "`bind`": measure(lambda s: s.bind(("127.0.0.2", port)), lambda s: s.setsockopt(1, socket.SO_REUSEADDR, 1)),
    "`connect`": measure(lambda s: s.connect(("127.0.0.1", port))),
    "`connect`, non-blocking": measure(lambda s: s.connect_ex(("127.0.0.1", port)), lambda s: s.setblocking(False)),
    "`connect` to another port": measure(lambda s: s.connect(other)),
    "`connect` to a Unix socket": measure(lambda s: s.connect(path), family=socket.AF_UNIX),
}
with open("result.new", "w") as f:
    json.dump(result, f)
os.rename("result.new", "result")
time.sleep(100000)
"""

CONFIGURATION = """
[project]
name = "bench-network"
max_agents = 1
[ports]
web = {base}
{servers}
{network}
[processes.web]
command = "{python} -I {program} {port} {calls}"
"""


def measured(mapped):
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as directory:
        machine = Machine(BINARY, directory, 40)
        program = machine.directory / "program.py"
        program.write_text(PROGRAM)
        web = "{{ ports.web }}"
        machine.project = machine.make("project", CONFIGURATION.format(
            base=machine.base + 10,
            servers=NO_SERVERS,
            network=f'[network]\nmap = {{ {NAMED} = "{web}" }}' if mapped else "",
            python=PYTHON,
            program=program,
            port=NAMED if mapped else web,
            calls=CALLS,
        ))
        try:
            machine.harness("launch", 1)
            result, deadline = machine.project / "result", time.monotonic() + LIMIT
            while not result.exists():
                if time.monotonic() > deadline:
                    sys.exit((machine.home / "agents/1/logs/web.log").read_text())
                time.sleep(0.05)
            return json.loads(result.read_text())
        finally:
            machine.remove()


plain, mapped = measured(False), measured(True)
table(["microseconds", "plain", "p99", "mapped", "p99"], [[name, *plain[name], *mapped[name]] for name in plain])
