"""A secret's value reaches the service and nothing else."""

import base64
import hashlib
import json
import os
import pathlib
import resource
import secrets
import signal
import subprocess
import threading
import time
import unittest
import urllib.parse

from harness import BINARY, MdlTest, request, until
from proxy import CUT, Proxy, view


def forms(secret):
    """The bytes that would tell a secret: as it is, as texts and URLs write it, in hex, and what is constant of it in base64."""
    raw = secret.encode()
    found = {"as it is": raw, "in JSON": json.dumps(secret)[1:-1].encode(), "in a URL": urllib.parse.quote(secret, safe="").encode(),
             "in a query": urllib.parse.quote_plus(secret).encode(), "in hex": raw.hex().encode(), "in HEX": raw.hex().upper().encode(),
             "UTF-16": secret.encode("utf-16-le")}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw + b"\0" * (-(len(raw) + shift) % 3))
        found[f"in base64, {shift} bytes on"] = whole[4 if shift else 0:-4]
        found[f"in base64url, {shift} bytes on"] = found[f"in base64, {shift} bytes on"].translate(bytes.maketrans(b"+/", b"-_"))
    return found


class Watch(threading.Thread):
    """Reads the command lines of all processes while the block runs, and the environments of those that this test's services are not."""

    def __init__(self, markers):
        super().__init__(daemon=True)
        self.markers, self.seen, self.looks, self._stop_it = markers, set(), 0, threading.Event()

    def run(self):
        while not self._stop_it.wait(0.005):
            self.looks += 1
            for entry in pathlib.Path("/proc").iterdir():
                if not entry.name.isdigit():
                    continue
                try:
                    line = (entry / "cmdline").read_bytes()
                    self.look(line, "a command line")
                    if b"supervise\0" in line:
                        self.look((entry / "environ").read_bytes(), "the supervisor's environment")
                except OSError:
                    continue

    def look(self, text, what):
        self.seen |= {f"{what} holds it {name}" for name, marker in self.markers.items() if marker in text}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._stop_it.set()
        self.join()


class Secrets(MdlTest):
    # Characters that JSON, URLs and shells write otherwise.
    MARKER = 'mark"\\+/& é%' + secrets.token_hex(12)

    def setUp(self):
        super().setUp()
        self.markers = forms(self.MARKER)
        self.given = {"DB_TOKEN": self.MARKER}
        self.outputs = []

    def run_it(self, *words, code=0, **options):
        done = self.mdl(*words, code=code, env=self.given, **options)
        self.outputs.append(done)
        return done

    def test_after_a_whole_life_it_is_in_no_file_no_command_line_and_no_output(self):
        self.service(secrets={"TOKEN": {"from": "env:DB_TOKEN"}, "KEY": {"from": "file:key.txt"}}, scale={"max": 3},
                     hooks={"post-deploy": ["true"]}, metrics={"from": "/metrics"})
        source = self.folder / "key.txt"
        source.write_text(self.MARKER + "\n")
        with Watch(self.markers) as watch:
            self.live(source)
            self.assertGreater(watch.looks, 10)
            self.assert_nowhere(source)
            self.run_it("destroy", "-y")
            until(lambda: not self.processes(), what="the end of all processes")
        self.assertEqual(watch.seen, set())
        self.assert_nowhere(source)

    def live(self, source):
        self.run_it("validate")
        self.run_it("plan", "--out", "first.json", "-o", "json")
        self.run_it("deploy", "--plan", "first.json", "-v")
        names = request(self.url() + "/env").json()
        for name in ("TOKEN", "KEY"):
            self.assertEqual(names[name], hashlib.sha256(self.MARKER.encode()).hexdigest(), "the service has it")
        for stream in ("out", "err"):
            request(f"{self.url()}/log?stream={stream}&count=3&text=" + urllib.parse.quote(self.MARKER))
        until(lambda: self.mdl("logs").out.count("[redacted]") == 6, what="the redacted lines")
        self.set(env={"VERSION": "2"}, rollout={"strategy": "canary", "steps": ["50%"], "hold": "1s"})
        self.run_it("deploy", "--events")
        self.run_it("rollback", "-v")
        self.run_it("rollback", "--rehearse", "--to", "2", "-o", "json")
        self.set(env={"FAULT": "leak"}, rollout=None)
        failed = self.run_it("deploy", "-v", code=3)
        self.assertIn("[redacted]", failed.err, "the release that failed said it, and is quoted")
        self.run_it("deploy", "-o", "json", code=3)
        self.set(env={"FAULT": "", "VERSION": "3"})
        self.killed_in_the_middle()
        self.run_it("resume")
        self.run_it("scale", "--min", "2", "--wait")
        for words in (["status"], ["releases"], ["logs"], ["metrics"], ["doctor"], ["invoke", "--path", "/env"], ["plan"], ["gc"]):
            self.run_it(*words)
            self.run_it(*words, "-o", "json")
        self.outputs.append(request(self.url() + "/metrics").body)
        self.outputs.append(self.call_supervisor("GET", "/metrics").body)
        self.outputs.append(self.call_supervisor("GET", "/v1/services/app/local").body)
        self.outputs.append(self.call_supervisor("GET", "/v1/services/app/local/secrets").body)

    def killed_in_the_middle(self):
        path = view(self.root / "v", self.home, self.home / "state")
        met = threading.Event()

        def after(call):
            if call.number == 2:
                met.set()
                process.kill()
                return CUT
            return None

        with Proxy(path, self.socket_path(), after=after):
            process = subprocess.Popen([str(BINARY), "deploy", "-v"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, env=self.env | self.given | {"MDL_HOME": str(self.root / "v")})
            self.outputs.append(process.communicate()[0])
        self.assertTrue(met.is_set(), self.outputs[-1])
        self.assertEqual(process.returncode, -signal.SIGKILL)

    def assert_nowhere(self, source):
        wrong = [f"{path} holds it {name}" for path in self.root.rglob("*") if path.is_file() and not path.is_symlink() and path != source
                 for name, marker in self.markers.items() if marker in path.read_bytes()]
        wrong += [f"{str(output)[:80]} holds it {name}" for output in self.outputs for name, marker in self.markers.items()
                  if marker in (output if isinstance(output, bytes) else str(output).encode())]
        self.assertEqual(wrong, [])

    def test_no_core_is_written_of_a_process_of_ours(self):
        """The service's own core is the service's: its environment holds its secrets for as long as it runs."""
        def core_of(command):
            def allow():
                resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            folder = self.root / f"core-{command[0].rpartition('/')[2]}"
            folder.mkdir()
            process = subprocess.Popen(command, cwd=folder, env=self.env | self.given, preexec_fn=allow, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if command[-1] == "supervise":
                until(lambda: list(self.home.rglob("supervisor.sock")), what="the supervisor's socket")
            else:
                time.sleep(0.2)
            os.kill(process.pid, signal.SIGABRT)
            _, status = os.waitpid(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, -signal.SIGABRT)
            return os.WCOREDUMP(status), list(folder.iterdir())

        if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 or not core_of(["sleep", "60"])[0]:
            self.skipTest("this machine writes no cores")
        self.assertEqual(core_of([str(BINARY), "supervise"]), (False, []))

    def test_a_file_secret_is_not_part_of_the_artifact_and_makes_a_new_release_when_it_changes(self):
        self.service(secrets={"TOKEN": {"from": "file:token"}}, files={"token": "one\n"})
        self.deploy()
        self.assertEqual(list((self.home / "artifacts").rglob("token")), [])
        self.assertTrue(self.deploy()["nothing_to_do"])
        (self.folder / "token").write_text("two\n")
        self.assertEqual(self.deploy()["serving"]["release"], 2)
        self.assertEqual(request(self.url() + "/env").json()["TOKEN"], hashlib.sha256(b"two").hexdigest())
        self.mdl("rollback")
        self.assertEqual(request(self.url() + "/env").json()["TOKEN"], hashlib.sha256(b"one").hexdigest())

    def test_one_that_is_not_there_is_said_before_anything_starts(self):
        self.service(secrets={"TOKEN": {"from": "env:NOT_SET_ANYWHERE"}})
        failed = self.mdl("deploy", code=1)
        self.assertIn("NOT_SET_ANYWHERE", failed.err)
        self.assertEqual(self.replicas(), [])


if __name__ == "__main__":
    unittest.main()
