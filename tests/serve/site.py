"""An application as a gateway meets it: cookies, WebSocket, Server-Sent Events, large bodies. Port by $PORT."""

import base64, hashlib, http.server, json, os, socket, sys, threading, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, headers=()):
        data = body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def begin_chunks(self, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("x-hop", "of this connection")
        self.send_header("connection", "keep-alive, x-hop")
        self.end_headers()

    def do_GET(self):
        name, _, value = self.path.lstrip("/").partition("/")
        if name == "health":
            self.answer(200, "ok")
        elif name == "login":
            self.answer(200, "in", [("set-cookie", "session=" + os.environ["AGENT_ID"])])
        elif name == "request":
            seen = [[key.lower(), value] for key, value in self.headers.items()]
            self.answer(200, json.dumps({"agent": os.environ["AGENT_ID"], "path": self.path, "headers": seen}))
        elif name == "events":
            self.begin_chunks("text/event-stream")
            self.chunk(b"data: first\n\n")
            release.wait()
            self.chunk(b"data: second\n\n")
            self.chunk(b"")
        elif name == "release":
            release.set()
            self.answer(200, "released")
        elif name == "large":
            size = int(value)
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            piece = b"x" * 65536
            while size > 0:
                self.wfile.write(piece[:size])
                size -= len(piece)
        elif name == "die":
            self.begin_chunks("text/plain")
            self.chunk(b"half of it")
            time.sleep(0.2)
            print("fatal: <out> of luck", flush=True)
            os._exit(7)
        elif name == "close":
            # without an answer, as a server that has just closed an idle connection
            self.close_connection = True
        elif name == "echo":
            self.echo()
        else:
            self.answer(404, "no such path")

    def do_POST(self):
        size, body = 0, self.rfile
        if self.headers.get("transfer-encoding") == "chunked":
            while length := int(body.readline(), 16):
                size += len(body.read(length))
                body.readline()
            body.readline()
        else:
            left = int(self.headers.get("content-length", "0"))
            while left:
                got = len(body.read(min(left, 65536)))
                left, size = left - got, size + got
        self.answer(200, str(size))

    def echo(self):
        key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("connection", "Upgrade")
        self.send_header("upgrade", "websocket")
        self.send_header("sec-websocket-accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        while head := self.rfile.read(2):
            long = head[1] & 0x7F == 126
            more = self.rfile.read(2) if long else b""
            length = int.from_bytes(more, "big") if long else head[1] & 0x7F
            mask = self.rfile.read(4)
            data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self.rfile.read(length)))
            self.wfile.write(bytes([head[0], head[1] & 0x7F]) + more + data)

    def log_message(self, form, *values):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    address_family = socket.AF_INET6 if os.environ.get("SITE_V6") else socket.AF_INET

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address[:2]


release = threading.Event()
print("site begins", flush=True)
Server(("::1" if os.environ.get("SITE_V6") else "127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
