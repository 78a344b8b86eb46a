"""Clients that stay connected: server-sent events and a WebSocket."""

import base64
import contextlib
import os
import re
import socket
import threading
from urllib.parse import urlsplit


class Stream(threading.Thread):
    """Server-sent events, read until the stream ends."""

    def __init__(self, base, count, pause):
        super().__init__()
        parts = urlsplit(base)
        self.connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.connection.sendall(f"GET /stream?count={count}&pause={pause} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        self.seen = b""
        self.start()

    def run(self):
        with contextlib.closing(self.connection), contextlib.suppress(OSError):
            while data := self.connection.recv(4096):
                self.seen += data

    def events(self):
        return [int(number) for number in re.findall(rb"data: (\d+)\n", self.seen)]


class WebSocket:
    def __init__(self, base):
        parts = urlsplit(base)
        self.connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.close = self.connection.close
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall((f"GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                 f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self.connection.recv(1)

    def echo(self, text):
        self.connection.sendall(bytes([0x81, 0x80 | len(text)]) + b"\0\0\0\0" + text)
        data = b""
        while len(data) < 2 + len(text):
            more = self.connection.recv(100)
            if not more:
                raise AssertionError("the WebSocket was cut")
            data += more
        return data[2:]
