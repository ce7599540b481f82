"""The measurements behind footprint.sh. Python's standard library only."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import Machine, commit, git, table

BINARY = Path(sys.argv[1]).resolve()
AGENTS = int(sys.argv[2])
SECONDS = float(sys.argv[3])
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# what differs from the example as it is
LOCAL = """
[ports]
frontend = {0}
api = {1}
[infra]
engine = "native"
compose_project = "footprint-{0}"
[launch]
timeout = "1200s"
"""
# in that directory, where the example gives each agent a tree of its own
TREES = {"shop": """
[worktree]
path = "%s/{{ id }}"
"""}


def disk(*paths):
    """Megabytes that the files take; what is in several of them counts once."""
    present = [str(path) for path in paths if path.exists()]
    if not present:
        return 0.0
    said = subprocess.run(["du", "--summarize", "--total", "--block-size=1K", *present], check=True, capture_output=True, text=True)
    return int(said.stdout.splitlines()[-1].split()[0]) / 1000


def measure(name):
    with tempfile.TemporaryDirectory(prefix="footprint-") as directory:
        machine = Machine(BINARY, directory, 150)
        root, trees = machine.project, machine.directory / "trees"
        root.mkdir()
        archive = subprocess.run(["git", "archive", f"HEAD:examples/{name}"], cwd=EXAMPLES.parent, check=True, capture_output=True)
        subprocess.run(["tar", "-x"], cwd=root, input=archive.stdout, check=True)
        git(root, "init", "-q")
        commit(root)
        (root / "harness.local.toml").write_text(LOCAL.format(machine.base + 50, machine.base + 51)
                                               + TREES.get(name, "").replace("%s", str(trees)))
        (root / ".git/info/exclude").write_text("harness.local.toml\n")
        # what is compiled already need not be compiled again
        if (EXAMPLES / name / "target").is_dir():
            shutil.copytree(EXAMPLES / name / "target", root / "target", symlinks=True)
        try:
            machine.harness("setup")
            shared_disk = disk(machine.home)
            for agent in range(1, AGENTS + 1):
                machine.harness("launch", agent)
            time.sleep(SECONDS)
            agents_disk = disk(machine.home) - shared_disk
            stacks = json.loads(machine.harness("stats", "--json")[1].stdout)["stacks"]
            memory = {stack["stack"]: stack["total"]["pss_bytes"] / 1e6 for stack in stacks}
            shared = memory.pop("infra")
            assert len(memory) == AGENTS, memory
            processes = [(stack["stack"], row["name"], row["usage"]["pss_bytes"] / 1e6)
                         for stack in stacks if stack["agent"] in (None, 1) for row in stack["processes"] if row["usage"]]
            return {
                "an agent: memory": sum(memory.values()) / AGENTS,
                "an agent: database, bucket, logs": agents_disk / AGENTS,
                "an agent: a work tree of its own": disk(trees) / AGENTS,
                "shared: memory": shared,
                "shared: servers and template on disk": shared_disk,
                "shared: the project's root": disk(root),
            }, processes
        finally:
            machine.remove()
            shutil.rmtree(trees, ignore_errors=True)


def main():
    found = {name: measure(name) for name in sys.argv[4:] or ("board", "shop")}
    rows = [[what, *(figures[what] for figures, _ in found.values())] for what in next(iter(found.values()))[0]]
    table([f"MB, {AGENTS} agents", *found], rows)
    for name, (_, processes) in found.items():
        table(["process", "PSS, MB"], [[f"{stack}: {process}", size] for stack, process, size in processes], name)


# whoever ends it is not left with its servers
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
