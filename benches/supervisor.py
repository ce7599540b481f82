"""The measurements behind supervisor.sh. Python's standard library only."""

import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import PYTHON

BINARY = Path(sys.argv[1]).resolve()
PEERS = Path(sys.argv[2]).resolve()
ROUNDS = int(sys.argv[3])
FEW, MANY = 4, 40
FLOOD_MB = 512
# a step that takes longer is given up
LIMIT = 90
REST = 6
IDLE = 10
TICK = os.sysconf("SC_CLK_TCK")

# Says when it runs by the time of a file, then does nothing.
IDLER = "#!/bin/sh\n: >up-$1\nexec sleep 100000\n"

# Writes numbered blocks of lines as fast as they are taken.
FLOODER = """
import os, sys, time
while not os.path.exists("go"):
    time.sleep(0.01)
line = b"a line of output that says nothing much but is as long as lines are\\n"
rest = (line * 2000)[: 65536 - 16 - 1] + b"\\n"
for number in range(int(sys.argv[1])):
    block = b"block %09d\\n" % number + rest
    while block:
        block = block[os.write(1, block):]
open("written", "w").close()
time.sleep(100000)
"""


def stat(pid):
    """Parent and clock ticks spent, or None."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (int(fields[1]), int(fields[11]) + int(fields[12]))


def kilobytes(pid, file, key):
    try:
        return int(re.search(rf"^{key}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.M)[1])
    except (OSError, TypeError):
        return 0


def pids_that_mention(text):
    """Processes whose command line or environment holds a text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            for file in ("cmdline", "environ"):
                try:
                    if text.encode() in (entry / file).read_bytes():
                        found.append(int(entry.name))
                        break
                except OSError:
                    pass
    return found


class Peer:
    """A supervisor with a directory of its own and `count` processes."""

    # output of the flooder in MiB: what takes minutes elsewhere is not waited for
    flood_mb = FLOOD_MB

    def __init__(self, directory):
        self.directory = Path(directory)
        # the user of the shared servers must get through, though none of them is asked for
        self.directory.chmod(0o711)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "LANG": "C.UTF-8"}
        (self.directory / "idler").write_text(IDLER)
        (self.directory / "idler").chmod(0o755)
        (self.directory / "flooder.py").write_text(FLOODER)

    def call(self, *arguments, check=True):
        arguments = [str(argument) for argument in arguments]
        result = subprocess.run(arguments, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
        if check and result.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {result.stdout.decode()[-500:]}")
        return result.stdout.decode(errors="replace")

    def commands(self, count):
        return {f"p{number}": f"{self.directory}/idler {number}" for number in range(count)}

    def flood(self):
        return {"p0": f"{PYTHON} -I -S {self.directory}/flooder.py {self.flood_mb * 16}"}

    def lost(self):
        return 0

    def blocks(self):
        """Numbers of the blocks in the log, oldest first."""
        found = []
        for path in self.logs():
            if path.exists():
                found += [int(number) for number in re.findall(rb"block (\d{9})", path.read_bytes())]
        return found

    def last_block(self):
        """The number of the newest block in the log, as far as its end shows one."""
        for path in [path for path in self.logs() if path.exists()][-1:]:
            with path.open("rb") as file:
                file.seek(max(path.stat().st_size - 400_000, 0))
                found = re.findall(rb"block (\d{9})", file.read())
                return int(found[-1]) if found else None
        return None


class Harness(Peer):
    name = "harness"

    def __init__(self, directory):
        super().__init__(directory)
        self.environment["HARNESS_HOME"] = str(self.directory / "home")

    def version(self):
        return self.call(BINARY, "--version").split()[-1]

    def configure(self, processes):
        text = '[project]\nname = "bench"\n[infra.postgres]\ndisabled = true\n[infra.s3]\ndisabled = true\n'
        text += "[infra.mail]\ndisabled = true\n[infra.browser]\ndisabled = true\n[database]\ndisabled = true\n"
        text += '[infra]\nengine = "native"\n'
        for name, command in processes.items():
            text += f"[processes.{name}]\ncommand = {json.dumps(command)}\n"
        (self.directory / "harness.toml").write_text(text)
        if not (self.directory / ".git").exists():
            subprocess.run(["git", "init", "-q"], cwd=self.directory, check=True)

    def start(self):
        self.call(BINARY, "launch", "3")

    def stop(self):
        self.call(BINARY, "stop", "3")

    def status(self):
        self.call(BINARY, "status", "3", "--json")

    def end(self):
        self.call(BINARY, "teardown", "3", "--force", check=False)

    def supervisors(self):
        marks = (b"__guardian\0", b"__supervisor\0")
        return [pid for pid in pids_that_mention(str(self.directory / "home/agents/3"))
                if any(mark in Path(f"/proc/{pid}/cmdline").read_bytes() for mark in marks)]

    def logs(self):
        return [self.directory / f"home/agents/3/logs/p0.log{age}" for age in (".5", ".4", ".3", ".2", ".1", "")]

    def lost(self):
        status = json.loads(self.call(BINARY, "status", "3", "--json"))
        return status["agents"][0]["processes"][0]["lost_log_bytes"]


class Pm2(Peer):
    name = "PM2"
    program = PEERS / "pm2/node_modules/.bin/pm2"

    def __init__(self, directory):
        super().__init__(directory)
        self.environment["PM2_HOME"] = str(self.directory / "pm2")

    def version(self):
        return json.loads((PEERS / "pm2/node_modules/pm2/package.json").read_text())["version"]

    def configure(self, processes):
        apps = []
        for name, command in processes.items():
            program, *arguments = command.split()
            apps.append({"name": name, "script": program, "args": arguments, "interpreter": "none",
                         "out_file": f"{self.directory}/{name}.log", "error_file": f"{self.directory}/{name}.err"})
        (self.directory / "ecosystem.json").write_text(json.dumps({"apps": apps}))

    def start(self):
        self.call(self.program, "start", "ecosystem.json")

    def stop(self):
        self.call(self.program, "stop", "all")

    def status(self):
        self.call(self.program, "jlist")

    def end(self):
        self.call(self.program, "kill", check=False)

    def supervisors(self):
        return [int((self.directory / "pm2/pm2.pid").read_text())]

    def logs(self):
        return [self.directory / "p0.log"]


class Supervisord(Peer):
    name = "supervisord"
    program = PEERS / "supervisord/bin/supervisord"

    def version(self):
        return self.call(self.program, "--version").strip()

    def configure(self, processes):
        text = (f"[unix_http_server]\nfile={self.directory}/s.sock\n[supervisord]\nlogfile={self.directory}/s.log\n"
                f"pidfile={self.directory}/s.pid\n[rpcinterface:supervisor]\n"
                "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
                f"[supervisorctl]\nserverurl=unix://{self.directory}/s.sock\n")
        for name, command in processes.items():
            # ready as soon as it runs, like the others; logs without rotation, like the others
            text += (f"[program:{name}]\ncommand={command}\ndirectory={self.directory}\nstartsecs=0\n"
                     f"stdout_logfile={self.directory}/{name}.log\nstdout_logfile_maxbytes=0\n")
        (self.directory / "s.conf").write_text(text)

    def control(self, *arguments, check=True):
        return self.call(PEERS / "supervisord/bin/supervisorctl", "-c", "s.conf", *arguments, check=check)

    def start(self):
        self.call(self.program, "-c", "s.conf")

    def stop(self):
        self.control("stop", "all")

    def status(self):
        self.control("status")

    def end(self):
        self.control("shutdown", check=False)

    def supervisors(self):
        return [int((self.directory / "s.pid").read_text())]

    def logs(self):
        return [self.directory / "p0.log"]


class Pitchfork(Peer):
    name = "pitchfork"
    # its log is a database: 512 MiB of lines take minutes
    flood_mb = 32
    program = PEERS / "pitchfork/bin/pitchfork"

    def __init__(self, directory):
        super().__init__(directory)
        self.environment["PITCHFORK_STATE_DIR"] = str(self.directory / "state")
        self.environment["PITCHFORK_CONFIG_DIR"] = str(self.directory / "config")
        self.environment["PITCHFORK_HOSTS_FILE"] = str(self.directory / "hosts")

    def version(self):
        return self.call(self.program, "--version").split()[-1]

    def configure(self, processes):
        text = ""
        for name, command in processes.items():
            # without `ready_delay` it waits three seconds
            text += f"[daemons.{name}]\nrun = {json.dumps('exec ' + command)}\nready_delay = 0\n"
        (self.directory / "pitchfork.toml").write_text(text)

    def start(self):
        self.call(self.program, "start", "--all")

    def stop(self):
        self.call(self.program, "stop", "--all")

    def status(self):
        self.call(self.program, "list")

    def end(self):
        self.call(self.program, "stop", "--all", check=False)
        self.call(self.program, "supervisor", "stop", check=False)

    def supervisors(self):
        # one `log-sink` a process belongs to it
        marks = (b"supervisor\0", b"log-sink\0")
        return [pid for pid in pids_that_mention(str(self.directory / "state"))
                if any(mark in Path(f"/proc/{pid}/cmdline").read_bytes() for mark in marks)]

    def rows(self, order):
        store = sqlite3.connect(f"file:{self.directory}/state/logs/logs.db?mode=ro", uri=True, timeout=LIMIT)
        try:
            query = "select message from log_entries where message like 'block %' order by id "
            return [int(message[6:15]) for (message,) in store.execute(query + order)]
        finally:
            store.close()

    def blocks(self):
        return self.rows("asc")

    def last_block(self):
        return (self.rows("desc limit 1") or [None])[0]


def wait(condition, what):
    deadline = time.time() + LIMIT
    while not condition():
        if time.time() > deadline:
            raise RuntimeError(f"waited for {what}")
        time.sleep(0.002)


def idlers(directory):
    return [pid for pid in pids_that_mention(str(directory)) if b"sleep\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def lifecycle(make, count):
    """Milliseconds to start and to stop `count` processes, and what the supervisor used in between."""
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    peer = make(directory)
    try:
        peer.configure(peer.commands(count))
        ups = [directory / f"up-{number}" for number in range(count)]
        began = time.time()
        peer.start()
        returned = time.time()
        wait(lambda: all(up.exists() for up in ups), "every process")
        # the file system's clock is as coarse as a tick of the kernel
        running = max(up.stat().st_mtime for up in ups)
        figures = {"running": (running - began) * 1000, "returned": (returned - began) * 1000}
        time.sleep(REST)
        own = peer.supervisors()
        figures["rss"] = sum(kilobytes(pid, "status", "VmRSS") for pid in own) / 1000
        figures["pss"] = sum(kilobytes(pid, "smaps_rollup", "Pss") for pid in own) / 1000
        times = []
        for _ in range(10):
            asked = time.time()
            peer.status()
            times.append((time.time() - asked) * 1000)
        figures["status"] = statistics.median(times)
        before = sum((stat(pid) or (0, 0))[1] for pid in own)
        time.sleep(IDLE)
        figures["idle"] = (sum((stat(pid) or (0, 0))[1] for pid in own) - before) * 1000 / TICK / IDLE
        alive = idlers(directory)
        began = time.time()
        peer.stop()
        wait(lambda: all(stat(pid) is None for pid in alive), "the end of every process")
        figures["stopped"] = (time.time() - began) * 1000
        return figures
    finally:
        clean(peer, directory)


def flood(make):
    """MB/s of output into the log, blocks lost, peak RSS."""
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    peer = make(directory)
    try:
        peer.configure(peer.flood())
        peer.start()
        # the pid file of a daemon may be late
        time.sleep(2)
        own = peer.supervisors()
        began = time.time()
        (directory / "go").touch()
        wait((directory / "written").exists, "the end of the output")
        written = (directory / "written").stat().st_mtime
        count = peer.flood_mb * 16
        speed = count * 65536 / 1e6 / max(written - began, 0.001)
        try:
            wait(lambda: peer.last_block() == count - 1, "the last block in the log")
        except RuntimeError as error:
            print(f"{peer.name}: {error}", file=sys.stderr)
        kept = peer.blocks()
        # what was rotated away on purpose is not lost; what is missing in between is
        gaps = (kept[-1] - kept[0] + 1 - len(set(kept)) if kept else count)
        gaps += count - 1 - kept[-1] if kept else 0
        peak = sum(kilobytes(pid, "status", "VmHWM") for pid in own) / 1000
        return {"speed": speed, "lost": gaps, "said": peer.lost(), "peak": peak}
    finally:
        clean(peer, directory)


def cat():
    """The same through `cat` into a file."""
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        (directory / "flooder.py").write_text(FLOODER)
        command = f"{PYTHON} -I -S flooder.py {FLOOD_MB * 16} | cat >log"
        shell = subprocess.Popen(["sh", "-c", command], cwd=directory, start_new_session=True)
        time.sleep(0.5)
        began = time.time()
        (directory / "go").touch()
        wait((directory / "written").exists, "the end of the output")
        speed = FLOOD_MB * 65536 * 16 / 1e6 / ((directory / "written").stat().st_mtime - began)
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
        return speed
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def clean(peer, directory):
    try:
        peer.end()
    except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
        print(f"{peer.name}: {error}", file=sys.stderr)
    # this directory is ours alone
    for pid in pids_that_mention(str(directory)):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    time.sleep(0.2)
    shutil.rmtree(directory, ignore_errors=True)


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def main():
    makers = [Harness]
    for maker in (Pm2, Supervisord, Pitchfork):
        if maker.program.exists():
            makers.append(maker)
        else:
            print(f"{maker.name} is not there and left out", file=sys.stderr)
    few = {maker.name: [] for maker in makers}
    many = {maker.name: [] for maker in makers}
    floods = {maker.name: [] for maker in makers}
    cats = []
    versions = {}
    loads = [os.getloadavg()[0]]
    # one after the other in every round, so that a busy moment of the machine strikes all
    for number in range(ROUNDS):
        cats.append(cat())
        for maker in makers:
            for count, table in ((FEW, few), (MANY, many)):
                try:
                    table[maker.name].append(lifecycle(maker, count))
                except (RuntimeError, subprocess.TimeoutExpired, OSError, ValueError) as error:
                    print(f"{maker.name}, {count} processes: {error}", file=sys.stderr)
            try:
                floods[maker.name].append(flood(maker))
            except (RuntimeError, subprocess.TimeoutExpired, OSError, ValueError, sqlite3.Error) as error:
                print(f"{maker.name}, output: {error}", file=sys.stderr)
        loads.append(os.getloadavg()[0])
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for maker in makers:
            versions[maker.name] = maker(directory).version()

    rows = []

    def row(title, value):
        cells = []
        for maker in makers:
            try:
                cells.append(value(maker.name))
            except (statistics.StatisticsError, KeyError, ValueError):
                cells.append("failed")
        rows.append(f"| {title} | {' | '.join(cells)} |")

    row("4 running after, ms", lambda name: f"{median(few[name], 'running'):.0f}")
    row("40 running after, ms", lambda name: f"{median(many[name], 'running'):.0f}")
    row("command for 4 returns after, ms", lambda name: f"{median(few[name], 'returned'):.0f}")
    row("4 stopped after, ms", lambda name: f"{median(few[name], 'stopped'):.0f}")
    row("40 stopped after, ms", lambda name: f"{median(many[name], 'stopped'):.0f}")
    row("status, ms", lambda name: f"{median(few[name], 'status'):.1f}")
    row("RSS with 4, MB", lambda name: f"{median(few[name], 'rss'):.1f}")
    row("PSS with 4, MB", lambda name: f"{median(few[name], 'pss'):.1f}")
    row("PSS a process more, kB",
        lambda name: f"{(median(many[name], 'pss') - median(few[name], 'pss')) * 1000 / (MANY - FEW):.0f}")
    row("idle CPU, ms a second", lambda name: f"{median(few[name], 'idle'):.1f}")
    row("log capture, MB/s", lambda name: f"{median(floods[name], 'speed'):.0f}")
    row("blocks of 64 KiB lost", lambda name: f"{max(it['lost'] for it in floods[name])}")
    row("peak RSS at that, MB", lambda name: f"{median(floods[name], 'peak'):.1f}")
    print(f"| | {' | '.join(f'{maker.name} {versions[maker.name]}' for maker in makers)} |")
    print(f"|---|{'---|' * len(makers)}")
    print("\n".join(rows))
    print(f"\n`app \\| cat > file` took {statistics.median(cats):.0f} MB/s. Medians of {ROUNDS} rounds on {os.cpu_count()} "
          f"cores with a load of {min(loads):.1f} to {max(loads):.1f}; harness counts supervisor and guardian together, pitchfork "
          f"its log sinks. "
          f"{FLOOD_MB} MiB of output, {Pitchfork.flood_mb} MiB through pitchfork.")


main()
