"""What the measurements share: a home and ports of their own, harness as a child, and tables. Standard library only."""

import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
INFRA = ["DB", "MINIO", "MINIO_CONSOLE", "BROWSER", "MAILPIT_SMTP", "MAILPIT_WEB"]
PASSED = ("PATH", "HOME", "USER", "CARGO_HOME", "RUSTUP_HOME")

SCHEMA = "CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL);\n"

# An application that does as little as one can.
WEB = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    listener.accept()[0].close()
"""

# The tables of a project that needs no server.
NO_SERVERS = """
[infra]
engine = "native"
[infra.postgres]
disabled = true
[infra.s3]
disabled = true
[infra.mail]
disabled = true
[infra.browser]
disabled = true
[database]
disabled = true
"""


def git(directory, *arguments):
    subprocess.run(["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost", *arguments], cwd=directory,
                   check=True, capture_output=True)


def commit(directory):
    """Everything in it, as the first commit."""
    git(directory, "add", "-A")
    git(directory, "commit", "-qm", "begin")


def free_base(count):
    """The first of `count` free ports in a row, apart from the kernel's ephemeral range and from those of tests."""
    for base in range(10_000 + os.getpid() % 10 * 60, 19_900 - count, 60):
        try:
            for port in range(base, base + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    sys.exit("no free ports")


class Machine:
    """A home of its own in a directory; the shared servers have the first of `count` ports."""

    def __init__(self, binary, directory, count):
        self.binary = binary
        self.directory = Path(directory)
        # run as root, the servers are another user's, who must be able to pass
        self.directory.chmod(0o711)
        self.home = self.directory / "home"
        self.base = free_base(count)
        self.environment = {name: os.environ[name] for name in PASSED if name in os.environ}
        self.environment["HARNESS_HOME"] = str(self.home)
        for number, name in enumerate(INFRA):
            self.environment[f"AGENT_{name}_PORT"] = str(self.base + number)
        self.project = self.directory / "project"

    def make(self, name, configuration):
        """A project: a repository with this configuration."""
        root = self.directory / name
        root.mkdir()
        (root / "harness.toml").write_text(configuration)
        git(root, "init", "-q")
        return root

    def harness(self, *arguments, root=None, check=True, timeout=1800):
        """Milliseconds that a call takes, and what it said."""
        command = [self.binary, *map(str, arguments)]
        began = time.perf_counter()
        result = subprocess.run(command, cwd=root or self.project, env=self.environment, stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=timeout)
        duration = (time.perf_counter() - began) * 1000
        if check and result.returncode:
            raise RuntimeError(f"harness {' '.join(command[1:])}: exit status {result.returncode}\n"
                               f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return duration, result

    def remove(self):
        """Removes the agents and the servers; says what fails, and goes on."""
        for arguments in (["teardown", "--all", "--force"], ["teardown", "--infra", "--volumes", "--force"]):
            try:
                self.harness(*arguments)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                print(error, file=sys.stderr)


def spread(name, values):
    return [name, statistics.median(values), min(values), max(values)]


def table(head, rows, title=None):
    if title:
        print(f"\n{title}\n")
    print(f"| {' | '.join(head)} |")
    print(f"|{'---|' + '---:|' * (len(head) - 1)}")
    for row in rows:
        cells = [cell if isinstance(cell, str) else f"{cell:.1f}" for cell in row]
        print(f"| {' | '.join(cells)} |", flush=True)
