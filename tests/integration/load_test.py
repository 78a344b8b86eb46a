"""Life under load: deploys, rollbacks, scaling, a replica's death and restarts of the supervisor while an outside load generator sends 200 requests a second on
kept connections, and while streams stay open. No request fails."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import MdlTest, request, until
from streaming import Stream, WebSocket

CONNECTIONS, PAUSE_MS = 12, 50  # 240 requests a second less what the answers take


class Load:
    """wrk at a fixed pace while the block runs; then `requests` and `problems` tell."""

    def __init__(self, url, folder):
        script = folder / "pace.lua"
        script.write_text(f"function delay() return {PAUSE_MS} end\n")
        self.begun = time.monotonic()
        self.process = subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", "-d120s", "--timeout", "10s", "-s", str(script), url],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        time.sleep(0.5)
        return self

    def __exit__(self, *_):
        seconds = time.monotonic() - self.begun
        self.process.send_signal(signal.SIGINT)
        self.report = self.process.communicate(timeout=30)[0]
        found = re.search(r"(\d+) requests in", self.report)
        self.requests = int(found.group(1)) if found else 0
        self.rate = self.requests / seconds
        self.problems = [line.strip() for line in self.report.splitlines() if "Non-2xx" in line or "Socket errors" in line]


@unittest.skipUnless(shutil.which("wrk"), "wrk is not installed")
class UnderLoad(MdlTest):
    def setUp(self):
        super().setUp()
        self.service(scale={"max": 4})
        self.deploy()
        self.base = self.url()

    @contextlib.contextmanager
    def load(self, what):
        with Load(self.base, self.root) as load:
            yield load
        print(f"\n{what}: {load.requests} requests, {load.rate:.0f} a second, {load.problems or 'none failed'}", flush=True)
        self.assertEqual(load.problems, [], load.report)
        self.assertGreater(load.requests, 100, load.report)

    def pids(self):
        return {replica["pid"] for replica in self.healthy()}

    def healthy(self):
        state = self.call_supervisor("GET", "/v1/services/app/local").json()
        live = state["live"]["split"][0]["release"]
        return [replica for entry in state["replicas"] if entry["release"] == live for replica in entry["status"]["replicas"]
                if replica["state"] == "healthy"]

    def test_deploys_rollbacks_and_scaling_lose_no_request(self):
        with self.load("deploy, rollback, canary, scale up and down"):
            self.deploy("--set", "env.VERSION=2")
            self.mdl("rollback")
            self.mdl("scale", "--min", "3", "--max", "4", "--wait")
            until(lambda: len(self.pids()) == 3, what="three replicas")
            self.mdl("scale", "--min", "1", "--max", "1", "--wait")
            until(lambda: len(self.pids()) == 1, what="one replica")
            self.set(env={"VERSION": "3"}, rollout={"strategy": "canary", "steps": ["50%"], "hold": "1s"})
            self.deploy()
            time.sleep(0.3)

    def test_restarts_of_the_supervisor_lose_no_request(self):
        stream, websocket = Stream(self.base, 60, 0.1), WebSocket(self.base)
        self.addCleanup(websocket.close)
        until(stream.events, what="the first event")
        pid = self.call_supervisor("GET", "/v1/ping").json()["pid"]
        with self.load("10 restarts of the supervisor, a deploy between them"):
            for number in range(10):
                self.assertEqual(self.call_supervisor("POST", "/v1/restart").json()["pid"], pid)
                self.assertEqual(websocket.echo(b"still here"), b"STILL HERE")
                if number == 5:
                    self.deploy("--set", "env.VERSION=2")
            stream.join(60)
        self.assertEqual(stream.events(), list(range(60)))
        self.assertEqual(websocket.echo(b"at the end"), b"AT THE END")

    def test_the_death_of_one_replica_of_two_loses_no_request(self):
        self.mdl("scale", "--min", "2", "--max", "2", "--wait")
        until(lambda: len(self.pids()) == 2, what="two replicas")
        with self.load("3 replicas killed, one after the other"):
            for _ in range(3):
                before = self.pids()
                os.kill(min(before), signal.SIGKILL)
                until(lambda: len(self.pids()) == 2 and self.pids() != before, what="a replica in place of the one that was killed")

    def test_a_get_is_repeated_at_another_replica_when_its_own_dies_before_it_answers(self):
        self.mdl("scale", "--min", "2", "--max", "2", "--wait")
        until(lambda: len(self.pids()) == 2, what="two replicas")
        answers = []
        clients = [threading.Thread(target=lambda: answers.append(request(self.base + "/sleep?seconds=1.5"))) for _ in range(6)]
        for client in clients:
            client.start()
        time.sleep(0.7)
        killed = min(self.pids())
        os.kill(killed, signal.SIGKILL)
        for client in clients:
            client.join()
        self.assertEqual([answer.status for answer in answers], [200] * 6, answers)
        self.assertNotIn(killed, {answer.json()["pid"] for answer in answers})

    def test_open_streams_and_websockets_outlive_a_deploy(self):
        stream, websocket = Stream(self.base, 40, 0.1), WebSocket(self.base)
        self.addCleanup(websocket.close)
        self.assertEqual(websocket.echo(b"before"), b"BEFORE")
        until(stream.events, what="the first event")
        with self.load("deploy and rollback beside open streams"):
            self.deploy("--set", "env.VERSION=2")
            self.assertEqual(websocket.echo(b"after the deploy"), b"AFTER THE DEPLOY")
            self.mdl("rollback")
            stream.join(60)
        self.assertEqual(stream.events(), list(range(40)))
        self.assertEqual(websocket.echo(b"at the end"), b"AT THE END")


if __name__ == "__main__":
    unittest.main()
