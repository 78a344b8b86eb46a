"""A Lambda Runtime API that does what a test says: the official emulator can neither reset connections, nor answer 413, 403 or
500 at will, nor read slowly. One thread a connection; everything that was posted is recorded as it arrives."""

import queue
import socket
import threading
import time


class Post:
    def __init__(self, path, headers):
        self.path, self.headers = path, headers
        self.body, self.trailers, self.chunks = bytearray(), {}, []
        self.whole = threading.Event()
        self.first = threading.Event()  # something of the body has come

    def prelude(self):
        return bytes(self.body.split(b"\0" * 8, 1)[0])

    def streamed(self):
        return bytes(self.body.split(b"\0" * 8, 1)[1])


class RuntimeApi:
    """`next_invocation` queues one. `answers` are statuses for posts, taken before 202; "drop" reads a post and ends the connection,
    "cut" ends it at the post's first chunk."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.invocations, self.posts, self.answers, self.extensions = queue.Queue(), [], [], []
        self.restored, self.requests, self.sockets = threading.Event(), [], []
        self.reset_idle = False  # end each connection after an answer, without saying so
        self.bytes_per_second = 0
        self.changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        self.invocations.put(None)
        for connection in self.sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def next_invocation(self, body, request_id="r1", **headers):
        if isinstance(body, str):
            body = body.encode()
        names = {"Lambda-Runtime-" + name.replace("_", "-"): value for name, value in headers.items()}
        if request_id is not None:
            names["Lambda-Runtime-Aws-Request-Id"] = request_id
        names.setdefault("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 20_000))
        self.invocations.put((body, names))

    def wait_for(self, found, seconds=20):
        """The first post for which `found` is true."""
        with self.changed:
            end = time.monotonic() + seconds
            while True:
                for post in self.posts:
                    if found(post):
                        return post
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError("no such post; there are: %s" % [(p.path, p.body[:300]) for p in self.posts])

    def answer_to(self, request_id="r1"):
        post = self.wait_for(lambda p: p.path.startswith("/invocation/%s/" % request_id) and p.whole.is_set())
        return post

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        stream = connection.makefile("rb")
        try:
            while self._request(connection, stream):
                pass
        except (OSError, ValueError):
            pass
        finally:
            stream.close()
            connection.close()

    def _request(self, connection, stream):
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return False
        headers = {}
        while True:
            text = stream.readline().decode("latin-1").rstrip("\r\n")
            if not text:
                break
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        method, path, _ = line
        self.requests.append((method, path, headers))
        path = path.replace("/2018-06-01/runtime", "")
        if path == "/invocation/next":
            return self._next(connection)
        if path == "/restore/next":
            self.restored.wait()
            return self._answer(connection, 200, b"")
        if path.startswith("/2020-01-01/extension"):
            return self._extension(connection, stream, path, headers)
        return self._post(connection, stream, path, headers)

    def _next(self, connection):
        item = self.invocations.get()
        if item is None:
            return False
        if isinstance(item, int):  # a status
            return self._answer(connection, item, b"no")
        body, headers = item
        return self._answer(connection, 200, body, headers)

    def _extension(self, connection, stream, path, headers):
        body = stream.read(int(headers.get("content-length", 0)))
        self.extensions.append((path, headers, body))
        if path.endswith("/event/next"):
            threading.Event().wait()  # for ever: this thread is a daemon
        return self._answer(connection, 200, b"{}", {"Lambda-Extension-Identifier": "ext-1"})

    def _post(self, connection, stream, path, headers):
        post = Post(path, headers)
        with self.changed:
            self.posts.append(post)
            self.changed.notify_all()
        if headers.get("transfer-encoding") == "chunked":
            for chunk in self._chunks(stream, post):
                if self.answers and self.answers[0] == "cut":
                    self.answers.pop(0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    return False
                post.chunks.append((time.monotonic(), len(chunk)))
                post.body += chunk
                post.first.set()
                if self.bytes_per_second:
                    time.sleep(len(chunk) / self.bytes_per_second)
        else:
            post.body += stream.read(int(headers.get("content-length", 0)))
        status = self.answers.pop(0) if self.answers else 202
        with self.changed:
            post.whole.set()
            self.changed.notify_all()
        return status != "drop" and self._answer(connection, status, b'{"status":"OK"}')

    @staticmethod
    def _chunks(stream, post):
        while True:
            size = int(stream.readline().split(b";")[0], 16)
            if size == 0:
                break
            yield stream.read(size)
            stream.read(2)
        for line in iter(lambda: stream.readline().rstrip(b"\r\n"), b""):
            name, _, value = line.partition(b":")
            post.trailers[name.decode().lower()] = value.strip().decode()

    def _answer(self, connection, status, body, headers=None):
        text = "HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (status, len(body))
        for name, value in (headers or {}).items():
            text += "%s: %s\r\n" % (name, value)
        connection.sendall(text.encode("latin-1") + b"\r\n" + body)
        if self.reset_idle:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            return False
        return True
