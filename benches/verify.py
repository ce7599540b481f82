"""The measurements behind verify.sh. Python's standard library only."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
SLEEP = 0.2

CONFIGURATION = f"""
[project]
name = "bench"
max_agents = 3
[infra.postgres]
disabled = true
[infra.s3]
disabled = true
[infra.mail]
disabled = true
[infra.browser]
disabled = true
[infra]
engine = "native"
[database]
disabled = true
[processes.idle]
command = "sleep 100000"
[[verify.stages]]
name = "quick"
commands = [
  {{ name = "one", run = "sleep {SLEEP}" }},
  {{ name = "two", run = "sleep {SLEEP / 2}" }},
  {{ name = "three", run = "true" }},
]
[[verify.stages]]
name = "flood"
full = true
commands = [{{ name = "all", run = "head -c 100000000 flood; exit 1" }}]
"""


def harness(project, environment, *arguments):
    began = time.perf_counter()
    result = subprocess.run([BINARY, *arguments], cwd=project, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (time.perf_counter() - began) * 1000, result


def git(project, *arguments):
    subprocess.run(["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", *arguments], cwd=project, check=True, capture_output=True)


def make(directory, files):
    project = directory / f"project-{files}"
    project.mkdir()
    (project / "harness.toml").write_text(CONFIGURATION)
    (project / ".gitignore").write_text("/flood\n")
    for number in range(files):
        file = project / f"src/{number % 200}/{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"file {number}\n" * 20)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "begin")
    return project


def row(name, values, unit="ms"):
    values = sorted(values)
    print(f"| {name} | {statistics.median(values):.1f} {unit} | {values[0]:.1f} | {values[-1]:.1f} |")


def main():
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as directory:
        directory = Path(directory)
        # run as root, the servers are another user's, who must be able to pass
        directory.chmod(0o711)
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
        environment["HARNESS_HOME"] = str(directory / "home")
        print("| what | median | least | most |")
        print("|---|---|---|---|")
        for agent, files in ((1, 10), (2, 20_000)):
            project = make(directory, files)
            _, result = harness(project, environment, "launch", str(agent))
            assert result.returncode == 0, result.stderr
            try:
                over, inside, status = [], [], []
                for _ in range(ROUNDS):
                    wall, result = harness(project, environment, "verify", str(agent))
                    document = json.loads(result.stdout)
                    assert document["status"] == "pass", result.stdout
                    slowest = max(command["duration_ms"] for command in document["stages"][0]["commands"])
                    over.append(wall - SLEEP * 1000)
                    inside.append(document["total_duration_ms"] - slowest)
                    status.append(harness(project, environment, "verify", str(agent), "--status")[0])
                row(f"verify over its slowest command, {files} files: whole process", over)
                row(f"verify over its slowest command, {files} files: as reported", inside)
                row(f"verify --status, {files} files", status)
                if agent == 1:
                    line = b"a line of fifty characters, none of which matters\n"
                    (project / "flood").write_bytes(line * (100_000_000 // len(line)))
                    floods = [harness(project, environment, "verify", "1", "--stage", "flood")[0] for _ in range(3)]
                    row("a command that prints 100 MB and fails", floods)
            finally:
                harness(project, environment, "teardown", str(agent), "--force")
        harness(directory, environment, "teardown", "--infra", "--volumes")


main()
