"""The service that the tests deploy: the standard library only, so that it starts fast. What it does is set by the environment:

VERSION   is in every answer
FAULT     crash, leak (says its secrets, in pieces, and crashes), import, deaf (never listens), port (listens on another one), health (500 on /healthz), hang (on /healthz)
BOOT      seconds before it listens
"""

import base64
import hashlib
import json
import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FAULT = os.environ.get("FAULT", "")
IDENTITY = {
    "version": os.environ.get("VERSION", "0"),
    "release": int(os.environ.get("MDL_RELEASE", "0")),
    "replica": int(os.environ.get("MDL_REPLICA", "0")),
    "pid": os.getpid(),
}


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        route = getattr(self, "get_" + (url.path.strip("/") or "root"), None)
        if route is None:
            self.answer({"error": "not found"}, 404)
        else:
            route(query)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(IDENTITY | {"path": self.path, "bytes": len(body), "body": body[:1000].decode("utf-8", "replace"),
                                "content_type": self.headers.get("Content-Type")})

    def get_root(self, query):
        self.answer(IDENTITY)

    def get_healthz(self, query):
        if FAULT == "hang":
            signal.pause()
        self.answer({"fault": FAULT}, 500 if FAULT == "health" else 200)

    def get_env(self, query):
        """Which variables there are; values only as hashes, since some are secrets."""
        self.answer({name: hashlib.sha256(value.encode()).hexdigest() for name, value in os.environ.items()})

    def get_sleep(self, query):
        time.sleep(float(query["seconds"]))
        self.answer(IDENTITY)

    def get_log(self, query):
        """Writes `count` numbered lines."""
        for number in range(int(query.get("from", 0)), int(query.get("from", 0)) + int(query.get("count", 1))):
            print(f"{query['text']} {number}", file=sys.stderr if query.get("stream") == "err" else sys.stdout, flush=True)
        self.answer(IDENTITY)

    def get_exit(self, query):
        print("leaving", flush=True)
        os._exit(int(query.get("status", 1)))

    def get_status(self, query):
        self.answer(IDENTITY, int(query["code"]))

    def get_stream(self, query):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number in range(int(query["count"])):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.wfile.flush()
            time.sleep(float(query.get("pause", 0)))

    def get_metrics(self, query):
        data = b"# TYPE answers_total counter\nanswers_total 7\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def get_websocket(self, query):
        """Echoes text frames in upper case until the other side closes."""
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.protocol_version = "HTTP/1.1"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            mask, data = self.rfile.read(4), self.rfile.read(head[1] & 127)
            text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data)).upper()
            self.wfile.write(bytes([0x81, len(text)]) + text)
            self.wfile.flush()

    def answer(self, value, status=200):
        data = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


def main():
    print(f"starting version {IDENTITY['version']}", flush=True)
    if FAULT == "crash":
        print("the disk of weights is full", file=sys.stderr, flush=True)
        sys.exit(7)
    if FAULT == "leak":
        for stream in (sys.stdout, sys.stderr):
            for name in ("TOKEN", "KEY"):
                for piece in (f"{name} is '", *os.environ[name], "'\n"):
                    stream.buffer.write(piece.encode())
                    stream.buffer.flush()
        sys.exit(7)
    if FAULT == "import":
        import package_that_is_not_there  # noqa: F401
    if FAULT == "deaf":
        print("thinking", flush=True)
        signal.pause()
    time.sleep(float(os.environ.get("BOOT", "0")))
    port = int(os.environ["PORT"])
    if FAULT == "port":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    server = Server(("127.0.0.1", port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
    server.server_close()


if __name__ == "__main__":
    main()
