"""The measurements behind gateway.sh. Python's standard library only; wrk makes the requests."""

import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from machine import NO_SERVERS, Machine, table

BINARY = Path(sys.argv[1]).resolve()
SECONDS = int(sys.argv[2])
ROUNDS = 3
CONNECTIONS = [1, 32]
LARGE = 1 << 30
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")

# One worker, as the gateway has one thread; paths of its own.
COMMON = """
daemon off;
worker_processes 1;
error_log stderr error;
pid {directory}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    keepalive_requests 10000000;
    {server}
}}
"""

# The application: as fast as one can be, so that what is in front of it is measured.
APPLICATION = """
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 200 "hello from the application\\n"; }}
        location /large {{ root {directory}; }}
    }}
"""

PROXY = """
    upstream application {{ server 127.0.0.1:{to}; keepalive 64; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://application;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $host;
        }}
    }}
"""

CONFIGURATION = """
[project]
name = "bench"
max_agents = 1
[ports]
web = {base}
{servers}
[processes.web]
command = "{nginx} -e stderr -p {directory} -c {configuration}"
"""

UNITS = {"us": 0.001, "ms": 1, "s": 1000}


def configuration(directory, name, server):
    own = directory / name
    own.mkdir()
    file = own / "nginx.conf"
    file.write_text(COMMON.format(directory=own, server=server))
    return own, file


def answers(port, name):
    """Waits until a proxy answers for the application."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": name})
    for _ in range(200):
        try:
            if b"application" in urllib.request.urlopen(request, timeout=2).read():
                return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"port {port} does not answer")


def load(port, name, connections):
    """Requests a second; milliseconds of the median and of the 99th percentile."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-H", f"Host: {name}",
               f"http://127.0.0.1:{port}/"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    failed = re.search(r"Non-2xx.*|Socket errors.*", text)
    if failed:
        print(failed.group(0), file=sys.stderr)
    percentile = {share: float(number) * UNITS[unit]
                  for share, number, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)\b", text)}
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), percentile["50"], percentile["99"]


def megabytes(port, name):
    """Megabytes a second of a large download."""
    command = ["curl", "-sS", "-o", os.devnull, "-w", "%{size_download} %{time_total}", "-H", f"Host: {name}",
               f"http://127.0.0.1:{port}/large/file"]
    size, took = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    if size != LARGE:
        sys.exit(f"{size} of {LARGE} bytes came")
    return size / took / 1e6


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(30)


def main():
    with tempfile.TemporaryDirectory(prefix="harness-bench-") as directory:
        machine = Machine(BINARY, directory, 40)
        web, serve, gateway, proxy = (machine.base + at for at in (20, 7, 8, 9))
        large = machine.directory / "files/large"
        large.mkdir(parents=True)
        with open(large / "file", "wb") as file:
            file.truncate(LARGE)
        server = APPLICATION.format(port=web, directory=large.parent)
        own, file = configuration(machine.directory, "application", server)
        machine.project = machine.make("project", CONFIGURATION.format(
            base=machine.base + 10, servers=NO_SERVERS, nginx=NGINX, directory=own, configuration=file))
        own, file = configuration(machine.directory, "proxy", PROXY.format(port=proxy, to=web))
        name = "web.1.bench.localhost"
        started = []
        try:
            machine.harness("launch", "1")
            started.append(subprocess.Popen([NGINX, "-e", "stderr", "-p", own, "-c", file]))
            started.append(subprocess.Popen(
                [BINARY, "serve", "--port", str(serve), "--gateway", "--gateway-port", str(gateway)],
                env=machine.environment, stderr=subprocess.DEVNULL))
            ways = [("the application alone", web), ("nginx", proxy), ("the gateway", gateway)]
            for _, port in ways:
                answers(port, name)
            rows = []
            for connections in CONNECTIONS:
                taken = {way: [] for way, _ in ways}
                # by turns, so that whatever else the machine does meets all of them
                for _ in range(ROUNDS):
                    for way, port in ways:
                        taken[way].append(load(port, name, connections))
                for way, runs in taken.items():
                    rows.append([f"{way}, {connections} connections", *map(statistics.median, zip(*runs))])
            table(["", "requests a second", "median, ms", "p99, ms"], rows)
            rows = [[way, statistics.median(megabytes(port, name) for _ in range(ROUNDS))] for way, port in ways]
            table(["", "MB a second"], rows, "One download of 1 GiB")
        finally:
            for process in started:
                end(process)
            machine.remove()


main()
