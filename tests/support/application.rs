//! A small application for tests: Python and its standard library only, and misbehaviour on request.

use std::path::Path;

/// The interpreter. The system's own first: a version manager's shim takes longer to start than all
/// that is tested.
pub(crate) fn python() -> &'static str {
    if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}

/// `app.py`. It answers
///
/// ```text
/// GET  /health     200, or 503 with APP_HEALTH=bad
/// GET  /env        its environment as JSON
/// GET  /pid        its pid
/// GET  /items      rows of the table `items`, one a line (through psql)
/// POST /items      adds the body as a row
/// GET  /slow       after APP_SLOW seconds
/// ```
///
/// and is turned to misbehave by variables:
///
/// ```text
/// APP_PORT         listens there instead of on PORT
/// APP_HOST         listens on that address; 127.0.0.1 unless given
/// APP_EXIT         prints a line to each stream and exits with this status at once
/// APP_EXIT_AFTER   exits with status 1 that many seconds after it listens
/// APP_CHILD        a shell command that it starts first, its stdout inherited
/// APP_IGNORE_TERM  ignores SIGTERM
/// ```
pub(crate) const APPLICATION: &str = r#"
import http.server, json, os, signal, socket, subprocess, sys, threading, time

env = os.environ
if env.get("APP_CHILD"):
    subprocess.Popen(["sh", "-c", env["APP_CHILD"]])
if env.get("APP_EXIT"):
    print("about to give up", flush=True)
    print("fatal: told to exit with", env["APP_EXIT"], file=sys.stderr, flush=True)
    sys.exit(int(env["APP_EXIT"]))
if env.get("APP_IGNORE_TERM"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def sql(text, *options):
    return subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *options, env["DATABASE_URL"]],
        input=text, capture_output=True, text=True,
    )


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = body.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def database(self, result, status):
        if result.returncode == 0:
            self.answer(status, result.stdout)
        else:
            self.answer(500, result.stderr)

    def do_GET(self):
        if self.path == "/health":
            bad = env.get("APP_HEALTH") == "bad"
            self.answer(503 if bad else 200, "bad" if bad else "ok")
        elif self.path == "/env":
            self.answer(200, json.dumps(dict(env)))
        elif self.path == "/pid":
            self.answer(200, str(os.getpid()))
        elif self.path == "/items":
            self.database(sql("select name from items order by id"), 200)
        elif self.path == "/slow":
            time.sleep(float(env.get("APP_SLOW", "1")))
            self.answer(200, "done")
        else:
            self.answer(404, "no such path")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        self.database(sql("insert into items (name) values (:'name')", "-v", "name=" + body), 201)

    def log_message(self, form, *values):
        if self.path != "/health":
            print(form % values, flush=True)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in env.get("APP_HOST", "") else socket.AF_INET
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # without the reverse look-up of its own name that the base class does
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address[:2]


port = int(env.get("APP_PORT") or env["PORT"])
server = Server((env.get("APP_HOST", "127.0.0.1"), port), Handler)
print("listening on", port, flush=True)
if env.get("APP_EXIT_AFTER"):
    threading.Timer(float(env["APP_EXIT_AFTER"]), lambda: os._exit(1)).start()
server.serve_forever()
"#;
