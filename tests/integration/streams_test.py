"""What passes through the gateway: streams both ways, WebSockets, large bodies, errors."""

import base64
import contextlib
import hashlib
import http.client
import os
import socket
import threading
import time
import unittest
from urllib.parse import urlsplit

from harness import MdlTest, request, until


class Streams(MdlTest):
    def setUp(self):
        super().setUp()
        self.service()
        self.deploy()
        self.base = self.url()

    def connect(self):
        parts = urlsplit(self.base)
        connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def test_events_arrive_as_they_are_sent(self):
        connection = self.connect()
        connection.sendall(b"GET /stream?count=5&pause=0.5 HTTP/1.1\r\nHost: x\r\n\r\n")
        began, seen = time.monotonic(), b""
        while b"data: 0" not in seen:
            seen += connection.recv(4096)
        self.assertLess(time.monotonic() - began, 1.5, "the first event came with the rest")
        self.assertNotIn(b"data: 4", seen)
        while b"data: 4" not in seen:
            seen += connection.recv(4096)

    def test_a_websocket_is_passed_through(self):
        connection = self.connect()
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall((f"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        self.assertIn(b" 101 ", head)
        self.assertIn(accept, head)
        for text in (b"hello", b"again"):
            connection.sendall(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)
            self.assertEqual(connection.recv(100), bytes([0x81, len(text)]) + text.upper())

    def test_a_large_body_arrives_whole(self):
        data = os.urandom(1 << 20) * 24
        answer = request(self.base, "POST", data, {"Content-Type": "application/octet-stream"}, timeout=120)
        self.assertEqual((answer.status, answer.json()["bytes"]), (200, len(data)))

    def test_statuses_headers_and_paths_are_the_services_own(self):
        answer = request(self.base + "/status?code=418")
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (418, "application/json"))
        self.assertEqual(request(self.base + "/a%20b?c=%2F", "POST", b"x").json()["path"], "/a%20b?c=%2F")

    def test_a_request_over_the_timeout_gets_504_and_the_next_one_is_answered(self):
        self.set(http={"timeout": "4s"})
        self.deploy()
        self.assertEqual(request(self.base + "/sleep?seconds=20").status, 504)
        self.assertEqual(request(self.base).status, 200)


# Streams numbered events until the file named by END is there. Ends at once at SIGTERM: nobody drains here but the gateway.
ENDLESS = """
import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        number = 0
        while self.path == "/events" and not os.path.exists(os.environ["END"]):
            self.wfile.write(b"id: %d\\n\\n" % number)
            number += 1
            time.sleep(0.05)
        self.wfile.write(b"end\\n")
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class OpenStreams(MdlTest):
    """Streams that are longer than all limits on their way: http.timeout, rollout.warm, and the grace of a stop."""

    COUNT = 8

    def follow(self, url, number):
        """Reads one stream to its end and keeps the numbers of its events."""
        parts = urlsplit(url)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)) as connection:
            try:
                connection.request("GET", "/events")
                for line in connection.getresponse():
                    if line.startswith(b"id: "):
                        self.seen[number].append(int(line[4:]))
                    elif line == b"end\n":
                        self.ended.add(number)
            except (OSError, http.client.HTTPException) as error:
                self.cut.append(f"stream {number} after {len(self.seen[number])} events: {error!r}")

    def test_streams_outlive_a_deploy_a_canary_and_a_rollback(self):
        end = self.root / "end"
        self.service(files={"server.py": ENDLESS}, env={"END": str(end)}, http={"timeout": "4s"},
                     rollout={"warm": "1s"})
        self.deploy()
        url, self.seen, self.ended, self.cut = self.url(), [[] for _ in range(self.COUNT)], set(), []
        threads = [threading.Thread(target=self.follow, args=(url, number)) for number in range(self.COUNT)]
        for thread in threads:
            thread.start()
        until(lambda: all(self.seen), what="the first event of each stream")
        self.set(env={"VERSION": "2"})
        self.deploy()
        replaced = time.monotonic()
        self.set(env={"VERSION": "3"}, rollout={"strategy": "canary", "steps": ["50%"], "hold": "2s"})
        self.deploy()
        self.mdl("rollback")
        # Release 1 got its last request before `replaced`: all that could end it is over by then.
        until(lambda: time.monotonic() > replaced + 8, what="the end of all limits")
        before = [len(seen) for seen in self.seen]
        until(lambda: all(len(seen) > count for seen, count in zip(self.seen, before)), what="a further event of each stream")
        self.assertEqual((self.cut, self.ended), ([], set()))
        end.touch()
        for thread in threads:
            thread.join()
        self.assertEqual((self.cut, len(self.ended)), ([], self.COUNT))
        self.assertEqual([list(range(len(seen))) for seen in self.seen], self.seen, "none repeated, none left out")
        self.assertEqual(self.status()["live"], [{"release": 2, "weight": 1.0}])
        until(lambda: len(self.replicas()) <= 2, what="the end of the releases that nobody listens to any more")


if __name__ == "__main__":
    unittest.main()
