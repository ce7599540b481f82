"""The measurements behind serve.sh. Python's standard library only."""

import base64
import http.client
import json
import os
import resource
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from machine import NO_SERVERS, PYTHON, WEB, Machine, commit, table

BINARY = Path(sys.argv[1]).resolve()
STACKS = int(sys.argv[2])
CLIENTS = 8
SECONDS = 10
ROUNDS = 30
IDLE = 1000
BUSY = 100
OUTPUT = 200 << 20

PROJECT = """
[project]
name = "serve"
[ports]
web = {web}
{no_servers}
[launch]
timeout = "300s"
[processes.web]
command = "{python} -I -S {{{{ project_root }}}}/web.py {{{{ ports.web }}}}"
readiness_probe = {{ tcp_connect = {{ port = "{{{{ ports.web }}}}" }}, period_seconds = 0.5 }}
"""


class Server(Machine):
    def __init__(self, directory):
        super().__init__(BINARY, directory, 1100)
        self.port = self.base + 7
        configuration = PROJECT.format(web=self.base + 50, python=PYTHON, no_servers=NO_SERVERS)
        self.make("project", configuration)
        (self.project / "web.py").write_text(WEB)
        commit(self.project)
        self.process = None

    def serve(self):
        self.process = subprocess.Popen([self.binary, "serve", "--port", str(self.port)], cwd=self.project,
                                        env=self.environment, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "serving at" not in line:
            raise RuntimeError(line)
        self.token = (self.home / "serve/token").read_text().strip()

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait(40)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def resident(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


class Socket:
    """A WebSocket."""

    def __init__(self, server, path):
        self.socket = socket.create_connection(("127.0.0.1", server.port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: Upgrade\r\n"
                            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                            f"Authorization: Bearer {server.token}\r\n\r\n".encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        if b" 101 " not in head:
            raise RuntimeError(head.decode())

    def fill(self):
        more = self.socket.recv(1 << 20)
        if not more:
            raise RuntimeError("the connection has ended")
        self.buffer += more

    def say(self, document):
        data = json.dumps(document).encode()
        head = b"\x81" + (bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data)))
        self.socket.sendall(head + bytes(4) + data)

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def next(self):
        while True:
            first, length = self.take(2)
            if length == 126:
                length, = struct.unpack(">H", self.take(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.take(8))
            data = self.take(length)
            if first == 0x81:
                return json.loads(data)

    def close(self):
        self.socket.close()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def requests(server, path):
    """Requests a second over connections that are kept, and how long each took, in milliseconds."""
    took, stop = [], time.perf_counter() + SECONDS

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {"Authorization": f"Bearer {server.token}"}
        own = []
        while time.perf_counter() < stop:
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status}")
            own.append((time.perf_counter() - began) * 1000)
        took.extend(own)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [f"`GET {path}`", len(took) / SECONDS, statistics.median(took), percentile(took, 0.99), max(took)]


def events(server):
    """From the end of an application to the event, in milliseconds; one end a stack, since further ones are restarted late."""
    took = []
    listener = Socket(server, "/ws")
    for number in range(1, STACKS + 1):
        pid = server.ask("GET", f"/api/agents/{number}")["agents"][0]["processes"][0]["pid"]
        began = time.perf_counter()
        os.kill(pid, signal.SIGKILL)
        while True:
            event = listener.next()
            # it may have been started again by then
            if event["type"] == "process" and event["agent"] == number and event["pid"] != pid:
                took.append((time.perf_counter() - began) * 1000)
                break
    listener.close()
    return took


def text_of(message):
    return "".join(run["t"] for row in rows_of(message) for run in row)


def rows_of(message):
    if message["type"] == "screen":
        return message["rows"]
    return [row for _, row in message.get("rows", [])]


def echoes(server):
    """From a key to what it shows, over the WebSocket, in milliseconds."""
    server.ask("POST", "/api/sessions", {"agent": 1, "command": ["cat"], "name": "echo"})
    page = Socket(server, "/ws/sessions/1/echo")
    page.next()
    took = []
    for number in range(ROUNDS * 3):
        word = f"k{number:03}"
        began = time.perf_counter()
        page.say({"type": "keys", "text": word})
        while word not in text_of(page.next()):
            pass
        took.append((time.perf_counter() - began) * 1000)
        page.say({"type": "keys", "text": "\r"})
        # what the end of the line shows
        time.sleep(0.05)
        while select.select([page.socket], [], [], 0.05)[0] or page.buffer:
            page.next()
    page.close()
    server.ask("DELETE", "/api/sessions/1/echo")
    return took


def output(server):
    """Seconds until a page has seen the end of 200 MB, and what another page's requests took meanwhile."""
    script = f"read go; head -c {OUTPUT} /dev/zero | tr '\\0' x | fold -w 79; echo; echo the end of it; exec sleep 600"
    server.ask("POST", "/api/sessions", {"agent": 1, "command": ["sh", "-c", script], "name": "flood"})
    page = Socket(server, "/ws/sessions/1/flood")
    page.next()
    took, done = [], threading.Event()

    def other():
        while not done.is_set():
            began = time.perf_counter()
            server.ask("GET", "/health")
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(0.02)

    thread = threading.Thread(target=other)
    thread.start()
    messages, before = 0, server.resident()
    began = time.perf_counter()
    try:
        page.say({"type": "keys", "text": "\r"})
        while "the end of it" not in text_of(page.next()):
            messages += 1
    finally:
        done.set()
        thread.join()
    seconds = time.perf_counter() - began
    grown = server.resident() - before
    page.close()
    server.ask("DELETE", "/api/sessions/1/flood")
    return seconds, messages, percentile(took, 0.99), grown


def crowd(server):
    """Memory with idle and busy listeners, and how long a hundred events take to reach all busy ones."""
    before = server.resident()
    idle = [Socket(server, "/ws") for _ in range(IDLE)]
    with_idle = server.resident()
    busy = [Socket(server, "/ws") for _ in range(BUSY)]
    began = time.perf_counter()
    for number in range(100):
        server.ask("POST", "/api/tasks", {"title": f"Task {number}", "text": "x" * 200})
    for one in busy:
        while one.next().get("title") != "Task 99":
            pass
    took = (time.perf_counter() - began) * 1000
    after = server.resident()
    for one in idle + busy:
        one.close()
    return with_idle - before, after - with_idle, took


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="serve-") as directory:
        server = Server(directory)
        try:
            server.harness("launch", "--all", STACKS)
            server.serve()
            paths = ["/health", "/api/agents", "/api/tasks", "/metrics", "/"]
            rows = [requests(server, path) for path in paths]
            head = ["", "a second", "median, ms", "p99, ms", "slowest, ms"]
            table(head, rows, f"{STACKS} stacks, {CLIENTS} clients, {SECONDS} s each")
            took, keys = events(server), echoes(server)
            rows = [["event after an application's end", statistics.median(took), percentile(took, 0.99), max(took)],
                    ["key to echo of a session", statistics.median(keys), percentile(keys, 0.99), max(keys)]]
            table(["", "median, ms", "p99, ms", "slowest, ms"], rows)
            seconds, messages, late, grown = output(server)
            idle, busy, spread = crowd(server)
            rows = [["200 MB of output through a viewed session, s", seconds],
                    ["messages to the page meanwhile", float(messages)],
                    ["`GET /health` meanwhile, p99, ms", late],
                    ["memory that it took, MB", grown],
                    [f"memory of {IDLE} idle WebSockets, MB", idle],
                    [f"memory of {BUSY} busy ones, MB", busy],
                    [f"100 tasks made, each told to {IDLE + BUSY} WebSockets, ms", spread],
                    ["memory of the server at the end, MB", server.resident()]]
            table(["", ""], rows)
        finally:
            server.end()
            server.remove()
            shutil.rmtree(server.project, ignore_errors=True)


# whoever ends it is not left with its servers
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
main()
