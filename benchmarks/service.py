"""What the measures of moments share: a service of the standard library in a home of its own, with what it was asked for."""

import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
MDL = os.environ.get("MDL_BINARY", str(PROJECT / "build/release/mdl"))
SERVICE = PROJECT / "tests/integration/service.py"


class Bench:
    def __init__(self, **fields):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="mdl-bench-"))
        self.folder = self.root / "service"
        self.folder.mkdir()
        self.environment = os.environ | {"MDL_HOME": str(self.root / "home")}
        self.fields = fields
        shutil.copy(SERVICE, self.folder / "server.py")

    def deploy(self, version):
        manifest = {"mdl": 1, "name": "bench", "http": {"command": ["python3", "server.py"]}, "env": {"VERSION": version},
                    "targets": {"local": {}}} | self.fields
        (self.folder / "mdl.yaml").write_text(json.dumps(manifest))
        self.run("deploy")

    def start(self, *words):
        return subprocess.Popen([MDL, *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, *words):
        done = self.start(*words)
        error = done.communicate()[1]
        if done.returncode != 0:
            raise SystemExit(f"mdl {' '.join(words)}:\n{error}")

    def state(self):
        """The supervisor's state of the service."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.environment["MDL_HOME"] + "/run/supervisor.sock")
        connection.request("GET", "/v1/services/bench/local")
        state = json.loads(connection.getresponse().read())
        connection.close()
        return state

    def port(self):
        return self.state()["gateway"]["status"]["port"]

    def rest(self):
        """Waits until no replica runs."""
        while any(one["status"]["replicas"] for one in self.state()["replicas"]):
            time.sleep(0.02)

    def close(self):
        subprocess.run([MDL, "destroy", "-y"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True)
        shutil.rmtree(self.root, ignore_errors=True)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answer(port, path="/"):
    """One answer on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"port {port} answered {response.status}: {body[:300]!r}")
        return body
    finally:
        connection.close()
