"""The measurements behind fleet.sh. Python's standard library only."""

import json
import shutil
import signal
import statistics
import sys
import tempfile
from pathlib import Path

from machine import PYTHON, SCHEMA, WEB, Machine

BINARY = Path(sys.argv[1]).resolve()
AGENTS = int(sys.argv[2])
ROUNDS = int(sys.argv[3])
LIMIT = 300

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

class Fleet(Machine):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 1100)
        self.make("project", PROJECT.format(web=self.base + 50, base=self.base, python=PYTHON))
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text(SCHEMA)

    def median(self, *arguments):
        return statistics.median(self.harness(*arguments)[0] for _ in range(ROUNDS))


def main():
    over = []
    print(f"| {AGENTS} agents, native engine, medians of {ROUNDS} | ms |\n|---|---:|")

    def row(name, took):
        # at once, so that a failure later on takes no figure with it
        print(f"| {name} | {took:.0f} |", flush=True)

    with tempfile.TemporaryDirectory(prefix="fleet-") as directory:
        machine = Fleet(directory)
        try:
            machine.harness("setup")
            row(f"launch of {AGENTS} agents", machine.harness("launch", "--all", AGENTS)[0])
            healthy = [it for it in json.loads(machine.harness("status", "--json")[1].stdout)["agents"] if it["state"] == "healthy"]
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
            machine.remove()
            shutil.rmtree(machine.project, ignore_errors=True)
    for line in over:
        print(line, file=sys.stderr)
    sys.exit(1 if over else 0)


# whoever ends it is not left with its servers
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
