"""The measurements behind launch.sh. Python's standard library only."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from machine import Machine, spread, table

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
REPOSITORY = Path(__file__).resolve().parent.parent
AGENT = 3
STACKS = 8


class Board(Machine):
    """A home of its own, with a copy of the example."""

    def __init__(self, directory):
        super().__init__(BINARY, directory, 300)
        self.project = self.directory / "board"
        self.ports = {"frontend": self.base + 100, "api": self.base + 101}
        self.copy_example()

    def copy_example(self):
        example = REPOSITORY / "examples/board"
        files = subprocess.run(
            ["git", "ls-files", "-z"], cwd=example, check=True, capture_output=True, text=True
        ).stdout.split("\0")
        for name in filter(None, files):
            target = self.project / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # with its times, so that cargo finds nothing to do
            shutil.copy2(example / name, target)
        (self.project / "target").symlink_to(example / "target")
        text = (self.project / "harness.toml").read_text()
        text = text.replace('name = "board"', 'name = "board"\nmax_agents = 10', 1)
        text = text.replace("frontend = 3000", f"frontend = {self.ports['frontend']}")
        text = text.replace("api = 8000", f"api = {self.ports['api']}")
        # without the browser: it would only add noise
        text += '\n[infra]\nengine = "native"\n[infra.browser]\ndisabled = true\n'
        (self.project / "harness.toml").write_text(text)
        subprocess.run(["git", "init", "-q"], cwd=self.project, check=True)

    def port(self, name, agent=AGENT):
        return self.ports[name] + 10 * agent

    def agent(self, *arguments):
        """For a verb whose document has one agent."""
        duration, result = self.harness(*arguments, "--json")
        return duration, json.loads(result.stdout)["agents"][0]


def wait_for_http(port, path):
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (OSError, urllib.error.URLError):
            time.sleep(0.0005)


def wait_for_line(stream, text):
    for line in stream:
        if text in line:
            return


def own_boot(machine):
    """How long the application takes by itself, in the order that its dependencies ask for."""
    _, result = machine.harness("env", str(AGENT), "--json")
    environment = {**machine.environment, **json.loads(result.stdout)["variables"]}

    def start(role, **options):
        return subprocess.Popen(
            [machine.project / "target/debug/board", role], cwd=machine.project, env=environment, **options
        )

    quiet = {"stdout": subprocess.DEVNULL}
    began = time.perf_counter()
    children = [start("api", **quiet)]
    wait_for_http(machine.port("api"), "/health")
    children += [start("web", **quiet), start("worker", stdout=subprocess.PIPE, text=True)]
    wait_for_http(machine.port("frontend"), "/health")
    wait_for_line(children[2].stdout, "worker ready")
    duration = (time.perf_counter() - began) * 1000
    for child in children:
        child.terminate()
    for child in children:
        child.wait()
    return duration


def measure(machine):
    setup, _ = machine.harness("setup")
    cold, _ = machine.agent("launch", str(AGENT))

    second = [machine.agent("launch", str(AGENT))[0] for _ in range(2 * ROUNDS)]

    machine.harness("stop", str(AGENT))
    boot = [own_boot(machine) for _ in range(ROUNDS)]
    machine.harness("teardown", str(AGENT))

    launches, teardowns, inside, steps = [], [], [], {}
    for _ in range(ROUNDS):
        duration, agent = machine.agent("launch", str(AGENT))
        launches.append(duration)
        inside.append(agent["duration_ms"])
        for step in agent["steps"]:
            steps.setdefault(step["name"], []).append(step["duration_ms"])
        teardowns.append(machine.harness("teardown", str(AGENT))[0])

    every = [str(number) for number in range(1, STACKS + 1)]
    eight, _ = machine.harness("launch", *every)
    status = [machine.harness("status", "--json")[0] for _ in range(5 * ROUNDS)]
    version = [machine.harness("--version")[0] for _ in range(5 * ROUNDS)]

    table(
        ["what", "median", "least", "most"],
        [
            spread("launch of an agent (template present)", launches),
            spread("the application's own boot", boot),
            ["harness's own overhead", statistics.median(launches) - statistics.median(boot), "", ""],
            spread("second launch (nothing to do)", second),
            spread("teardown", teardowns),
            spread(f"`status --json` with {STACKS} stacks", status),
            spread("`--version`", version),
            ["setup on an empty machine (servers, template)", setup, "", ""],
            ["first launch after it", cold, "", ""],
            [f"launch of {STACKS} agents in one call", eight, "", ""],
        ],
        f"Milliseconds, native engine, {os.cpu_count()} cores, {ROUNDS} rounds",
    )
    table(
        ["step", "median", "least", "most"],
        [spread(f"`{name}`", values) for name, values in steps.items()] + [spread("whole", inside)],
        "A launch by step, as `launch --json` has it; some steps run side by side",
    )


def main():
    directory = tempfile.mkdtemp(prefix="harness-bench-", dir="/tmp")
    machine = Board(directory)
    try:
        measure(machine)
    finally:
        machine.remove()
        shutil.rmtree(directory)


main()
