"""The measurements behind fleet.sh. Python's standard library only."""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY = Path(sys.argv[1]).resolve()
AGENTS = int(sys.argv[2])
ROUNDS = int(sys.argv[3])
LIMIT = 300
INFRA = ["DB", "MINIO", "MINIO_CONSOLE", "BROWSER", "MAILPIT_SMTP", "MAILPIT_WEB"]

PROJECT = """
[project]
name = "fleet"
[ports]
web = {web}
[infra]
engine = "native"
compose_project = "fleet-{base}"
[infra.browser]
disabled = true
[env]
DATABASE_URL = "{{{{ database.url }}}}"
S3_BUCKET = "{{{{ s3.bucket }}}}"
[database.template]
steps = [{{ name = "schema", sql = "schema.sql" }}]
[launch]
timeout = "300s"
[processes.web]
command = "{python} -I -S {{{{ project_root }}}}/web.py {{{{ ports.web }}}}"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.5 }}
"""

WEB = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    listener.accept()[0].close()
"""


def free_base(count):
    """The first of `count` free ports in a row, apart from the kernel's ephemeral range and from those of tests."""
    for base in range(14_000, 19_900 - count, 500):
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    sys.exit("no free ports")


class Machine:
    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.chmod(0o711)
        base = free_base(1100)
        self.environment = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
        self.environment["HARNESS_HOME"] = str(self.directory / "home")
        for number, name in enumerate(INFRA):
            self.environment[f"AGENT_{name}_PORT"] = str(base + number)
        self.project = self.directory / "project"
        self.project.mkdir()
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        (self.project / "harness.toml").write_text(PROJECT.format(web=base + 50, base=base, python=python))
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text("CREATE TABLE items (id serial PRIMARY KEY, name text);\n")
        subprocess.run(["git", "init", "-q"], cwd=self.project, check=True)

    def harness(self, *arguments):
        """Milliseconds and stdout."""
        began = time.perf_counter()
        result = subprocess.run([BINARY, *map(str, arguments)], cwd=self.project, env=self.environment,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1800)
        duration = (time.perf_counter() - began) * 1000
        if result.returncode:
            raise RuntimeError(f"harness {' '.join(map(str, arguments))}: exit status {result.returncode}\n"
                               f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return duration, result.stdout

    def median(self, *arguments):
        return statistics.median(self.harness(*arguments)[0] for _ in range(ROUNDS))


def main():
    over = []
    print(f"| {AGENTS} agents, native engine, medians of {ROUNDS} | ms |\n|---|---:|")

    def row(name, took):
        # at once, so that a failure later on takes no figure with it
        print(f"| {name} | {took:.0f} |", flush=True)

    with tempfile.TemporaryDirectory(prefix="fleet-") as directory:
        machine = Machine(directory)
        try:
            machine.harness("setup")
            row(f"launch of {AGENTS} agents", machine.harness("launch", "--all", AGENTS)[0])
            healthy = [it for it in json.loads(machine.harness("status", "--json")[1])["agents"] if it["state"] == "healthy"]
            if len(healthy) != AGENTS:
                raise RuntimeError(f"{len(healthy)} of {AGENTS} agents are healthy")
            for arguments in (["status"], ["status", "--json"], ["ports"], ["ports", "--json"], ["status", 3]):
                took = machine.median(*arguments)
                row(f"`{' '.join(map(str, arguments))}`", took)
                if took > LIMIT:
                    over.append(f"`{' '.join(map(str, arguments))}` took {took:.0f} ms, more than {LIMIT}")
            row("launch of one agent beside them, nothing to do", machine.median("launch", 3))
            row(f"teardown of {AGENTS} agents", machine.harness("teardown", "--all", "--force")[0])
        finally:
            for arguments in (["teardown", "--all", "--force"], ["teardown", "--infra", "--volumes", "--force"]):
                try:
                    machine.harness(*arguments)
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    print(error, file=sys.stderr)
            shutil.rmtree(machine.project, ignore_errors=True)
    for line in over:
        print(line, file=sys.stderr)
    sys.exit(1 if over else 0)


# whoever ends it is not left with its servers
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
