"""The counting behind trees.sh. Python's standard library only."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from counted import Counted, print_counts
from machine import commit, git, spread, table

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
# what the documents promise, in milliseconds
REMOVAL = 10_000
HOOK = 100
# calls of a hook and of `launch` that are set side by side
PAIRS = 20


class Trees(Counted):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 200)
        self.make_project("trees", 9)
        commit(self.project)

    def count(self):
        agents = self.home / "agents"
        leases = self.home / "trees.json"
        return super().count() | {
            "records of agents": len(list(agents.iterdir())) if agents.is_dir() else 0,
            "remembered trees": len(json.loads(leases.read_text())["trees"]) if leases.exists() else 0,
        }

    def calls(self, tree, name):
        """Launches as a person does, or as a program does that calls harness."""
        arguments = ["launch"] if name == "launch" else ["hook", "worktrunk", "post-start"]
        return self.harness(*arguments, root=tree, timeout=300)[0]

    def add(self, number):
        tree = self.directory / "trees" / str(number)
        git(self.project, "worktree", "add", "-q", "-b", f"task-{number}", str(tree))
        return tree

    def drop(self, number):
        """Milliseconds from the end of `git worktree remove` to the end of the agent's record."""
        git(self.project, "worktree", "remove", "--force", str(self.directory / "trees" / str(number)))
        git(self.project, "branch", "-q", "-D", f"task-{number}")
        began = time.monotonic()
        while any((self.home / "agents").iterdir()):
            if time.monotonic() - began > 60:
                raise RuntimeError(f"round {number}: the agent is still there\n{(self.home / 'trees.log').read_text()[-2000:]}")
            time.sleep(0.02)
        return (time.monotonic() - began) * 1000

    def round(self, number, name):
        took = self.calls(self.add(number), name)
        return took, self.drop(number)


def main():
    with tempfile.TemporaryDirectory(prefix="trees-") as directory:
        machine = Trees(directory)
        try:
            # the template and its spares are there from here on
            machine.round(0, "launch")
            before = machine.settled()
            fresh, removals = {"launch": [], "hook": []}, []
            for number in range(1, ROUNDS + 1):
                name = "hook" if number % 2 else "launch"
                took, removal = machine.round(number, name)
                fresh[name].append(took)
                removals.append(removal)
                if number % 20 == 0:
                    print(f"{number} of {ROUNDS} rounds", file=sys.stderr)
            after = machine.settled(before)
            # with nothing to do, all that is left is what the call itself costs
            tree = machine.add("pairs")
            machine.calls(tree, "launch")
            idle = {"launch": [], "hook": []}
            for _ in range(PAIRS):
                for name, took in idle.items():
                    took.append(machine.calls(tree, name))
            machine.drop("pairs")
        finally:
            machine.remove()
            left = machine.own()
    print_counts(before, after)
    print(f"| processes at the very end | 0 | {len(left)} |")
    adds = statistics.median(idle["hook"]) - statistics.median(idle["launch"])
    rows = [spread("from `git worktree remove` until the agent is gone", removals)]
    rows += [spread(f"first {name}", took) for name, took in fresh.items() if took]
    rows += [spread(f"{name}, nothing to do", took) for name, took in idle.items()]
    table(["ms", "median", "least", "most"], rows, title=f"{ROUNDS} rounds:")
    print(f"\n`harness hook` adds {adds:.0f} ms.")
    faults = [f"{name}: {before[name]} before, {after[name]} after" for name in before if before[name] != after[name]]
    if left:
        faults.append(f"{len(left)} processes are left")
    if max(removals) > REMOVAL:
        faults.append(f"a removal took {max(removals):.0f} ms, more than {REMOVAL}")
    if adds > HOOK:
        faults.append(f"a hook adds {adds:.0f} ms, more than {HOOK}")
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
