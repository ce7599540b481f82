"""Jobs over workers that are killed at random moments. Standard library only."""

import http.client
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BINARY, JOBS, WORKERS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
PENDING = 10_000


class Queue:
    """A server of a home of its own."""

    running = []

    def __init__(self, directory):
        self.home = directory / "home"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    def start(self):
        environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "HARNESS_HOME": str(self.home)}
        command = [BINARY, "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        Queue.running.append(self.process)
        for _ in range(600):
            try:
                self.token = (self.home / "serve/token").read_text().strip()
                ask(self.port, self.token, "GET", "/api/queue/health")
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise SystemExit("the server does not answer")

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait()


def ask(port, token, method, path, body=None, timeout=40):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        read = answer.read()
        return answer.status, json.loads(read) if read else None
    finally:
        connection.close()


def worker(number, port, token, log):
    """Claims, works, pushes if the lease holds, completes; each step is in a file before the next."""
    random.seed()
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(path, body):
        while True:
            try:
                return ask(port, token, "POST", f"/api/worker/jobs/{path}", body)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)  # the server was killed

    while True:
        status, job = say("start", {"worker": f"w{number}", "wait_s": 5})
        if status != 200:
            continue
        id, fence, ticket = job["job"]["id"], job["fence"], job["ticket"]["id"]
        os.write(out, f"claim {id} {fence} {ticket}\n".encode())
        time.sleep(random.uniform(0, 0.05))
        status, _ = say(f"{id}/heartbeat", {"fence": fence, "state": "verifying"})
        if status != 200:
            continue
        os.write(out, f"push {id} {fence} {ticket}\n".encode())
        status, _ = say(f"{id}/complete", {"fence": fence, "summary": f"by {number}"})
        os.write(out, f"complete {id} {fence} {ticket} {status}\n".encode())


def fire(directory):
    queue = Queue(directory)
    queue.start()
    call = lambda *words: ask(queue.port, queue.token, *words)
    settings = {"path": "/", "program": ["true"], "attempts": 1000, "backoff_s": 0}
    call("POST", "/api/projects", {"name": "shop", **settings})
    for number in range(JOBS):
        status, _ = call("POST", "/api/tickets", {"title": f"t{number}", "project": "shop", "state": "in_progress"})
        assert status == 201, status
    log = directory / "log"
    processes = {}

    def begin(number):
        processes[number] = multiprocessing.Process(target=worker, args=(number, queue.port, queue.token, log))
        processes[number].start()

    began, killed, restarts = time.monotonic(), 0, [JOBS // 3, JOBS * 2 // 3]
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
            killed += 1
            begin(victim)
        done = call("GET", "/api/queue/health")[1]["completed_count"]
        if restarts and done > restarts[0]:
            restarts.pop(0)
            queue.kill()
            queue.start()
        if time.monotonic() - began > 1800:
            raise SystemExit(f"{done} of {JOBS} after half an hour")
    took = time.monotonic() - began
    for process in processes.values():
        process.kill()
        process.join()
    states = {}
    tickets = call("GET", "/api/tickets")[1]["tickets"]
    for ticket in tickets:
        states[ticket["state"]] = states.get(ticket["state"], 0) + 1
    claims, completed = {}, {}
    for line in log.read_text().splitlines():
        word, id, fence, ticket, *rest = line.split()
        if word == "claim":
            claims.setdefault(id, set()).add(fence)
        if word == "complete" and rest == ["200"]:
            completed.setdefault(ticket, set()).add(id)
    twice = [id for id, fences in claims.items() if len(fences) > 1]
    many = [ticket for ticket, jobs in completed.items() if len(jobs) > 1]
    lost = sum(1 for job in claims if job not in {id for ids in completed.values() for id in ids})
    queue.kill(signal.SIGTERM)
    print(f"{JOBS} jobs, {WORKERS} workers, {killed} killed, 2 deaths of the server, {lost} attempts lost: {took:.0f} s")
    print(f"tickets: {states}; jobs claimed twice: {len(twice)}; tickets completed twice: {len(many)}")
    if states != {"in_review": JOBS} or twice or many:
        raise SystemExit("not each exactly once")


def measure(directory):
    queue = Queue(directory)
    queue.start()
    call = lambda *words: ask(queue.port, queue.token, *words)
    call("POST", "/api/projects", {"name": "shop", "path": "/", "program": ["true"]})
    for number in range(PENDING):
        call("POST", "/api/tickets", {"title": f"t{number}", "project": "shop", "state": "in_progress"})
    times = []
    for _ in range(200):
        began = time.perf_counter()
        status, _ = call("POST", "/api/worker/jobs/start", {"worker": "one"})
        times.append((time.perf_counter() - began) * 1000)
        assert status == 200
    print(f"a claim at {PENDING} pending, connection included: median {statistics.median(times):.1f} ms, "
          f"p95 {sorted(times)[190]:.1f} ms")
    queue.kill(signal.SIGTERM)


def latency(directory):
    queue = Queue(directory)
    queue.start()
    call = lambda *words: ask(queue.port, queue.token, *words)
    call("POST", "/api/projects", {"name": "shop", "path": "/", "program": ["true"]})
    waiting = [multiprocessing.Process(target=worker, args=(number, queue.port, queue.token, directory / "log2"))
               for number in range(5)]
    for process in waiting:
        process.start()
    for number in range(300):
        call("POST", "/api/tickets", {"title": f"t{number}", "project": "shop", "state": "in_progress"})
        time.sleep(0.03)
    while call("GET", "/api/queue/health")[1]["completed_count"] < 300:
        time.sleep(0.1)
    print(f"queue latency with 5 workers that wait: p95 {call('GET', '/api/queue/health')[1]['latency_p95_ms']} ms")
    for process in waiting:
        process.kill()
        process.join()
    queue.kill(signal.SIGTERM)


def main():
    # cut short, it leaves nothing either
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    own = os.getpid()
    directory = Path(tempfile.mkdtemp(prefix="harness-queue-"))
    try:
        for name, part in [("fire", fire), ("measure", measure), ("latency", latency)]:
            (directory / name).mkdir()
            part(directory / name)
    finally:
        # a worker is a copy of this process
        if os.getpid() == own:
            for process in multiprocessing.active_children() + [server for server in Queue.running if server.poll() is None]:
                process.kill()
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
