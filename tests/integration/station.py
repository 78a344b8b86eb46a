"""A home whose supervisor runs throughout, in which many small services live one after the other, and what is seen of them."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress

from harness import BINARY, SLOWER, Done, until
from proxy import Proxy, view

HERE = pathlib.Path(__file__).parent


class Station:
    """One home with a service that stays, so that the supervisor does."""

    def __init__(self, root, env):
        self.root, self.home = pathlib.Path(root), pathlib.Path(root) / "mdl"
        self.env = env | {"MDL_HOME": str(self.home)}
        self.root.mkdir(parents=True)
        self._views = 0
        self.anchor = self.folder("anchor")
        self.run(self.anchor, "deploy").ok()

    def folder(self, name, below="services", **fields):
        """A new folder with the service's files."""
        folder = self.root / below / name
        folder.mkdir(parents=True)
        shutil.copy(HERE / "service.py", folder / "server.py")
        manifest = {"mdl": 1, "name": name, "http": {"command": ["python3", "server.py"]}, "env": {"VERSION": "1"},
                    "rollout": {"start-timeout": "30s"}, "targets": {"local": {}}} | fields
        (folder / "mdl.yaml").write_text(json.dumps(manifest, indent=2) + "\n")
        return folder

    # Commands

    def start(self, folder, *words, env=None):
        return Running([str(BINARY), *words], folder, self.env | (env or {}))

    def run(self, folder, *words, env=None):
        return self.start(folder, *words, env=env).wait()

    def proxied(self, before=None, after=None, keeps_journal=True):
        """A proxy to this home's supervisor; with it the environment of commands that go through it."""
        socket_path, env = self.view(keeps_journal)
        return Proxy(socket_path, self.socket(), before, after), env

    def view(self, keeps_journal):
        self._views += 1
        folder = self.root / f"v{self._views}"
        (self.home / "state").mkdir(exist_ok=True)
        path = view(folder, self.home, self.home / "state" if keeps_journal else None)
        return path, {"MDL_HOME": str(folder)}

    def stranger(self, folder):
        """Another user: a clean home, no journal, the same files elsewhere, the same supervisor. Returns folder and environment."""
        path, env = self.view(keeps_journal=False)
        path.symlink_to(self.socket())
        home = path.parent.parent / "home"
        home.mkdir()
        elsewhere = path.parent.parent / "checkout" / folder.name
        shutil.copytree(folder, elsewhere)
        return elsewhere, env | {"HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "USER": "other", "LOGNAME": "other"}

    def lose_journal(self):
        for path in (self.home / "state").glob("journal.db*"):
            path.unlink()

    # The supervisor

    def socket(self):
        return self.home / "run" / "supervisor.sock"

    def ask(self, path, method="GET"):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket()))
        with closing(connection):
            connection.request(method, path)
            reply = connection.getresponse()
            body = reply.read()
            if reply.status == 404:
                return None
            if reply.status != 200:
                raise AssertionError(f"{method} {path}: {reply.status} {body!r}")
            return json.loads(body)

    def supervisor(self):
        return self.ask("/v1/ping")["pid"]

    def kill_supervisor(self):
        pid = self.supervisor()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), what="the supervisor's end")

    def wake(self):
        """A supervisor again, after one was killed: a command that changes something starts it."""
        self.run(self.anchor, "deploy").ok()

    # What is there

    def state(self, name):
        return self.ask(f"/v1/services/{name}/local")

    def records(self, folder):
        """The history as its readers see it: states follow the live pointer, which is ahead of the records when a run was killed
        between the two."""
        return self.run(folder, "releases", "-o", "json").ok().json()["releases"]

    def processes(self, name):
        """Pids of the service's processes, whether or not the supervisor knows them."""
        markers, found = (f"MDL_SERVICE={name}".encode(), str(self.root).encode()), set()
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and alive(int(entry.name)):
                with suppress(OSError):
                    environ = (entry / "environ").read_bytes()
                    if markers[0] in environ.split(b"\0") and markers[1] in environ:
                        found.add(int(entry.name))
        return found


class Running:
    """A command under way."""

    def __init__(self, command, folder, env):
        self.words, self.begun = " ".join(command[1:]), time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    @property
    def pid(self):
        return self.process.pid

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        try:
            out, err = self.process.communicate(timeout=timeout * SLOWER)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"mdl {self.words} did not end in time\n{out}{err}") from None
        return Ended(f"mdl {self.words}", self.process.returncode, out, err, time.monotonic() - self.begun, 0)


class Ended(Done):
    def ok(self):
        if self.code != 0:
            raise AssertionError(f"expected exit 0\n{self}")
        return self


def alive(pid):
    with suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def summary(state, records):
    """What must be the same whichever way a service came there. Releases are known by what they run: their numbers depend on how
    often somebody tried."""
    if state is None:
        return {"gone": not records}
    specs = {entry["release"]: entry["spec"] for entry in state["replicas"]}
    return {
        "live": [[specs.get(share["release"], "nothing"), share["weight"]] for share in state["live"]["split"]],
        "gateway": state["gateway"] and {k: v for k, v in state["gateway"]["spec"].items() if k != "port"},
        "scaling": state["scaling"] and state["scaling"]["spec"],
        "replicas": sorted(json.dumps(spec, sort_keys=True) for spec in specs.values()),
    }


def untidy(state, records):
    """What no finished command may leave."""
    if state is None:
        return [f"record {record['number']} of a service that is gone" for record in records]
    live = {share["release"] for share in state["live"]["split"]}
    kept = {record["runs"] for record in records if record["state"] == "restorable"}
    wrong = [f"record {record['number']} is still pending" for record in records if record["state"] == "pending"]
    wrong += [f"replicas of release {entry['release']} have no owner" for entry in state["replicas"]
              if entry["release"] not in live | kept]
    called_live = [record["runs"] for record in records if record["state"] == "live"]
    if set(called_live) != live or len(called_live) != len(live):
        wrong.append(f"records call {called_live} live, the pointer {sorted(live)}")
    return wrong


def strays(station, name):
    """Processes of the service that its supervisor does not name."""
    state = station.state(name)
    known = {replica["pid"] for entry in state["replicas"] for replica in entry["status"]["replicas"]} if state else set()
    return station.processes(name) - known
