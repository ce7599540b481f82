"""Jobs over workers that are killed at random moments, on SQLite and on PostgreSQL. Standard library only."""

import glob
import http.client
import json
import multiprocessing
import os
import pwd
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

BINARY, JOBS, WORKERS, STORES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
PARTS = sys.argv[5].split(",") if len(sys.argv) > 5 else ["fire", "measure", "latency"]
PENDING = [0, 100, 1_000, 10_000]
CLAIMS = 200
# a lease that nobody prolongs ends after a minute; tests do not wait for it
CUT = os.environ.get("HARNESS_FIRE_CUT_LEASES") == "1"
RUNNING = []


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Postgres:
    """A server with the durability that PostgreSQL has by default."""

    def __init__(self, directory):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
        programs = os.environ.get("HARNESS_TEST_PG_BIN_DIR") or (found[-1] if found else None)
        if not programs:
            raise SystemExit("there is no PostgreSQL: set HARNESS_TEST_PG_BIN_DIR")
        self.programs, self.directory, self.port = Path(programs), directory / "postgres", free_port()
        self.directory.mkdir()
        # PostgreSQL refuses to run as root
        self.user = {}
        if os.getuid() == 0:
            names = [user.pw_name for user in pwd.getpwall()]
            name = next(name for name in ("postgres", "nobody") if name in names)
            self.user = {"user": name, "group": pwd.getpwnam(name).pw_gid, "extra_groups": []}
            shutil.chown(self.directory, name)
        self.data = self.directory / "data"
        initdb = [self.programs / "initdb", "--auth=trust", "--username=queue", "--encoding=UTF8", "--no-sync", self.data]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        self.start()
        self.url = f"postgresql://queue@127.0.0.1:{self.port}/postgres"

    def start(self):
        command = [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.directory]
        self.process = subprocess.Popen(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=(self.directory.parent / "postgres.log").open("a"), **self.user)
        RUNNING.append(self.process)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("PostgreSQL does not start")

    def kill(self):
        # at once, as a crash: what was committed is in its log
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


class Queue:
    """A server of a home of its own."""

    def __init__(self, directory, store):
        self.home, self.port = directory / "home", free_port()
        self.postgres = Postgres(directory) if store == "postgres" else None
        self.start()

    def start(self):
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "HARNESS_HOME": str(self.home)}
        if self.postgres:
            environment["HARNESS_DATABASE_URL"] = self.postgres.url
        command = [BINARY, "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=(self.home.parent / "serve.log").open("a"))
        RUNNING.append(self.process)
        for _ in range(600):
            try:
                self.token = (self.home / "serve/token").read_text().strip()
                self.client().ask("GET", "/api/queue/health")
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise SystemExit("the server does not answer")

    def client(self):
        return Client(self.port, self.token)

    def sql(self, text):
        """Straight into the database."""
        if self.postgres:
            environment = {**os.environ, "PGOPTIONS": "-c search_path=harness"}
            psql = [self.postgres.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.postgres.url]
            subprocess.run(psql, input=text, text=True, check=True, env=environment, stderr=subprocess.PIPE)
            return
        database = sqlite3.connect(self.home / "serve/harness.db", timeout=30)
        database.executescript(text)
        database.close()

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()

    def stop(self):
        self.kill(signal.SIGTERM)
        if self.postgres:
            self.postgres.kill()


class Client:
    """One connection, made again when it broke."""

    def __init__(self, port, token, timeout=60):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        try:
            self.connection.request(method, path, text, self.headers)
            answer = self.connection.getresponse()
            read = answer.read()
        except Exception:
            self.connection.close()
            raise
        return answer.status, json.loads(read) if read else None


def worker(name, port, token, log):
    """Claims, works, pushes if the lease holds, completes; each step is in a file before the next."""
    random.seed()
    out, client = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), Client(port, token)

    def say(path, body):
        while True:
            try:
                status, answer = client.ask("POST", f"/api/worker/jobs/{path}", body)
                if status < 500:
                    return status, answer
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)  # the server, or its database, was killed

    while True:
        status, job = say("start", {"worker": name, "wait_s": 5})
        if status != 200:
            continue
        id, fence, ticket = job["job"]["id"], job["fence"], job["ticket"]["id"]
        os.write(out, f"claim {id} {fence} {ticket}\n".encode())
        # long enough to die in the middle
        time.sleep(random.uniform(0, 0.3 if CUT else 0.05))
        status, _ = say(f"{id}/heartbeat", {"fence": fence, "state": "verifying"})
        if status != 200:
            continue
        os.write(out, f"push {id} {fence} {ticket}\n".encode())
        status, _ = say(f"{id}/complete", {"fence": fence, "summary": f"by {name}"})
        os.write(out, f"complete {id} {fence} {ticket} {status}\n".encode())


def tickets(queue, count):
    """So many tickets in progress, made over several connections."""

    def make(first):
        client = queue.client()
        for number in range(first, count, 8):
            body = {"title": f"t{number}", "project": "shop", "state": "in_progress"}
            status, answer = client.ask("POST", "/api/tickets", body)
            if status != 201:
                failed.append(answer)
                return

    failed, began = [], time.monotonic()
    threads = [threading.Thread(target=make, args=(first,)) for first in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"a ticket was not made: {failed[0]}")
    print(f"    {count} tickets made in {time.monotonic() - began:.0f} s", flush=True)


def project(queue, **settings):
    status, answer = queue.client().ask("POST", "/api/projects", {"name": "shop", "path": "/", "program": ["true"], **settings})
    assert status == 201, answer


def fire(directory, store):
    queue = Queue(directory, store)
    project(queue, attempts=1000, backoff_s=0)
    tickets(queue, JOBS)
    log, processes, client = directory / "log", {}, queue.client()
    names = (f"w{number}" for number in range(10 ** 9))
    dead, cut_at = [], time.monotonic()

    def begin(number):
        name = next(names)
        process = multiprocessing.Process(target=worker, name=name, args=(name, queue.port, queue.token, log))
        processes[number] = process
        process.start()

    def cut():
        """The leases of dead workers end now. One that was asked for before the death may be given after it."""
        all = ", ".join(f"'{name}'" for name in dead)
        try:
            queue.sql(f"UPDATE queue_jobs SET lease_until = 1 WHERE lease_until > 1 AND worker IN ({all});")
        except (subprocess.CalledProcessError, sqlite3.Error):
            pass  # the database was killed

    began, killed, restarts = time.monotonic(), 0, [JOBS // 3, JOBS * 2 // 3]
    crash = JOBS // 2 if queue.postgres else None
    for number in range(WORKERS):
        begin(number)
    done = 0
    while done < JOBS:
        time.sleep(random.uniform(0.02, 0.1))
        victim = random.randrange(WORKERS)
        # the last ones wait for leases to end: they are left alone
        if done < JOBS * 0.9:
            processes[victim].kill()
            processes[victim].join()
            dead.append(processes[victim].name)
            killed += 1
            begin(victim)
        if CUT and dead and time.monotonic() - cut_at > 0.5:
            cut()
            cut_at = time.monotonic()
        status, health = client.ask("GET", "/api/queue/health")
        done = health["completed_count"] if status == 200 else done
        if restarts and done > restarts[0]:
            restarts.pop(0)
            queue.kill()
            queue.start()
            client = queue.client()
        if crash and done > crash:
            crash = None
            queue.postgres.kill()
            time.sleep(2)
            queue.postgres.start()
        if time.monotonic() - began > 1200:
            raise SystemExit(f"{done} of {JOBS} after 20 minutes: {health}")
    took = time.monotonic() - began
    for process in processes.values():
        process.kill()
        process.join()
    judge(client, log)
    crashes = ", 1 of PostgreSQL" if queue.postgres else ""
    print(f"{store}: {JOBS} jobs, {WORKERS} workers, {killed} killed, 2 deaths of the server{crashes}: {took:.0f} s, "
          "each completed exactly once", flush=True)
    late(client)
    queue.stop()


def judge(client, log):
    states, claims, pushes, completed = {}, {}, {}, {}
    for ticket in client.ask("GET", "/api/tickets")[1]["tickets"]:
        states[ticket["state"]] = states.get(ticket["state"], 0) + 1
    for line in log.read_text().splitlines():
        word, id, fence, ticket, *rest = line.split()
        if word == "claim":
            claims.setdefault(id, set()).add(fence)
        if word == "push":
            pushes.setdefault(id, set()).add(fence)
        if word == "complete" and rest == ["200"]:
            completed.setdefault(ticket, set()).add(id)
    twice = [id for id, fences in claims.items() if len(fences) > 1]
    held = [id for id, fences in pushes.items() if not fences <= claims.get(id, set())]
    many = [ticket for ticket, jobs in completed.items() if len(jobs) > 1]
    fences = [fence for of in claims.values() for fence in of]
    if states != {"in_review": JOBS} or twice or held or many or len(fences) != len(set(fences)):
        raise SystemExit(f"not each exactly once: {states}, claimed twice: {twice}, pushed by another: {held}, "
                         f"completed twice: {many}, {len(fences) - len(set(fences))} numbers given twice")


def late(client):
    """A worker whose job was taken from it is refused, whatever it says."""
    client.ask("POST", "/api/tickets", {"title": "late", "project": "shop", "state": "in_progress"})
    job = client.ask("POST", "/api/worker/jobs/start", {"worker": "late", "wait_s": 5})[1]
    client.ask("POST", f"/api/queue/jobs/{job['job']['id']}/cancel")
    for word in ("heartbeat", "complete", "fail"):
        status, _ = client.ask("POST", f"/api/worker/jobs/{job['job']['id']}/{word}", {"fence": job["fence"], "reason": "x"})
        if status != 409:
            raise SystemExit(f"a late `{word}` was answered {status}")


def pending(queue, count):
    """So many tickets with a job that waits, straight into the database: over HTTP each would wait for the disk."""
    now = int(time.time() * 1000)
    rows = f"""
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
        INSERT INTO tasks (title, text, status, place, created_at, updated_at, project)
        SELECT 't' || i, '', 'in_progress', i - 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', 1 FROM n;
        INSERT INTO queue_jobs (ticket, project, kind, state, attempt, tries, ready_at, created_at, outcome)
        SELECT id, project, 'ticket', 'pending', 1, 1, {now}, {now}, '{{}}' FROM tasks
        WHERE id NOT IN (SELECT ticket FROM queue_jobs);"""
    queue.sql(rows)


def flushes(directory):
    """What the disk takes to keep one page: no claim is faster."""
    times, file = [], os.open(directory / "page", os.O_CREAT | os.O_WRONLY)
    os.pwrite(file, bytes(8192 * CLAIMS), 0)
    os.fsync(file)
    for number in range(CLAIMS):
        os.pwrite(file, bytes(8192), 8192 * number)
        began = time.perf_counter()
        os.fdatasync(file)
        times.append((time.perf_counter() - began) * 1000)
    os.close(file)
    return times


def told(times):
    times = sorted(times)
    return f"median {statistics.median(times):.1f} ms, p95 {times[len(times) * 95 // 100]:.1f} ms"


def measure(directory, store):
    queue = Queue(directory, store)
    project(queue)
    client = queue.client()
    for count in PENDING:
        waiting = client.ask("GET", "/api/queue/health")[1]["pending_count"]
        # as many are left after the last claim
        if count:
            pending(queue, count + CLAIMS - waiting)
        times = []
        for _ in range(CLAIMS):
            began = time.perf_counter()
            status, answer = client.ask("POST", "/api/worker/jobs/start", {"worker": "one"})
            times.append((time.perf_counter() - began) * 1000)
            assert status == (200 if count else 204), answer
        print(f"{store}: a claim at {count} pending, over HTTP: {told(times)}", flush=True)
    print(f"    meanwhile the disk kept a page in: {told(flushes(directory))}", flush=True)
    queue.stop()


def latency(directory, store):
    queue = Queue(directory, store)
    project(queue)
    waiting = [multiprocessing.Process(target=worker, args=(f"w{number}", queue.port, queue.token, directory / "log"))
               for number in range(5)]
    for process in waiting:
        process.start()
    client = queue.client()
    for number in range(300):
        client.ask("POST", "/api/tickets", {"title": f"t{number}", "project": "shop", "state": "in_progress"})
        time.sleep(0.03)
    began = time.monotonic()
    while client.ask("GET", "/api/queue/health")[1]["completed_count"] < 300:
        time.sleep(0.1)
        if time.monotonic() - began > 120:
            raise SystemExit("300 jobs are not done two minutes after the last was made")
    health = client.ask("GET", "/api/queue/health")[1]
    print(f"{store}: queue latency with 5 workers that wait: p95 {health['latency_p95_ms']} ms", flush=True)
    for process in waiting:
        process.kill()
        process.join()
    queue.stop()


def main():
    # cut short, it leaves nothing either
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    own = os.getpid()
    directory = Path(tempfile.mkdtemp(prefix="harness-queue-"))
    directory.chmod(0o711)
    try:
        for store in STORES:
            for part in (globals()[name] for name in PARTS):
                place = directory / store / part.__name__
                place.mkdir(parents=True)
                part(place, store)
    finally:
        # a worker is a copy of this process
        if os.getpid() == own:
            for process in multiprocessing.active_children() + [server for server in RUNNING if server.poll() is None]:
                process.kill()
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
