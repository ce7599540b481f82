"""A home whose belongings are counted: processes, databases, buckets, ports, files. Standard library only."""

import json
import os
import subprocess
import time
from pathlib import Path

from machine import PYTHON, SCHEMA, WEB, Machine

# every kind of belonging, and a process that leaves the group of its leader
PROJECT = """
[project]
name = "{name}"
max_agents = {agents}
[ports]
web = {web}
[infra]
engine = "native"
compose_project = "{name}-{base}"
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

# spares are made ready in the background
PATIENCE = 60


class Counted(Machine):
    def __init__(self, binary, directory, ports):
        super().__init__(binary, directory, ports)
        self.ports = ports
        self.environment["TMPDIR"] = str(self.directory / "tmp")
        (self.directory / "tmp").mkdir(mode=0o777)

    def make_project(self, name, agents):
        """The project that is counted, not yet committed."""
        configuration = PROJECT.format(name=name, agents=agents, web=self.base + 50, base=self.base, python=PYTHON)
        self.make("project", configuration)
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text(SCHEMA)

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
                if fields[3] == "0A" and self.base <= port < self.base + self.ports:
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


def print_counts(before, after):
    print("| | before | after |\n|---|---|---|")
    for name, count in before.items():
        print(f"| {name} | {count} | {after[name]} |")
