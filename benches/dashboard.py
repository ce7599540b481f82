"""The measurements behind dashboard.sh. Python's standard library only."""

import http.client
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from machine import NO_SERVERS, PYTHON, WEB, Machine, commit, table

BINARY, MODULES, MINUTES, STACKS = Path(sys.argv[1]).resolve(), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
# logs and scrollback are full by then
WARM = min(2.5, MINUTES / 3)
# what may come and go between two samples
SLACK = {"heap": 1.0, "nodes": 300, "listeners": 20, "documents": 1}

PROJECT = """
[project]
name = "dashboard"
[ports]
web = {web}
{no_servers}
[launch]
timeout = "300s"
[processes.web]
command = "{python} -I -S {{{{ project_root }}}}/web.py {{{{ ports.web }}}}"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.5 }}
[processes.talk]
command = "while :; do for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i of the log; done; sleep {pause}; done"
"""


class Dashboard(Machine):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 1100)
        self.port = self.base + 7
        self.make("project", PROJECT.format(web=self.base + 50, python=PYTHON, no_servers=NO_SERVERS, pause=0.5))
        (self.project / "web.py").write_text(WEB)
        commit(self.project)
        self.process = None

    def serve(self):
        self.process = subprocess.Popen([self.binary, "serve", "--port", str(self.port)], cwd=self.project,
                                        env=self.environment, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "serving at" not in line:
            raise RuntimeError(line)
        self.token = (self.home / "serve/token").read_text().strip()

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait(40)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body or {}), {"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300 and answer.status != 429:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def resident(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


def keep_changing(machine, stop):
    """A restart a second, from agent to agent: five changes of state, and a job that begins, tells and ends."""
    for number in itertools.cycle(range(1, STACKS + 1)):
        if stop.wait(1):
            return
        machine.ask("POST", f"/api/agents/{number}/restart", {"processes": ["web"]})


def main():
    grown = []
    with tempfile.TemporaryDirectory(prefix="dashboard-") as directory:
        machine = Dashboard(directory)
        stop = threading.Event()
        try:
            machine.harness("setup")
            machine.harness("launch", "--all", STACKS)
            machine.serve()
            talk = "while :; do seq -f '%g is a line of the session' 1 20; sleep 0.2; done"
            machine.ask("POST", "/api/sessions", {"agent": 1, "command": ["sh", "-c", talk], "name": "work"})
            link = json.loads(machine.harness("open", "--dashboard", "--json")[1].stdout)["url"]
            changes = threading.Thread(target=keep_changing, args=(machine, stop))
            changes.start()
            script = Path(__file__).with_name("dashboard.mjs")
            pages = ["/", "/agents/1", "/agents/1/sessions/work"]
            words = ["node", str(script), MODULES, f"http://127.0.0.1:{machine.port}", link, str(MINUTES), str(WARM), *pages]
            before = machine.resident()
            result = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=MINUTES * 60 + 120)
            after = machine.resident()
            if result.returncode:
                raise RuntimeError("the browser's script failed")
            events = machine.ask("GET", "/observability/stats")
            seen = json.loads(result.stdout)
        finally:
            stop.set()
            machine.end()
            machine.remove()
            shutil.rmtree(machine.project, ignore_errors=True)
    rows = []
    for page in seen["pages"]:
        first, last = page["samples"][0], page["samples"][-1]
        for name, slack in SLACK.items():
            most = max(sample[name] for sample in page["samples"])
            rows.append([f"`{page['path']}` {name}", first[name], last[name], most])
            # the last third against the first: one sample may have met garbage that is still held
            third = max(1, len(page["samples"]) // 3)
            early, late = (min(sample[name] for sample in part) for part in (page["samples"][:third], page["samples"][-third:]))
            if late > early * 1.1 + slack:
                grown.append(f"`{page['path']}`: {name} went from {early:.1f} to {late:.1f}")
        rows.append([f"`{page['path']}` layout shift", first["shift"], last["shift"], last["shift"]])
    rows.append(["`harness serve` resident, MB", before, after, max(before, after)])
    head = [f"{STACKS} agents, {MINUTES:g} minutes, {seen['hidden']} pages hidden", f"after {WARM:g} min", "at the end", "most"]
    table(head, rows)
    print(f"\n{json.dumps(events)[:600]}", file=sys.stderr)
    for line in grown:
        print(line, file=sys.stderr)
    sys.exit(1 if grown else 0)


main()
