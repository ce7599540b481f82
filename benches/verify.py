"""The measurements behind verify.sh. Python's standard library only."""

import json
import sys
import tempfile
from pathlib import Path

from machine import NO_SERVERS, PYTHON, Machine, commit, spread, table

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
SLEEP = 0.2

CONFIGURATION = f"""
[project]
name = "bench"
max_agents = 3
{NO_SERVERS}
[processes.idle]
command = "sleep 100000"
[[verify.stages]]
name = "quick"
commands = [
  {{ name = "one", run = "sleep {SLEEP}" }},
  {{ name = "two", run = "sleep {SLEEP / 2}" }},
  {{ name = "three", run = "true" }},
]
[[verify.stages]]
name = "flood"
full = true
commands = [{{ name = "all", run = "head -c 100000000 flood; exit 1" }}]
[[verify.stages]]
name = "suite"
full = true
commands = [{{ name = "suite", run = "{PYTHON} suite.py" }}]
"""
UNWATCHED = """
[verify]
watch_network = false
"""

# A test suite that makes a connection for each of its tests, to a server that it starts.
SUITE = """
import http.client, http.server, threading, unittest

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *arguments):
        pass

class Suite(unittest.TestCase):
    def test_all(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(20_000):
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", "/")
            self.assertEqual(connection.getresponse().read(), b"ok")
            connection.close()

unittest.main()
"""


def make(machine, files, more=""):
    # the table of a name stands before the lists in it
    before, between, after = CONFIGURATION.partition("[[verify.stages]]")
    project = machine.make(f"project-{files}{'-unwatched' if more else ''}", before + more + between + after)
    (project / ".gitignore").write_text("/flood\n")
    for number in range(files):
        file = project / f"src/{number % 200}/{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"file {number}\n" * 20)
    commit(project)
    return project


def watched(machine, agents):
    """A suite of 20,000 connections, as it is and watched, in turns."""
    times = {name: [] for name in agents}
    for _ in range(5):
        for name, (agent, project) in agents.items():
            (project / "suite.py").write_text(SUITE)
            document = json.loads(machine.harness("verify", agent, "--stage", "suite", root=project)[1].stdout)
            assert document["network"] == name, document
            suite = next(stage for stage in document["stages"] if stage["name"] == "suite")
            times[name].append(suite["commands"][0]["duration_ms"])
    return [spread(f"a suite of 20,000 connections, {name}", durations) for name, durations in times.items()]


def main():
    rows = []
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as directory:
        machine = Machine(BINARY, directory, 6)
        for agent, files in ((1, 10), (2, 20_000)):
            project = make(machine, files)
            machine.harness("launch", agent, root=project)
            try:
                over, inside, status = [], [], []
                for _ in range(ROUNDS):
                    wall, result = machine.harness("verify", agent, root=project)
                    document = json.loads(result.stdout)
                    slowest = max(command["duration_ms"] for command in document["stages"][0]["commands"])
                    over.append(wall - SLEEP * 1000)
                    inside.append(document["total_duration_ms"] - slowest)
                    # exits with 1: the whole plan has not passed yet
                    status.append(machine.harness("verify", agent, "--status", root=project, check=False)[0])
                rows.append(spread(f"verify over its slowest command, {files} files: whole process", over))
                rows.append(spread(f"verify over its slowest command, {files} files: as reported", inside))
                rows.append(spread(f"verify --status, {files} files", status))
                if agent == 1:
                    line = b"a line of fifty characters, none of which matters\n"
                    (project / "flood").write_bytes(line * (100_000_000 // len(line)))
                    flood = ["verify", agent, "--stage", "flood"]
                    floods = [machine.harness(*flood, root=project, check=False)[0] for _ in range(3)]
                    rows.append(spread("a command that prints 100 MB and fails", floods))
                    other = make(machine, files, UNWATCHED)
                    machine.harness("launch", 3, root=other)
                    rows.extend(watched(machine, {"unwatched": (3, other), "watched": (agent, project)}))
                    machine.harness("teardown", 3, "--force", root=other)
            finally:
                machine.harness("teardown", agent, "--force", root=project)
        machine.harness("teardown", "--infra", "--volumes", root=machine.directory)
    table(["what, in ms", "median", "least", "most"], rows)


main()
