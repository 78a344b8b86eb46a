"""A server of weights with the faults that servers have, and a hub that answers as huggingface.co does.

    /plain/<name>        ranges, ETag
    /cuts/<name>         the connection ends after CUT bytes
    /whole/<name>        no ranges: always 200; the first answer is cut
    /lies/<name>         after a cut, 206 with the right Content-Range and the bytes from the start
    /wrong/<name>        one byte is another
    /busy/<name>         429, then 503, each with Retry-After: 1, then the file
    /<org>/<repo>/resolve/<revision>/<name>   302 to the second server, with the hub's headers
"""

import hashlib
import re
import ssl
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c" * 40


def certificate(folder):
    """A certificate for 127.0.0.1 and its key, in one file."""
    path = folder / "server.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "key.pem"),
                    "-out", str(folder / "cert.pem")], check=True, capture_output=True)
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "cert.pem").read_bytes())
    return path


class Source:
    """Serves `files` (name → bytes) over HTTPS (a `pem` is given) or HTTP. `requests` holds what was asked, `sent` the bytes by path."""

    def __init__(self, files, pem=None, cut=2_000_000, linked=None):
        self.files, self.cut, self.linked = files, cut, linked
        self.requests, self.sent, self.seen, self.lock = [], Counter(), Counter(), threading.Lock()
        self.hold = threading.Event()  # answers wait for it half way
        self.hold.set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if pem else 'http'}://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def asked(self, method="GET"):
        with self.lock:
            return [one for one in self.requests if one["method"] == method]

    def _handler(source):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, *_):
                pass

            def do_GET(self):
                path = self.path.split("?")[0]
                with source.lock:
                    source.requests.append({"method": self.command, "path": self.path, "headers": dict(self.headers)})
                    source.seen[self.command, path] += 1
                    count = source.seen["GET", path]
                name = path.rsplit("/", 1)[-1]
                if "/resolve/" in path:
                    return self.hub(path, name)
                way = path.split("/")[1]
                if name not in source.files:
                    return self.short(404, b"no such file")
                if way == "busy" and self.command == "GET" and count < 3:
                    return self.short(429 if count == 1 else 503, b"later", [("Retry-After", "1")])
                self.file(path, way, source.files[name], count)

            do_HEAD = do_GET

            def file(self, path, way, data, count):
                start, status, end = 0, 200, len(data)
                given = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
                if given and way != "whole" and self.headers.get("If-Range", tag) == tag:
                    start, status = int(given[1]), 206
                    end = min(end, int(given[2]) + 1) if given[2] else end
                if start >= len(data):
                    return self.short(416, b"", [("Content-Range", f"bytes */{len(data)}")])
                headers = [("ETag", tag), ("Accept-Ranges", "bytes")]
                if status == 206:
                    headers.append(("Content-Range", f"bytes {start}-{end - 1}/{len(data)}"))
                body = data[start:end]
                if way == "lies" and status == 206:
                    body = data[:len(body)]
                if way == "wrong":
                    body = body[:len(body) // 2] + bytes([body[len(body) // 2] ^ 1]) + body[len(body) // 2 + 1:]
                cut = source.cut if way == "cuts" or (way in ("whole", "lies") and count == 1) else None
                self.send_response(status)
                for header in headers:
                    self.send_header(*header)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "HEAD":
                    return
                whole = len(body)
                for at in range(0, whole if cut is None else min(cut, whole), 100_000):
                    piece = body[at:at + 100_000]
                    if at >= whole // 2:
                        source.hold.wait(30)
                    self.wfile.write(piece)
                    with source.lock:
                        source.sent[path] += len(piece)
                if cut is not None and cut < whole:
                    self.wfile.flush()
                    self.close_connection = True

            def hub(self, path, name):
                data = source.files.get(name)
                if data is None:
                    return self.short(404, b"", [("X-Error-Code", "EntryNotFound"), ("X-Error-Message", "Entry not found"),
                                                 ("X-Repo-Commit", COMMIT)])
                if name.endswith(".json"):
                    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                    return self.short(200, data, [("X-Repo-Commit", COMMIT), ("ETag", f'"{blob}"')])
                self.short(302, b"", [("Location", f"{source.linked.url}/plain/{name}?signature=x"), ("X-Repo-Commit", COMMIT),
                                      ("X-Linked-Etag", f'"{hashlib.sha256(data).hexdigest()}"'), ("X-Linked-Size", str(len(data)))])

            def short(self, status, body, headers=()):
                self.send_response(status)
                for header in headers:
                    self.send_header(*header)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        return Handler
