"""The counting behind soak.sh. Python's standard library only."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from counted import Counted, print_counts
from machine import PYTHON, SCHEMA, WEB

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])

PROJECT = """
[project]
name = "soak"
max_agents = 10
[ports]
web = {web}
[infra]
engine = "native"
compose_project = "soak-{base}"
[infra.browser]
disabled = true
[env]
DATABASE_URL = "{{{{ database.url }}}}"
S3_BUCKET = "{{{{ s3.bucket }}}}"
[database.template]
steps = [{{ name = "schema", sql = "schema.sql" }}]
[processes.web]
command = "{python} -I -S -c 'exec(open(\\"web.py\\").read())' {{{{ ports.web }}}}"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.2 }}
[processes.job]
command = "sh -c 'sleep 100000 & setsid sleep 100000 & wait'"
"""

class Soak(Counted):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 200)
        self.make("project", PROJECT.format(web=self.base + 50, base=self.base, python=PYTHON))
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text(SCHEMA)

    def took(self, *arguments):
        return self.harness(*arguments, timeout=300)[0]

    def memory(self):
        """Kilobytes of memory of their own that the infra's supervisor and guardian have."""
        total = 0
        for pid in self.own():
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2] in ([b"__guardian"], [b"__supervisor"]):
                for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                    total += int(line.split()[1]) if line.startswith("RssAnon") else 0
        return total


def main():
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        machine = Soak(directory)
        try:
            # the template and its spares are there from here on
            machine.harness("launch", "3")
            machine.harness("teardown", "3")
            before, memory = machine.settled(), machine.memory()
            launches, teardowns = [], []
            for number in range(1, ROUNDS + 1):
                launches.append(machine.took("launch", "3"))
                teardowns.append(machine.took("teardown", "3"))
                if number % 20 == 0:
                    print(f"{number} of {ROUNDS} rounds", file=sys.stderr)
            after = machine.settled(before)
            grown = machine.memory() - memory
        finally:
            machine.remove()
            left = machine.own()
            shutil.rmtree(machine.project, ignore_errors=True)
    print_counts(before, after)
    print(f"\n{ROUNDS} rounds; launch {statistics.median(launches):.0f} ms, teardown {statistics.median(teardowns):.0f} ms "
          f"(medians), the slowest {max(launches):.0f} and {max(teardowns):.0f} ms; the infra's supervisor and guardian "
          f"grew by {grown} kB of their own. Processes left at the very end: {len(left)}.")
    sys.exit(0 if before == after and not left else 1)


main()
