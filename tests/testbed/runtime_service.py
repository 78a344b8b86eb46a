"""A service for tests of the runtime client: each path does one thing. Listens on $PORT; what it does is told by the path."""

import base64
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

begun = time.monotonic()
counting = threading.Lock()
released = os.environ.get("RELEASE_FILE", "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    under_way = 0

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        Handler.connections = getattr(Handler, "connections", 0) + 1
        self.number = Handler.connections

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status, body=b"", headers=()):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def begin_stream(self, headers=()):
        self.send_response_only(200)
        for name, value in (("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")) + tuple(headers):
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self):
        with counting:
            Handler.under_way += 1
        try:
            self.act()
        finally:
            with counting:
                Handler.under_way -= 1

    def act(self):
        body = self.body()
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        action = getattr(self, "on_" + url.path.strip("/").replace("-", "_").replace("/", "_"), None)
        return action(query, body) if action else self.on_echo(query, body)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_GET

    def on_healthz(self, query, body):
        ready = time.monotonic() - begun >= float(os.environ.get("READY_AFTER", "0"))
        self.send(int(os.environ.get("HEALTH", "200")) if ready else 503)

    def on_echo(self, query, body):
        answer = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": base64.b64encode(body).decode(),
                  "connection": self.number, "trace": os.environ.get("_X_AMZN_TRACE_ID"), "port": os.environ["PORT"]}
        self.send(int(query.get("status", 200)) if hasattr(query, "get") else 200, json.dumps(answer).encode(), [("Content-Type", "application/json")])

    def on_bytes(self, query, body):
        data = bytes(range(256)) * (int(query["size"]) // 256 + 1)
        self.send(200, data[: int(query["size"])], [("Content-Type", query.get("type", "application/octet-stream"))])

    def on_hash(self, query, body):
        import hashlib
        self.send(200, json.dumps({"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}).encode(), [("Content-Type", "application/json")])

    def on_log(self, query, body):
        print("said before the answer", flush=True)
        self.send(200)

    def on_slow(self, query, body):
        time.sleep(float(query["seconds"]))
        self.send(200, b"late", [("Content-Type", "text/plain")])

    def on_finish(self, query, body):
        """Streams, and writes a file when it has come to its end."""
        self.begin_stream()
        for _ in range(50):
            self.chunk(b"x" * 10_000)
            time.sleep(0.01)
        self.chunk(b"")
        with open(query["file"], "w") as file:
            file.write("finished")

    def on_die(self, query, body):
        print("about to die", file=sys.stderr, flush=True)
        os._exit(3)

    def on_refuse(self, query, body):
        server.shutdown()
        server.socket.close()
        self.send(200)
        self.close_connection = True

    def on_quietly_close(self, query, body):
        self.send(200, b"bye")
        self.close_connection = True

    def on_short(self, query, body):
        self.send_response_only(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def on_garbage(self, query, body):
        self.wfile.write(b"what?\r\n\r\n")
        self.close_connection = True

    def on_stream(self, query, body):
        self.begin_stream([("Set-Cookie", "a=1"), ("X-A", "b")])
        self.chunk(b"first ")
        while released and not os.path.exists(released):
            time.sleep(0.005)
        self.chunk(b"last")
        self.wfile.write(b"0\r\n\r\n")

    def on_empty_stream(self, query, body):
        self.begin_stream()
        self.wfile.write(b"0\r\n\r\n")

    def on_mid_failure(self, query, body):
        self.begin_stream()
        self.chunk(b"half")
        self.close_connection = True

    def on_mid_death(self, query, body):
        self.begin_stream()
        self.chunk(b"half")
        time.sleep(0.05)
        os._exit(4)

    def on_much(self, query, body):
        self.begin_stream()
        block = b"m" * 65536
        for _ in range(int(query["blocks"])):
            self.chunk(block)
        self.wfile.write(b"0\r\n\r\n")


def drain(*_):
    print("draining", flush=True)
    if os.environ.get("DRAIN_FILE"):
        with open(os.environ["DRAIN_FILE"], "w") as file:
            file.write("drained")
    threading.Thread(target=leave, daemon=True).start()


def leave():
    server.shutdown()
    while Handler.under_way:
        time.sleep(0.005)
    os._exit(0)


if os.environ.get("DIE_AT_START"):
    print("cannot read the model", file=sys.stderr, flush=True)
    sys.exit(7)
if os.environ.get("LISTEN_AFTER"):
    time.sleep(float(os.environ["LISTEN_AFTER"]))
server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = True
signal.signal(signal.SIGTERM, drain)
server.serve_forever(poll_interval=0.05)
threading.Event().wait()  # the threads go on; `leave` ends the process
