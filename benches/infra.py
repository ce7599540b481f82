"""The measurements behind infra.sh. Python's standard library only."""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import Machine

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])


class Servers(Machine):
    """A home of its own with a project that has nothing but the shared servers."""

    def __init__(self, directory, engine):
        super().__init__(BINARY, directory, 6)
        # docker needs its own variables
        self.environment = {**os.environ, **self.environment}
        self.name = f"harness-bench-{os.getpid()}"
        self.make("project", f'[project]\nname = "bench"\n[database]\ndisabled = true\n'
                             f'[infra]\nengine = "{engine}"\ncompose_project = "{self.name}"\n')

    def run(self, *arguments):
        """Seconds that a call takes, and what it says on the way."""
        milliseconds, result = self.harness(*arguments)
        return milliseconds / 1000, result

    def memory(self, engine):
        """MiB by service at rest."""
        if engine == "docker":
            names = subprocess.run(
                ["docker", "ps", "--filter", f"label=com.docker.compose.project={self.name}", "--format", "{{.Names}}"],
                check=True, capture_output=True, text=True,
            ).stdout.split()
            lines = subprocess.run(
                ["docker", "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *names],
                check=True, capture_output=True, text=True,
            ).stdout
            scale = {"KiB": 1 / 1024, "MiB": 1, "GiB": 1024}
            found = re.findall(r"^\S+?-([a-z-]+)-1 ([\d.]+)(\w+) /", lines.replace(self.name, "x"), re.M)
            return {service: float(number) * scale[unit] for service, number, unit in found}
        status = json.loads(self.run("infra", "ps", "--json")[1].stdout)
        return {row["name"]: tree_memory(row["pid"]) for row in status["services"] if row["pid"]}


def tree_memory(pid):
    """Proportional set size of a process and all below it, in MiB: shared pages count once."""
    children = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    total, queue = 0, [pid]
    while queue:
        process = queue.pop()
        queue.extend(children.get(process, ()))
        try:
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
    return total / 1024


STEP = re.compile(r"^infra: (.+?) done in (?:(\d+)m )?([\d.]+) (ms|s)$", re.M)


def steps(said):
    """Milliseconds by step, as harness itself tells them."""
    return {
        name: (int(minutes or 0) * 60_000) + float(number) * (1 if unit == "ms" else 1000)
        for name, minutes, number, unit in STEP.findall(said)
    }


def measure(engine):
    """Seconds of the three kinds of setup, milliseconds by step of the cold one, memory."""
    times = {"cold": [], "with kept data": [], "unchanged": []}
    by_step, memory = {}, {}
    for number in range(ROUNDS):
        directory = tempfile.mkdtemp(prefix="harness-bench-", dir="/tmp")
        machine = Servers(directory, engine)
        try:
            seconds, result = machine.run("setup")
            times["cold"].append(seconds)
            for step, milliseconds in steps(result.stderr).items():
                by_step.setdefault(step, []).append(milliseconds)
            times["unchanged"].extend(machine.run("setup")[0] for _ in range(5))
            if number == 0:
                # not a measure of the start: what it needs when nobody asks anything of it
                time.sleep(10)
                memory = machine.memory(engine)
            machine.run("teardown", "--infra")
            times["with kept data"].append(machine.run("setup")[0])
        finally:
            machine.run("teardown", "--infra", "--volumes")
            shutil.rmtree(directory)
    return times, by_step, memory


def has_docker():
    """Whether `auto` would be docker."""
    with tempfile.TemporaryDirectory(prefix="harness-bench-", dir="/tmp") as directory:
        machine = Servers(directory, "auto")
        try:
            return json.loads(machine.run("setup", "--json")[1].stdout)["infra"]["engine"] == "docker"
        finally:
            machine.run("teardown", "--infra", "--volumes")


engines = ["native", *(["docker"] if has_docker() else [])]
results = {engine: measure(engine) for engine in engines}
print(f"| `harness setup`, {ROUNDS} rounds, median (slowest) |", " | ".join(engines), "|")
print("|---|" + "--:|" * len(engines))
for kind in ("cold", "with kept data", "unchanged"):
    cells = [
        f"{statistics.median(results[engine][0][kind]) * 1000:.0f} ms ({max(results[engine][0][kind]) * 1000:.0f})"
        for engine in engines
    ]
    print(f"| {kind} |", " | ".join(cells), "|")
for engine in engines:
    print(f"\n| step of a cold setup, {engine} | median |\n|---|--:|")
    for step, values in results[engine][1].items():
        print(f"| {step} | {statistics.median(values):.0f} ms |")
print("\n| memory at rest |", " | ".join(engines), "|")
print("|---|" + "--:|" * len(engines))
services = sorted({service for _, _, memory in results.values() for service in memory})
for service in services:
    cells = [f"{results[e][2][service]:.0f} MiB" if service in results[e][2] else "-" for e in engines]
    print(f"| {service} |", " | ".join(cells), "|")
print("| all |", " | ".join(f"{sum(results[engine][2].values()):.0f} MiB" for engine in engines), "|")
