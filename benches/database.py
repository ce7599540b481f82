"""The measurements behind database.sh. Python's standard library only."""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from machine import Machine, commit, table

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
PLACES = sys.argv[3:] or ["installed", "18", "xfs"]
AT_ONCE = 7
# rows of 1 KiB
FILLER = "CREATE TABLE filler AS SELECT n, repeat(md5(n::text), 30) AS body FROM generate_series(1, {rows}) AS n;\n"
TABLES = "".join(
    f"CREATE TABLE t{n} (id serial PRIMARY KEY, body text); INSERT INTO t{n} (body) VALUES ('row');\n" for n in range(2000))
TEMPLATES = {
    "10 MB": FILLER.format(rows=3 * 1024),
    "200 MB": FILLER.format(rows=192 * 1024),
    "1 GB": FILLER.format(rows=1000 * 1024),
    "2,000 tables": TABLES,
}
PROJECT = """
[project]
name = "{name}"
max_agents = 20
[ports]
web = {web}
[infra]
engine = "native"
[infra.postgres]
settings = {{ log_min_duration_statement = "0" }}
[infra.s3]
disabled = true
[infra.mail]
disabled = true
[infra.browser]
disabled = true
[database]
spares = 0
[database.template]
steps = [{{ name = "schema", sql = "schema.sql", timeout = "30m" }}]
"""
HAND_OUT = re.compile(r'ALTER DATABASE "?spare_\w+"? RENAME TO "?agent_')
STATEMENT = re.compile(r"\[(\d+)\] .*duration: ([0-9.]+) ms  statement: (.*)")


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Server(Machine):
    """A home with a server; a project for each template, one after another."""

    def __init__(self, directory, postgres):
        super().__init__(BINARY, directory, 300)
        self.environment["HARNESS_POSTGRES"] = postgres

    def begin(self, name, schema):
        slug = "p" + re.sub("[^a-z0-9]", "", name.lower())
        self.project = self.make(slug, PROJECT.format(name=slug, web=self.base + 50))
        (self.project / "schema.sql").write_text(schema)
        commit(self.project)

    def spares(self, count):
        text = (self.project / "harness.toml").read_text()
        (self.project / "harness.toml").write_text(re.sub(r"(?m)^spares = \d+", f"spares = {count}", text))

    def launch(self, *agents):
        """Milliseconds of the whole, and of each agent's step `database`."""
        whole, result = self.harness("launch", *agents, "--json")
        steps = [{step["name"]: step["duration_ms"] for step in agent["steps"]} for agent in json.loads(result.stdout)["agents"]]
        return whole, [step["database"] for step in steps]

    def teardown(self, *agents):
        self.harness("teardown", *agents)

    def psql(self, *statements):
        """What the statements print, and the milliseconds of the last one, as psql times it."""
        record = json.loads((self.home / "infra/record.json").read_text())["credentials"]
        command = ["psql", "-XqAt", "-h", "127.0.0.1", "-p", self.environment["AGENT_DB_PORT"], "-U", record["postgres_user"],
                   "-d", "postgres", "-v", "ON_ERROR_STOP=1"]
        text = ";\n".join(statements[:-1] + ("\\timing on\n" + statements[-1],)) + ";\n"
        environment = {**self.environment, "PGPASSWORD": record["postgres_password"]}
        said = subprocess.run(command, input=text, env=environment, check=True, capture_output=True, text=True).stdout
        return said, float(re.findall(r"Time: ([0-9.]+) ms", said)[-1])

    def template(self):
        said, _ = self.psql("select datname from pg_database where datname ~ '^tpl_[0-9a-f]{12}$' "
                            f"and shobj_description(oid, 'pg_database') ~ ' {self.project.name} '")
        return next(line for line in said.splitlines() if line.startswith("tpl_"))

    def raw(self, name, strategy):
        """A copy by SQL alone; it is dropped by the caller."""
        before = ["set file_copy_method = 'clone'"] if strategy and self.major() >= 18 else []
        _, took = self.psql(*before, f"create database {name} template {self.template()}" +
                            (f" strategy {strategy}" if strategy else ""))
        return took

    def drop(self, *names):
        for name in names:
            self.psql(f"drop database {name} with (force)")

    def major(self):
        if not hasattr(self, "version"):
            said, _ = self.psql("show server_version_num")
            self.version = int(said.splitlines()[0]) // 10000
        return self.version

    def await_spares(self, count):
        query = ("select count(*) from pg_database where datname ~ '^spare_[0-9a-f]+_[0-9]+$' "
                 f"and shobj_description(oid, 'pg_database') ~ ' {self.project.name} '")
        deadline = time.time() + 300
        while time.time() < deadline:
            if int(self.psql(query)[0].splitlines()[0]) >= count:
                return
            time.sleep(0.05)
        raise RuntimeError(f"no {count} spares: {(self.home / 'infra/spares.log').read_text()}")

    def log(self):
        found = [path for path in (self.home / "infra/logs").glob("*") if path.name.startswith("db")]
        return max(found, key=lambda path: path.stat().st_size if path.suffix in ("", ".log") else 0)

    def hand_outs(self, since):
        """Of each session since then that has handed a spare out: that statement, and all statements, in milliseconds."""
        with self.log().open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
        sessions = {}
        for pid, took, statement in STATEMENT.findall(text):
            sessions.setdefault(pid, []).append((float(took), statement))
        found = []
        for statements in sessions.values():
            taking = [took for took, statement in statements if HAND_OUT.match(statement)]
            if taking:
                found.append((taking[0], sum(took for took, _ in statements)))
        return found


def cell(value):
    return "" if value is None else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def measure(server, name, schema):
    """One template: the row of the table."""
    rounds = max(5, ROUNDS // 3) if name == "1 GB" else ROUNDS
    server.begin(name, schema)
    server.launch(1)
    server.teardown(1)
    size, _ = server.psql(f"select pg_database_size('{server.template()}')")
    raw, clones = [], []
    for _ in range(rounds):
        raw.append(server.raw("raw_copy", "file_copy"))
        server.drop("raw_copy")
        clones.extend(server.launch(1)[1])
        server.teardown(1)

    server.launch(1)
    server.harness("db", 1, "snapshot", "kept")
    restores = [server.harness("db", 1, "restore", "kept")[0] for _ in range(rounds)]
    idle = [server.harness("db", 1, "list")[0] for _ in range(5)]

    server.spares(2)
    server.harness("db", 1, "reset", "--yes")
    steps, wholes, since = [], [], server.log().stat().st_size
    for _ in range(rounds):
        server.await_spares(2)
        whole, step = server.launch(2)
        steps.extend(step)
        wholes.append(whole)
        server.teardown(2)
    server.await_spares(2)
    statements = server.hand_outs(since)
    server.spares(0)
    # a launch that wants none drops them
    server.harness("launch", 1)
    server.teardown(1)
    raw_median, clone, restore = map(statistics.median, (raw, clones, restores))
    restore -= statistics.median(idle)
    taken = [taken for taken, _ in statements]
    sessions = [session for _, session in statements]
    return [
        name, f"{int(size.splitlines()[0]) / 1e6:.0f}", cell(raw_median), cell(clone), f"{clone / raw_median:.2f}",
        cell(restore), f"{restore / clone:.2f}",
        f"{cell(statistics.median(taken))} / {cell(percentile(taken, 0.95))}" if taken else "",
        f"{cell(statistics.median(sessions))} / {cell(percentile(sessions, 0.95))}" if taken else "",
        f"{cell(statistics.median(steps))} / {cell(percentile(steps, 0.95))}",
        f"{cell(statistics.median(wholes))} / {cell(percentile(wholes, 0.95))}",
        f"{len(taken)} of {rounds}",
    ]


def at_once(server, schema):
    """Seven agents at once beside seven raw copies, with the server's default strategy and with the best one."""
    server.begin("seven", schema)
    server.launch(1)
    server.teardown(1)
    agents = list(range(1, AT_ONCE + 1))
    names = [f"raw_{number}" for number in agents]
    times = {"default": [], "best": [], "harness": []}
    for _ in range(3):
        for kind, strategy in (("default", None), ("best", "file_copy")):
            began = time.perf_counter()
            copies = [threading.Thread(target=retried, args=(server, name, strategy)) for name in names]
            for copy in copies:
                copy.start()
            for copy in copies:
                copy.join()
            times[kind].append((time.perf_counter() - began) * 1000)
            server.drop(*names)
        _, steps = server.launch(*agents)
        times["harness"].append(max(steps))
        server.teardown(*agents)
    default, best, own = (statistics.median(times[kind]) for kind in ("default", "best", "harness"))
    return [cell(default), cell(best), cell(own), f"{own / default:.2f}"]


def retried(server, name, strategy):
    while True:
        try:
            return server.raw(name, strategy)
        except subprocess.CalledProcessError as error:
            # of several copies of one template at once, the server refuses some
            if "being accessed by other users" not in error.stderr:
                raise
            time.sleep(0.01)


@contextlib.contextmanager
def place(name):
    """A directory on the file system that is meant, and which PostgreSQL."""
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="harness-bench-", dir="/tmp"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        if name != "xfs":
            yield directory, "installed" if name == "installed" else "download"
            return
        image, mount = directory / "image", directory / "mount"
        mount.mkdir()
        with image.open("wb") as file:
            file.truncate(20 << 30)
        subprocess.run(["mkfs.xfs", "-q", "-m", "reflink=1", image], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True, capture_output=True)
        stack.callback(subprocess.run, ["umount", mount], check=False)
        directory.chmod(0o711)
        home = mount / "bench"
        home.mkdir()
        yield home, "download"


def run(name):
    with place(name) as (directory, postgres):
        server = Server(directory, postgres)
        try:
            rows = []
            for template in TEMPLATES.items():
                rows.append(measure(server, *template))
                # the whole takes a while
                print(rows[-1], file=sys.stderr, flush=True)
            seven = at_once(server, TEMPLATES["200 MB"])
            copies = server.harness("template", "list")[1].stdout
        finally:
            server.remove()
        version = server.major()
    file_system = "XFS with reflinks, by loop" if name == "xfs" else subprocess.run(
        ["stat", "-f", "-c", "%T", "/tmp"], capture_output=True, text=True, check=True).stdout.strip()
    table(
        ["template", "MB", "raw", "clone", "to raw", "restore", "to clone", "hand-out: statement", "its session",
         "step `database`", "whole launch", "spares found"],
        rows,
        f"PostgreSQL {version} on {file_system}; milliseconds, medians; of hand-outs p50 / p95; {os.cpu_count()} cores",
    )
    table(["default strategy", "best strategy", "harness", "to default"], [seven],
          f"{AT_ONCE} copies of 200 MB at once, milliseconds until the last")
    print(copies, file=sys.stderr)


for chosen in PLACES:
    if chosen == "xfs" and (os.geteuid() != 0 or not shutil.which("mkfs.xfs")):
        print("\nskipped: XFS needs root and mkfs.xfs (package xfsprogs)", flush=True)
        continue
    run(chosen)
