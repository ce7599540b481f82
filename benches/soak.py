"""The counting behind soak.sh. Python's standard library only."""

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from counted import Counted, print_counts

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])


class Soak(Counted):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 200)
        self.make_project("soak", 10)

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
