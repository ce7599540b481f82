"""The counting behind soak.sh. Python's standard library only."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import PYTHON, SCHEMA, WEB, Machine

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
# spares are made ready in the background
PATIENCE = 60

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

class Soak(Machine):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 200)
        self.environment["TMPDIR"] = str(self.directory / "tmp")
        (self.directory / "tmp").mkdir(mode=0o777)
        self.make("project", PROJECT.format(web=self.base + 50, base=self.base, python=PYTHON))
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text(SCHEMA)

    def took(self, *arguments):
        return self.harness(*arguments, timeout=300)[0]

    def own(self):
        """Processes that bear the home in their command line or environment."""
        found = []
        identity = str(self.directory).encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if identity in (entry / "cmdline").read_bytes() or identity in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def sql(self, query):
        record = json.loads((self.home / "infra/record.json").read_text())
        credentials = record["credentials"]
        environment = {**self.environment, "PGPASSWORD": credentials["postgres_password"]}
        return subprocess.run(
            ["psql", "-XAt", "-h", "127.0.0.1", "-p", self.environment["AGENT_DB_PORT"], "-U", credentials["postgres_user"],
             "-d", "postgres", "-c", query], env=environment, check=True, capture_output=True, text=True).stdout.strip()

    def count(self):
        processes = self.own()
        # backends of PostgreSQL come and go
        lasting = [pid for pid in processes if b"postgres: " not in Path(f"/proc/{pid}/cmdline").read_bytes()[:10]]
        listening = set()
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                port = int(fields[1].rpartition(":")[2], 16)
                if fields[3] == "0A" and self.base <= port < self.base + 200:
                    listening.add(port)
        files = 0
        for root, directories, names in os.walk(self.directory):
            # what PostgreSQL keeps there is counted as databases
            directories[:] = [it for it in directories if not (it == "data" and (Path(root) / it / "PG_VERSION").exists())]
            files += len(names) + len(directories)
        buckets = [it for it in (self.home / "infra").glob("minio/data/*") if it.is_dir() and not it.name.startswith(".")]
        return {
            "processes": len(lasting),
            "databases": int(self.sql("select count(*) from pg_database")),
            "roles": int(self.sql("select count(*) from pg_roles")),
            "buckets": len(buckets),
            "listening ports": len(listening),
            "file descriptors": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in lasting),
            "files and directories": files,
        }

    def settled(self, expected=None):
        """Counts until nothing moves any more, and it is as expected."""
        deadline = time.time() + PATIENCE
        before = None
        while True:
            try:
                now = self.count()
            except OSError:
                # a process went away under the count
                now = None
            if now is not None and now == before and (expected in (None, now) or time.time() > deadline):
                return now
            if time.time() > deadline + PATIENCE:
                return now
            before = now
            time.sleep(1)

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
    print("| | before | after |\n|---|---|---|")
    for name, count in before.items():
        print(f"| {name} | {count} | {after[name]} |")
    print(f"\n{ROUNDS} rounds; launch {statistics.median(launches):.0f} ms, teardown {statistics.median(teardowns):.0f} ms "
          f"(medians), the slowest {max(launches):.0f} and {max(teardowns):.0f} ms; the infra's supervisor and guardian "
          f"grew by {grown} kB of their own. Processes left at the very end: {len(left)}.")
    sys.exit(0 if before == after and not left else 1)


main()
