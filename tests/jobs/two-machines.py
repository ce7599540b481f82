"""A queue on one machine and a worker on another: two network namespaces with a cable between them, as root.

The queue has PostgreSQL, `harness serve` on loopback and a proxy that speaks TLS; only the proxy listens on the cable. The
worker knows a URL and a key. Everything is named after this process, and nothing is left.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

NAME = "queue.test"
HERE, THERE = "10.213.7.1", "10.213.7.2"


def proxy(port, target, certificate, key):
    """TLS on the cable, HTTP on loopback: what nginx or the like does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server((HERE, port))

    def pass_on(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(raw):
        try:
            outer, inner = context.wrap_socket(raw, server_side=True), socket.create_connection(("127.0.0.1", target))
        except OSError:
            return
        threading.Thread(target=pass_on, args=(outer, inner), daemon=True).start()
        pass_on(inner, outer)

    while True:
        raw, _ = listener.accept()
        threading.Thread(target=serve, args=(raw,), daemon=True).start()


class Machines:
    def __init__(self, binary, directory, postgres):
        self.binary, self.directory, self.postgres = binary, directory, postgres
        self.queue, self.worker = f"hq{os.getpid()}", f"hw{os.getpid()}"
        self.running = []

    def ip(self, *words):
        subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)

    def cable(self):
        for name in (self.queue, self.worker):
            self.ip("netns", "add", name)
            self.ip("-n", name, "link", "set", "lo", "up")
        self.ip("link", "add", "cable", "netns", self.queue, "type", "veth", "peer", "name", "cable", "netns", self.worker)
        for name, address in ((self.queue, HERE), (self.worker, THERE)):
            self.ip("-n", name, "address", "add", f"{address}/24", "dev", "cable")
            self.ip("-n", name, "link", "set", "cable", "up")
        # the worker's name service
        hosts = Path("/etc/netns") / self.worker
        hosts.mkdir(parents=True)
        (hosts / "hosts").write_text(f"127.0.0.1 localhost\n{HERE} {NAME}\n")

    def at(self, machine, command, **options):
        return subprocess.run(["ip", "netns", "exec", machine, *map(str, command)], text=True, capture_output=True, **options)

    def begin(self, machine, command, **options):
        process = subprocess.Popen(["ip", "netns", "exec", machine, *map(str, command)], start_new_session=True, **options)
        self.running.append(process)
        return process

    def end(self):
        for process in reversed(self.running):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(40)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
        for name in (self.queue, self.worker):
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)
            shutil.rmtree(Path("/etc/netns") / name, ignore_errors=True)


def wait(what, condition, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.1)
    raise SystemExit(f"waited {seconds} s for {what}")


def certificate(directory):
    """An authority, and a certificate of the queue's name by it."""
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (directory / "extensions").write_text(f"subjectAltName=DNS:{NAME}\nbasicConstraints=CA:FALSE\n")
    for command in (
        ["req", "-x509", *new, "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", "-new", *new, "-subj", f"/CN={NAME}", "-keyout", "key.pem", "-out", "request.pem"],
        ["x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
         "-extfile", "extensions", "-out", "cert.pem"],
    ):
        subprocess.run(["openssl", *command], check=True, cwd=directory, stderr=subprocess.DEVNULL)


def project(directory):
    """A project whose `answer` is wrong, without servers of its own, and a remote."""
    root, remote = directory / "shop", directory / "remote.git"
    root.mkdir()
    (root / "harness.toml").write_text(
        '[project]\nname = "shop"\n[ports]\napi = 21000\n'
        + "".join(f"[infra.{name}]\ndisabled = true\n" for name in ("postgres", "s3", "mail", "browser")) +
        f'[worktree]\npath = "{directory}/trees/{{{{ id }}}}"\n'
        '[processes.api]\ncommand = "exec python3 -m http.server --bind 127.0.0.1 {{ ports.api }}"\n'
        'readiness_probe = { http_get = { path = "/", port = "{{ ports.api }}" } }\n'
        '[[verify.stages]]\nname = "check"\ncommands = [{ name = "answer", run = "grep -qx 42 answer" }]\n')
    (root / "answer").write_text("41\n")
    git = ["git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"],
                    ["init", "-q", "--bare", remote], ["remote", "add", "origin", remote], ["push", "-q", "origin", "main"]):
        subprocess.run([*map(str, git), *map(str, command)], check=True)
    return root, remote


def main():
    binary, postgres = sys.argv[1], Path(sys.argv[2])
    directory = Path(tempfile.mkdtemp(prefix="harness-two-"))
    directory.chmod(0o755)
    machines = Machines(binary, directory, postgres)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        machines.cable()
        play(machines)
    finally:
        machines.end()
        shutil.rmtree(directory, ignore_errors=True)
    print("two machines: all as it must be")


def play(machines):
    directory, binary, queue, worker = machines.directory, machines.binary, machines.queue, machines.worker
    # the queue: a database and a server on loopback, TLS on the cable
    data = directory / "pg"
    data.mkdir()
    shutil.chown(data, "postgres")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    machines.at(queue, [*as_postgres, machines.postgres / "initdb", "--auth=trust", "-U", "queue", "--no-sync", data / "d"],
                check=True, cwd="/")
    machines.begin(queue, [*as_postgres, machines.postgres / "postgres", "-D", data / "d", "-p", "15999", "-k", data],
                   cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    home, far = directory / "queue-home", directory / "worker-home"
    (home / "serve").mkdir(parents=True)
    (home / "serve/serve.toml").write_text(f'allowed_hosts = ["{NAME}"]\n[database]\nurl_file = "{directory}/url"\n')
    (directory / "url").write_text("postgresql://queue@127.0.0.1:15999/postgres\n")
    base = {"PATH": os.environ["PATH"], "HOME": str(directory)}
    of_queue = {**base, "HARNESS_HOME": str(home)}
    in_database = [machines.postgres / "psql", "-h", "127.0.0.1", "-p", "15999", "-U", "queue", "-Atc"]
    wait("PostgreSQL", lambda: machines.at(queue, [*in_database, "select 1", "postgres"]).returncode == 0)
    machines.begin(queue, [binary, "serve", "--port", "3999"], env=of_queue, stderr=(directory / "serve.log").open("w"))

    def harness(*words):
        done = machines.at(queue, [binary, *words, "--json"], env=of_queue)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    wait("the server", lambda: machines.at(queue, [binary, "ticket", "list", "--json"], env=of_queue).returncode == 0)
    certificate(directory)
    machines.begin(queue, [sys.executable, __file__, "proxy", "8443", "3999", directory / "cert.pem", directory / "key.pem"])
    url = f"https://{NAME}:8443"

    # from the other machine only the proxy is there
    def reaches(address, port):
        return machines.at(worker, ["bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"]).returncode == 0

    wait("the proxy", lambda: reaches(NAME, 8443))
    for address, port in ((HERE, 15999), (HERE, 3999), ("127.0.0.1", 15999), ("127.0.0.1", 3999)):
        assert not reaches(address, port), f"{address}:{port} is open to the worker"

    # a ticket; the program looks for the database, and tells what it finds
    root, remote = project(directory)
    program = directory / "program.sh"
    program.write_text(
        f"for place in {HERE}/15999 127.0.0.1/15999 {HERE}/3999; do\n"
        f"  (exec 3<>/dev/tcp/$place) 2> /dev/null && echo $place >> {directory}/found\ndone\n"
        f"env > {directory}/env\necho 42 > answer\n")
    harness("project", "add", "shop", str(root), f'program={json.dumps(["bash", str(program)])}', "attempts=1")
    harness("ticket", "add", "Fix it", "--project", "shop", "--start")
    keys = {name: harness("serve", "key", "add", "--worker", name)["key"] for name in ("one", "two")}
    of_worker = {**base, "HARNESS_HOME": str(far), "SSL_CERT_FILE": str(directory / "ca.pem"), "HARNESS_API_URL": url}

    def work(key, **more):
        environment = {**of_worker, "HARNESS_WORKER_KEY": key, **more}
        return machines.at(worker, [binary, "work", "--once", "--json", "--name", "one"], env=environment)

    # a wrong key, and a certificate that is not trusted: refused, and nothing is claimed
    refused = work("hw_wrong")
    assert refused.returncode != 0 and json.loads(refused.stdout)["error"]["code"] == "work.refused", refused
    untrusted = work(keys["one"], SSL_CERT_FILE="/etc/ssl/certs/ca-certificates.crt")
    assert untrusted.returncode != 0 and json.loads(untrusted.stdout)["error"]["code"] == "work.no_answer", untrusted
    assert harness("job", "list")["jobs"][0]["state"] == "pending"

    # a stolen fencing number, by the holder of another key
    def say(key, path, body):
        script = (
            "import http.client, json, ssl, sys\n"
            f"c = http.client.HTTPSConnection('{NAME}', 8443, context=ssl.create_default_context(cafile='{directory}/ca.pem'))\n"
            f"c.request('POST', '/api/worker/jobs/' + sys.argv[1], sys.argv[2], {{'Authorization': 'Bearer ' + sys.argv[3]}})\n"
            "a = c.getresponse(); print(json.dumps([a.status, a.read().decode()]))\n")
        done = machines.at(worker, [sys.executable, "-c", script, path, json.dumps(body), key])
        assert done.returncode == 0, done
        status, text = json.loads(done.stdout)
        return status, json.loads(text) if text else None

    status, claim = say(keys["one"], "start", {"worker": "one"})
    assert status == 200, claim
    id, fence = claim["job"]["id"], claim["fence"]
    for verb in ("heartbeat", "log", "complete", "fail", "return"):
        status, answer = say(keys["two"], f"{id}/{verb}", {"fence": fence, "reason": "x", "summary": "x", "lines": ["x"]}
                             if verb not in ("log", "return") else {"fence": fence, **({"lines": ["x"]} if verb == "log" else {"reason": "x"})})
        assert (status, answer["error"]["code"]) == (409, "queue.lost"), (verb, status, answer)
    status, answer = say("hw_wrong", f"{id}/complete", {"fence": fence})
    assert status == 401, answer
    shown = harness("job", "show", str(id))
    assert (shown["state"], shown["summary"]) == ("claimed", None), shown
    assert harness("job", "logs", str(id))["lines"] == []
    status, answer = say(keys["one"], f"{id}/return", {"fence": fence, "reason": "room for the worker"})
    assert status == 200, answer

    # the worker does it
    done = wait("the job", lambda: (lambda it: it if it.returncode or json.loads(it.stdout)["jobs"] else None)(work(keys["one"])))
    document = json.loads(done.stdout)
    assert document["jobs"][0]["outcome"] == "succeeded", done
    ticket = harness("ticket", "show", "1")
    assert ticket["state"] == "in_review" and ticket["job"]["worker"] == "one", ticket
    pushed = subprocess.run(["git", "-C", remote, "show", "harness/ticket-1:answer"], capture_output=True, text=True)
    assert pushed.stdout == "42\n", pushed
    assert not (directory / "found").exists(), (directory / "found").read_text()
    environment = (directory / "env").read_text()
    for secret in (*keys.values(), "15999", "HARNESS_WORKER_KEY"):
        assert secret not in environment, f"the program knows {secret}"
    log = (directory / "serve.log").read_text()
    assert not any(key in log + done.stderr for key in keys.values()), "a key is in a log"
    count = machines.at(queue, [*in_database, "select count(*) from harness.queue_jobs where state = 'succeeded'", "postgres"])
    assert count.stdout == "1\n", count
    left = machines.at(worker, [binary, "teardown", "--all", "--infra", "--volumes", "--force", "--json"],
                       env={**base, "HARNESS_HOME": str(far)})
    assert left.returncode == 0, left


if __name__ == "__main__":
    if sys.argv[1] == "proxy":
        proxy(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
    else:
        main()
