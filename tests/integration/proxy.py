"""A proxy on a Unix socket between mdl and its supervisor, which sees every call and can spoil any of them."""

import contextlib
import os
import pathlib
import socket
import threading
from dataclasses import dataclass

CUT = "cut"  # instead of an answer: the connection is closed


@dataclass
class Call:
    """A call that changes something. `status` is what the supervisor answered; None: it never got the call."""
    number: int
    method: str
    path: str
    status: int | None = None

    def __str__(self):
        return f"{self.method} {self.path}"


@dataclass
class Reply:
    """What the command gets instead of the supervisor's answer."""
    status: int
    body: bytes
    headers: str = ""

    def encoded(self):
        return (f"HTTP/1.1 {self.status} Spoiled\r\nContent-Type: application/json\r\n{self.headers}"
                f"Content-Length: {len(self.body)}\r\n\r\n").encode() + self.body


class Proxy:
    """Listens at `path` and passes calls on to `upstream`. `before(call)` and `after(call)` are asked for each call but GETs:
    None passes it on, CUT or a Reply takes its place."""

    def __init__(self, path, upstream, before=None, after=None):
        self.path, self.upstream = pathlib.Path(path), str(upstream)
        self.before, self.after = before or (lambda call: None), after or (lambda call: None)
        self.calls, self.problems = [], []
        self._lock, self._open = threading.Lock(), True
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._open = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _accept(self):
        while self._open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        upstream = None
        try:
            with contextlib.closing(client), contextlib.closing(client.makefile("rb")) as requests:
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(self.upstream)
                with contextlib.closing(upstream.makefile("rb")) as answers:
                    while self._exchange(client, requests, upstream, answers):
                        pass
        except OSError:
            pass  # either side left, which the other one sees by the close
        except Exception as error:  # noqa: BLE001: a proxy that is wrong must fail the test
            self.problems.append(repr(error))
        finally:
            if upstream:
                upstream.close()

    def _exchange(self, client, requests, upstream, answers):
        head, body = read_message(requests)
        if not head:
            return False
        method, path = head.split(b" ", 2)[:2]
        call = None
        if method != b"GET":
            with self._lock:
                call = Call(len(self.calls), method.decode(), path.decode())
                self.calls.append(call)
        instead = self.before(call) if call else None
        if instead is None:
            upstream.sendall(head + body)
            answer, answer_body = read_message(answers)
            if not answer:
                return False
            if call:
                call.status = int(answer.split(b" ", 2)[1])
                instead = self.after(call)
            if instead is None:
                client.sendall(answer + answer_body)
                return True
        if instead == CUT:
            return False
        client.sendall(instead.encoded())
        return True


def read_message(stream):
    """A request's or an answer's head and body; empty when the other side left."""
    head, length = b"", 0
    while True:
        line = stream.readline()
        if not line:
            return b"", b""
        head += line
        if line in (b"\r\n", b"\n"):
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if name.lower() == b"transfer-encoding":
            raise ValueError("messages with a transfer encoding are not expected here")
    return head, stream.read(length)


def view(folder, home, state=None):
    """A home that is `home` in all but the socket, which is the caller's to make at the path returned. `state` is the folder of the
    journal; None: one of its own, so that the user of this view knows nothing of earlier runs."""
    folder, home = pathlib.Path(folder), pathlib.Path(home)
    (folder / "run").mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "run" / "supervisor.lock").mkdir()  # so that no supervisor can be started here, beside the home's own
    for name in ("artifacts", "environments", "blobs", "logs", "state.db", "state.db-wal", "state.db-shm", "secret.key",
                 "store.lock"):
        (folder / name).symlink_to(home / name)
    if state:
        (folder / "state").symlink_to(state)
    return folder / "run" / "supervisor.sock"
