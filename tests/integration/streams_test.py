"""What passes through the gateway: streams both ways, WebSockets, large bodies, errors."""

import base64
import hashlib
import os
import socket
import time
import unittest
from urllib.parse import urlsplit

from harness import MdlTest, request


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
        self.set(http={"timeout": "1s"})
        self.deploy()
        self.assertEqual(request(self.base + "/sleep?seconds=20").status, 504)
        self.assertEqual(request(self.base).status, 200)


if __name__ == "__main__":
    unittest.main()
