"""The rounds and the counting behind torture.sh. Python's standard library only."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import machine
from machine import PYTHON, SCHEMA, WEB

BINARY = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2])
SEED = int(sys.argv[3])
# a command that has not ended by then never will
WEDGED = 90
# a server that was killed has to answer again by then
BACK = 30
AGENTS = [1, 2, 3, 11]
# the agent of the second project, which has forty processes
FORTY = 7

PROJECT = """
[project]
name = "torture"
max_agents = 20
[ports]
web = {web}
[infra]
engine = "native"
compose_project = "torture-{base}"
[infra.browser]
disabled = true
[env]
DATABASE_URL = "{{{{ database.url }}}}"
S3_BUCKET = "{{{{ s3.bucket }}}}"
MAIL_TAG = "{{{{ mail.user }}}}"
[database.template]
steps = [{{ name = "schema", sql = "schema.sql" }}]
[launch]
timeout = "45s"
[processes.web]
command = "{python} -I -S {{{{ project_root }}}}/web.py {{{{ ports.web }}}}"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.2 }}
restart = "always"
# a child in a session of its own, and one that has no environment
[processes.job]
command = "sh -c 'setsid tail -f /dev/null {{{{ project_root }}}}/own-{{{{ id }}}} & env -i setsid tail -f /dev/null {{{{ project_root }}}}/bare-{{{{ id }}}} & wait'"
"""

FORTY_PROJECT = """
[project]
name = "forty"
max_agents = 20
[ports]
web = {web}
[infra]
engine = "native"
[launch]
timeout = "45s"
"""

def command_lines():
    """Pid and arguments of every live process."""
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            arguments = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")[:-1]
            state = Path(f"/proc/{entry}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            continue
        if arguments and state not in "ZX":
            yield int(entry), [os.fsdecode(it) for it in arguments]


class Machine(machine.Machine):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 600)
        self.environment["TMPDIR"] = str(self.directory / "tmp")
        (self.directory / "tmp").mkdir(mode=0o777)
        self.make("project", PROJECT.format(web=self.base + 50, base=self.base, python=PYTHON))
        (self.project / "web.py").write_text(WEB)
        (self.project / "schema.sql").write_text(SCHEMA)
        for agent in AGENTS:
            (self.project / f"own-{agent}").touch()
            (self.project / f"bare-{agent}").touch()
        forty = FORTY_PROJECT.format(web=self.base + 51)
        forty += "".join(f'[processes.p{number}]\ncommand = "sleep 100000"\n' for number in range(40))
        self.forty = self.make("forty", forty)

    def begin(self, *arguments, root=None):
        return subprocess.Popen([BINARY, *map(str, arguments)], cwd=root or self.project, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                start_new_session=True)

    def harness(self, *arguments, root=None, patience=WEDGED):
        """Exit status (None when it was wedged), what it printed, seconds: the caller decides what is an error."""
        began = time.perf_counter()
        process = self.begin(*arguments, root=root)
        status, printed = ended(process, patience)
        return status, printed, time.perf_counter() - began

    def trio(self, directory, part):
        wanted = [f"__{part}", str(self.home / directory)]
        return [pid for pid, arguments in command_lines() if arguments[1:3] == wanted]

    def server(self, name):
        """Pids of the leading process of a shared server."""
        if name == "postgres":
            data = self.home / "infra"
            return [pid for pid, arguments in command_lines()
                    if os.path.basename(arguments[0]) == "postgres" and any(it.startswith(str(data)) for it in arguments)]
        return [pid for pid, arguments in command_lines()
                if arguments[1:2] == [f"__{name}"] and any(str(self.home) in it for it in arguments)]

    def belongs(self, agent, root):
        """What is left of an agent that was removed: processes, a listener, files."""
        left = []
        marks = [str(self.home / f"agents/{agent}"), f"{root}/own-{agent}", f"{root}/bare-{agent}"]
        stack = os.fsencode(f"HARNESS_STACK={self.home / 'agents' / str(agent)}")
        for pid, arguments in command_lines():
            try:
                marked = any(it == stack or it.startswith(stack + b"#") for it in
                             Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
            except OSError:
                marked = False
            if marked or any(it == mark or it.startswith(mark + "/") for it in arguments for mark in marks):
                left.append(f"process {pid}: {' '.join(arguments)[:100]}")
        if root == self.project:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.base + 50 + 10 * agent)) == 0:
                    left.append(f"port {self.base + 50 + 10 * agent} is listened on")
        for path in (root / f".env.agent.{agent}", self.home / f"agents/{agent}/record.json",
                     self.home / f"agents/{agent}/supervisor.sock", self.home / f"infra/minio/data/agent-{agent}"):
            if path.exists():
                left.append(str(path))
        return left


def ended(process, patience):
    """Exit status (None when it was killed for not ending) and what was printed."""
    try:
        printed, _ = process.communicate(timeout=patience)
        return process.returncode, printed
    except subprocess.TimeoutExpired:
        process.kill()
        try:
            printed, _ = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            printed = "(its output is still held open)"
        return None, printed


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return len(pids)


class Rows:
    """The model: which rows of which agent were committed."""

    def __init__(self, machine):
        self.machine = machine
        self.committed = {}
        self.next = 0
        self.lock = threading.Lock()

    def psql(self, agent, query):
        url = None
        for line in (self.machine.project / f".env.agent.{agent}").read_text().splitlines():
            if line.startswith("DATABASE_URL="):
                url = line.partition("=")[2].strip("'\"")
        environment = {**self.machine.environment, "PGCONNECT_TIMEOUT": "5"}
        return subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", query], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)

    def insert(self, agent):
        """Inserts a row; it counts when the server has said that it is committed."""
        with self.lock:
            self.next += 1
            name = f"agent {agent} row {self.next}"
            rows = self.committed.get(agent)
        try:
            result = self.psql(agent, f"INSERT INTO items (name) VALUES ('{name}')")
        except (OSError, subprocess.TimeoutExpired):
            return
        if result.returncode == 0 and rows is not None:
            with self.lock:
                rows.add(name)

    def present(self, agent):
        """The rows that are there; None when the database does not answer in time."""
        deadline = time.monotonic() + BACK
        while True:
            try:
                result = self.psql(agent, "SELECT name FROM items")
                if result.returncode == 0:
                    return set(result.stdout.splitlines())
                problem = result.stderr.strip()
            except (OSError, subprocess.TimeoutExpired) as error:
                problem = str(error)
            if time.monotonic() > deadline:
                return problem
            time.sleep(0.2)


class Torture:
    def __init__(self, machine):
        self.machine = machine
        self.rows = Rows(machine)
        self.counts = {name: 0 for name in ("lost rows", "wedges", "leftovers", "first follow-up commands that failed")}
        self.failures = []
        self.slowest = 0.0
        self.round = 0
        self.story = ""

    def fail(self, kind, text, number=1):
        self.counts[kind] += number
        report = f"round {self.round} ({self.story}): {kind}: {text.strip()}"
        self.failures.append(report)
        print(report, file=sys.stderr)

    def follow_up(self, verb, agent, root=None, *, first=True):
        """A launch or a teardown that has to succeed at once. Returns whether it did in the end."""
        arguments = [verb, agent] + (["--force"] if verb == "teardown" else [])
        status, printed, seconds = self.machine.harness(*arguments, root=root)
        self.slowest = max(self.slowest, seconds)
        if status == 0:
            return True
        if status is None:
            self.fail("wedges", f"`harness {verb} {agent}` did not end within {WEDGED} s; it printed:\n{printed[-2000:]}")
        elif first:
            self.fail("first follow-up commands that failed",
                      f"`harness {verb} {agent}`: exit status {status} after {seconds:.1f} s:\n{printed[-2000:]}")
        # what no command can mend is a wedge
        deadline = time.monotonic() + BACK
        while time.monotonic() < deadline:
            for again in (verb, "teardown"):
                force = ["--force"] if again == "teardown" else []
                if self.machine.harness(again, agent, *force, root=root)[0] == 0:
                    if again == "teardown":
                        self.rows.committed.pop(agent, None)
                    return again == verb
            time.sleep(1)
        self.fail("wedges", f"neither `{verb} {agent}` nor `teardown {agent} --force` succeeds within {BACK} s")
        self.rows.committed.pop(agent, None)
        # as a person would, so that the rounds that follow say something of their own
        stuck = str(self.machine.home / f"agents/{agent}")
        kill([pid for pid, arguments in command_lines() if stuck in arguments])
        self.machine.harness("teardown", agent, "--force", root=root)
        return False

    def removed(self, agent, root):
        self.rows.committed.pop(agent, None)
        deadline = time.monotonic() + 2
        while (left := self.machine.belongs(agent, root)) and time.monotonic() < deadline:
            time.sleep(0.1)
        if left:
            self.fail("leftovers", f"of agent {agent}: " + "; ".join(left), len(left))

    def check(self, agent):
        present = self.rows.present(agent)
        if isinstance(present, str):
            self.fail("wedges", f"the database of agent {agent} did not answer within {BACK} s: {present}")
            return
        wanted = self.rows.committed.setdefault(agent, set())
        lost = wanted - present
        foreign = {it for it in present if not it.startswith(f"agent {agent} row ")}
        if lost or foreign:
            self.fail("lost rows", f"agent {agent}: {len(lost)} of {len(wanted)} lost, {len(foreign)} of others there",
                      len(lost) + len(foreign))
        self.rows.committed[agent] = set(present) - foreign

    def victims(self, chosen, agent, process):
        """Kills; returns how many."""
        parts = {"supervisor": ["supervisor"], "guardian": ["guardian"], "both": ["guardian", "supervisor"]}
        killed = 0
        for word in chosen.split("+"):
            if word == "command":
                killed += kill([process.pid]) if process.poll() is None else 0
            elif word in parts:
                killed += kill([pid for part in parts[word] for pid in self.machine.trio(f"agents/{agent}", part)])
            elif word.startswith("infra-"):
                killed += kill([pid for part in parts[word[6:]] for pid in self.machine.trio("infra", part)])
            else:
                killed += kill(self.machine.server(word))
        return killed

    def kill_round(self, chance):
        agent = chance.choice(AGENTS)
        verb = chance.choice(["launch", "launch", "teardown", "restart", "status"])
        delay = chance.uniform(0, 0.6)
        victim = chance.choice(["command", "command", "supervisor", "guardian", "both", "command+both", "postgres", "s3",
                                "mail", "infra-supervisor", "infra-guardian", "infra-both", "command+infra-both"])
        after = chance.choice(["launch", "launch", "teardown"])
        self.story = f"{verb} {agent}, {victim} killed after {delay * 1000:.0f} ms, then {after}"
        for up in list(self.rows.committed):
            self.rows.insert(up)
        process = self.machine.begin(verb, agent, *(["--force"] if verb == "teardown" else []))
        time.sleep(delay)
        self.victims(victim, agent, process)
        if ended(process, WEDGED)[0] is None:
            self.fail("wedges", f"`harness {verb} {agent}` did not end within {WEDGED} s")
        if verb == "teardown":
            # whether its rows are still there depends on the moment
            self.rows.committed.pop(agent, None)
        self.after(after, agent)

    def after(self, verb, agent):
        if self.follow_up(verb, agent):
            if verb == "teardown":
                self.removed(agent, self.machine.project)
            else:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", self.machine.base + 50 + 10 * agent)):
                        self.fail("first follow-up commands that failed", f"launch {agent} succeeded, its web does not listen")
                    else:
                        self.rows.committed.setdefault(agent, set())
        for up in list(self.rows.committed):
            self.check(up)

    def concurrent_round(self, chance):
        """Commands on all agents at once, rows written meanwhile, and in half of the rounds a server killed."""
        verbs = {agent: chance.choice(["launch", "launch", "teardown", "restart", "status"]) for agent in AGENTS}
        victim = chance.choice(["postgres", "s3", "mail", "infra-both", "", "", "", ""])
        delay = chance.uniform(0, 0.6)
        self.story = ", ".join(f"{verb} {agent}" for agent, verb in verbs.items()) + " at once" + (
            f", {victim} killed after {delay * 1000:.0f} ms" if victim else "")
        writers = [threading.Thread(target=lambda agent=agent: [self.rows.insert(agent) for _ in range(5)])
                   for agent, verb in verbs.items() if verb != "teardown" and agent in self.rows.committed]
        processes = {agent: self.machine.begin(verb, agent, *(["--force"] if verb == "teardown" else []))
                     for agent, verb in verbs.items()}
        # a second one on the same agent waits, or says who is at work
        rival = self.machine.begin("launch", chance.choice(AGENTS[:2]))
        for writer in writers:
            writer.start()
        if victim:
            time.sleep(delay)
            self.victims(victim, AGENTS[0], rival)
        for agent, process in [*processes.items(), (0, rival)]:
            if ended(process, WEDGED)[0] is None:
                self.fail("wedges", f"`{verbs.get(agent, 'the rival launch')}` of agent {agent} did not end within {WEDGED} s")
        for writer in writers:
            writer.join()
        for agent, verb in verbs.items():
            if verb == "teardown":
                self.rows.committed.pop(agent, None)
        for agent, verb in verbs.items():
            self.after("teardown" if verb == "teardown" else "launch", agent)

    def forty_round(self, chance):
        """Supervisor and guardian killed while they start forty processes."""
        delay = chance.uniform(0, 0.05)
        after = chance.choice(["launch", "teardown"])
        self.story = f"forty processes, both killed {delay * 1000:.0f} ms after the supervisor began, then {after}"
        process = self.machine.begin("launch", FORTY, root=self.machine.forty)
        deadline = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < deadline:
            if self.machine.trio(f"agents/{FORTY}", "supervisor"):
                break
        time.sleep(delay)
        self.victims("both", FORTY, process)
        if ended(process, WEDGED)[0] is None:
            self.fail("wedges", f"`harness launch {FORTY}` did not end within {WEDGED} s")
        self.follow_up(after, FORTY, self.machine.forty)
        if after == "launch":
            self.follow_up("teardown", FORTY, self.machine.forty)
        self.removed(FORTY, self.machine.forty)

    def run(self):
        # initdb alone takes a minute on a machine that is busy with other things
        status, printed, _ = self.machine.harness("launch", AGENTS[0], patience=600)
        if status != 0:
            sys.exit(f"the first launch failed with exit status {status}:\n{printed}")
        self.rows.committed[AGENTS[0]] = set()
        for self.round in range(1, ROUNDS + 1):
            # each round can be told by seed and number alone
            chance = random.Random(f"{SEED} {self.round}")
            kind = chance.random()
            if kind < 0.15:
                self.forty_round(chance)
            elif kind < 0.3:
                self.concurrent_round(chance)
            else:
                self.kill_round(chance)
            if self.round % 20 == 0:
                print(f"{self.round} of {ROUNDS} rounds: {self.counts}", file=sys.stderr)

    def remove_all(self):
        """Everything has to go, as at the end of every day."""
        self.story = "the end"
        for arguments in (["teardown", "--all", "--force"], ["teardown", "--infra", "--volumes", "--force"]):
            status, printed, _ = self.machine.harness(*arguments)
            if status != 0:
                self.fail("wedges", f"`harness {' '.join(arguments)}`: exit status {status}:\n{printed[-2000:]}")
        left = [f"process {pid}: {' '.join(arguments)[:120]}" for pid, arguments in command_lines()
                if any(it.startswith(f"{self.machine.directory}/") for it in arguments)]
        if left:
            self.fail("leftovers", "; ".join(left), len(left))
            kill([int(it.split()[1].rstrip(":")) for it in left])


def main():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-", ignore_cleanup_errors=True) as directory:
        torture = Torture(Machine(directory))
        try:
            torture.run()
        finally:
            torture.remove_all()
            for root in (torture.machine.project, torture.machine.forty):
                shutil.rmtree(root, ignore_errors=True)
    print("| | |\n|---|---:|")
    for name, count in torture.counts.items():
        print(f"| {name} | {count} |")
    print(f"\n{torture.round} rounds with seed {SEED} in {time.monotonic() - began:.0f} s; the slowest command took "
          f"{torture.slowest:.1f} s.")
    sys.exit(1 if any(torture.counts.values()) else 0)


# whoever ends it is not left with its servers
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
