"""Drives the real mdl in a home of its own. MDL_BINARY names the executable."""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MDL_BINARY", PROJECT / "build/dev/mdl"))
CACHE = pathlib.Path(os.environ.get("MDL_DEV_CACHE", "~/.cache/mdl-dev")).expanduser()
PASSED_ON = ("PIP_", "UV_", "SSL_", "REQUESTS_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
             "no_proxy", "OPENBLAS_", "ASAN_", "UBSAN_", "LSAN_")

# How much longer and larger a sanitized build may be.
SANITIZED = b"__asan_init" in BINARY.read_bytes() if BINARY.exists() else False
SLOWER = 10 if SANITIZED else 1


def seed():
    """Of samples: $MDL_TEST_SEED, else the commit's own, so that one commit gives one result and each commit another sample."""
    if given := os.environ.get("MDL_TEST_SEED"):
        return given
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True)
    return asked.stdout.strip() or "mdl"


FULL = os.environ.get("MDL_TEST_FULL") == "1"
SEED = seed()


@dataclass
class Done:
    """A command that has ended."""
    command: str
    code: int
    out: str
    err: str
    seconds: float
    peak_bytes: int

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"{self.command}\nexit {self.code} after {self.seconds:.2f} s\n--- stdout\n{self.out}--- stderr\n{self.err}"


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)

    def json(self):
        return json.loads(self.body)


def until(condition, seconds=30, what="the condition"):
    """The condition's first true value; polls it, and fails past the deadline."""
    deadline = time.monotonic() + seconds * (3 if SANITIZED else 1)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def request(url, method="GET", body=None, headers=None, timeout=30):
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    with contextlib.closing(connection):
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, headers or {})
        reply = connection.getresponse()
        return Answer(reply.status, reply.read(), dict(reply.getheaders()))


def packages(*requirements):
    """Makes Python packages importable that only a test needs; they are kept in a cache outside the project."""
    key = hashlib.sha256(repr((sys.version, requirements)).encode()).hexdigest()[:16]
    folder = CACHE / "environments" / f"test-{key}"
    if not (folder / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(folder / "bin/python"), "-m", "pip", "install", "--quiet", *requirements], check=True)
        (folder / ".complete").touch()
    sys.path.extend(str(path) for path in folder.glob("lib/python*/site-packages"))


class Traffic:
    """Requests in the background, one after the other, while the block runs; afterwards `failures` and `versions` tell."""

    def __init__(self, url, threads=2):
        self.url, self.sent, self.failures, self.versions = url, 0, [], {}
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self):
        while not self._stop.wait(0.01):
            try:
                answer = request(self.url)
                problem = None if answer.status == 200 else f"status {answer.status}: {answer.body[:200]!r}"
            except OSError as error:
                problem = repr(error)
            except http.client.HTTPException as error:
                problem = repr(error)
            with self._lock:
                self.sent += 1
                if problem:
                    self.failures.append(problem)
                else:
                    version = answer.json()["version"]
                    self.versions[version] = self.versions.get(version, 0) + 1

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        until(lambda: self.sent > 0, what="the first request")
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


class MdlTest(unittest.TestCase):
    """A test with a home of its own, which ends with no process left."""

    maxDiff = None

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-it-"))
        self.home = self.root / "mdl"
        self.env = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        self.env |= {
            "PATH": f"{BINARY.parent}:{os.environ['PATH']}",
            "HOME": str(self.root / "home"),
            "MDL_HOME": str(self.home),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "PIP_CACHE_DIR": str(CACHE / "pip"),
        }
        (self.root / "home").mkdir()
        (self.root / "tmp").mkdir()
        self.addCleanup(self._remove)

    def _remove(self):
        # SIGTERM first: the supervisor then stops its replicas and ends in order, which is part of what is tested.
        left = self.processes()
        for pid in [pid for pid, line in left.items() if "supervise" in line]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        try:
            until(lambda: not self.processes(), 20, "the end of all processes")
        except AssertionError as error:
            self._kill_all()
            raise AssertionError(f"processes left: {left}") from error
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    def _kill_all(self):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def processes(self):
        """Command lines of the processes of this test's home, by pid: those whose environment names its folder."""
        marker, found, supervisors = str(self.root).encode(), {}, self._lock_holders()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                own = int(entry.name) in supervisors or marker in (entry / "environ").read_bytes()
                if own and self._alive(entry):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except (OSError, ValueError):
                continue
        return found

    def _lock_holders(self):
        """The supervisors, whose environment only root can read, by the locks that they hold."""
        locks = [*self.root.glob("mdl/run/supervisor.lock"), *self.root.glob("*/mdl/run/supervisor.lock")]
        inodes = {f":{lock.stat().st_ino}" for lock in locks}
        held = [line.split() for line in pathlib.Path("/proc/locks").read_text().splitlines()]
        return {int(words[4]) for words in held if words[1] == "FLOCK" and words[5][words[5].rindex(":"):] in inodes}

    @staticmethod
    def _alive(entry):
        return (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"

    # Commands

    def mdl(self, *words, cwd=None, code=0, input=None, env=None, timeout=180):
        """Runs mdl and returns how it ended; fails unless it exits with `code` (None: any)."""
        done = self._run([str(BINARY), *words], cwd or getattr(self, "folder", self.root), input, env or {}, timeout)
        if code is not None and done.code != code:
            self.fail(f"expected exit {code}\n{done}")
        return done

    def _run(self, command, cwd, input, env, timeout):
        begun = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as stdin:
            stdin.write((input or "").encode())
            stdin.seek(0)
            process = subprocess.Popen(command, cwd=cwd, env=self.env | env, stdin=stdin, stdout=out, stderr=err)
            usage = self._wait(process, begun + timeout)
            seconds = time.monotonic() - begun
            out.seek(0)
            err.seek(0)
            return Done(f"mdl {' '.join(command[1:])}", process.returncode, out.read().decode("utf-8", "replace"),
                        err.read().decode("utf-8", "replace"), seconds, usage.ru_maxrss * 1024)

    def _wait(self, process, deadline):
        """Waits for the process itself (which leaves others in the background) and returns what it used."""
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return usage
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
                self.fail(f"{process.args} did not end in time")
            time.sleep(0.002)

    def start(self, *words, **options):
        """Starts mdl in the background; it is killed when the test ends."""
        process = subprocess.Popen([str(BINARY), *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

        def end():
            process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    # Services

    def service(self, name="app", folder=None, files=None, **fields):
        """Writes a service's folder and makes it the one in which commands run. `fields` are the manifest's."""
        self.folder = self.root / (folder or name)
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(pathlib.Path(__file__).with_name("service.py"), self.folder / "server.py")
        for path, text in (files or {}).items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)
        self.manifest = {"mdl": 1, "name": name, "http": {"command": ["python3", "server.py"]}, "env": {"VERSION": "1"}}
        self.manifest |= {"rollout": {"start-timeout": "30s"}, "targets": {"local": {}}}
        self.set(**fields)
        return self.folder

    def set(self, **fields):
        """Changes fields of the manifest: dictionaries are merged, None removes."""
        for key, value in fields.items():
            name = key.replace("_", "-")
            if value is None:
                self.manifest.pop(name, None)
            elif isinstance(value, dict) and isinstance(self.manifest.get(name), dict):
                self.manifest[name] = self.manifest[name] | value
            else:
                self.manifest[name] = value
        (self.folder / "mdl.yaml").write_text(json.dumps(self.manifest, indent=2) + "\n")

    def copy_example(self, name):
        """A copy of an example, as git has it plus its trained weights; becomes the folder in which commands run."""
        self.folder = self.root / name
        shutil.copytree(PROJECT / "examples" / name, self.folder, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
        return self.folder

    def status(self, *words):
        """The only service's entry of `mdl status -o json`."""
        document = self.mdl("status", *words, "-o", "json").json()
        return document["services"][0] if "services" in document else document

    def url(self):
        return self.status()["url"]

    def deploy(self, *words, **options):
        return self.mdl("deploy", "-o", "json", *words, **options).json()

    def get(self, path="/", **options):
        return request(self.url() + path, **options)

    def supervisor(self):
        """The pid of this home's supervisor; 0 when none runs."""
        return next((pid for pid, line in self.processes().items() if "supervise" in line), 0)

    def replicas(self):
        """Pids of the services that this home runs."""
        return [pid for pid, line in self.processes().items() if "server.py" in line or "mdl_front" in line]

    def socket_path(self):
        return next(self.home.rglob("supervisor.sock"))

    def call_supervisor(self, method, path, body=None):
        """One request on the supervisor's socket; `body` is sent as JSON."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket_path()))
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body else None)
            reply = connection.getresponse()
            return Answer(reply.status, reply.read(), dict(reply.getheaders()))
