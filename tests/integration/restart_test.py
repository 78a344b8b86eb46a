"""The supervisor restarted in place: the same process, the same replicas, and nothing that is under way is cut."""

import contextlib
import os
import shutil
import signal
import socket
import threading
import time
import unittest

from harness import BINARY, MdlTest, request, until
from streaming import Stream, WebSocket


class Restart(MdlTest):
    def setUp(self):
        super().setUp()
        self.service()
        self.deploy()
        self.base = self.url()

    def identity(self):
        return self.call_supervisor("GET", "/v1/ping").json()

    def restart(self, status=200, **body):
        answer = self.call_supervisor("POST", "/v1/restart", body)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def started_anew(self, before):
        with contextlib.suppress(OSError):
            return self.identity()["started"] != before["started"]

    def test_it_goes_on_in_the_same_process_with_the_same_replicas(self):
        before, replicas = self.identity(), self.replicas()
        after = self.restart()
        self.assertEqual((after["pid"], after["home"]), (before["pid"], before["home"]))
        self.assertNotEqual(after["started"], before["started"])
        self.assertEqual(self.replicas(), replicas)
        self.assertEqual(request(self.base).json()["pid"], replicas[0])
        self.assertIn("restarted with 1 service", (self.home / "logs/supervisor.log").read_text())
        # What it took over it still watches and ends.
        os.kill(replicas[0], signal.SIGKILL)
        until(lambda: self.replicas() not in ([], replicas), what="a replica in place of the one that was killed")
        self.deploy("--set", "env.VERSION=2")
        self.assertEqual(request(self.base).json()["version"], "2")
        self.assertEqual(self.get("/healthz").status, 200)

    def test_sighup_restarts_it(self):
        before = self.identity()
        os.kill(before["pid"], signal.SIGHUP)
        until(lambda: self.started_anew(before), what="the restart")
        self.assertEqual(self.identity()["pid"], before["pid"])
        self.assertEqual(request(self.base).status, 200)

    def test_streams_websockets_and_requests_go_on(self):
        before = self.identity()
        stream, websocket = Stream(self.base, 60, 0.05), WebSocket(self.base)
        self.addCleanup(websocket.close)
        slow = []
        client = threading.Thread(target=lambda: slow.append(request(self.base + "/sleep?seconds=1.5")))
        client.start()
        self.assertEqual(websocket.echo(b"before"), b"BEFORE")
        until(lambda: len(stream.events()) > 2, what="the first events")
        for _ in range(3):
            self.restart()
            self.assertEqual(websocket.echo(b"after a restart"), b"AFTER A RESTART")
        self.assertGreaterEqual(len(self.draining()), 1)
        client.join()
        stream.join(60)
        self.assertEqual([answer.status for answer in slow], [200])
        self.assertEqual(stream.events(), list(range(60)))
        self.assertEqual(websocket.echo(b"at the end"), b"AT THE END")
        websocket.close()
        until(lambda: not self.draining(), what="the end of the processes that served until then")
        self.assertEqual(self.identity()["pid"], before["pid"])
        # Those that the processes before it ended are counted too: the stream, the WebSocket and the slow one.
        until(lambda: self.counted() == (3, 0), what="three requests in the metrics")

    def counted(self):
        counts = self.call_supervisor("GET", "/v1/services/app/local/metrics").json()["releases"][0]["counts"]
        return counts["requests"], counts["errors"]

    def draining(self):
        return [pid for pid, line in self.processes().items() if "draining" in line]

    def test_a_kept_connection_is_served_on(self):
        import http.client
        host = self.base.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        self.addCleanup(connection.close)
        for number in range(6):
            connection.request("GET", f"/?{number}")
            answer = connection.getresponse()
            answer.read()
            self.assertEqual(answer.status, 200)
            kept = connection.sock
            self.assertIsNotNone(kept)
            if number % 2 == 0:
                self.restart()
        self.assertIs(connection.sock, kept)

    def test_a_request_that_waits_for_a_replica_is_answered_after_it(self):
        self.set(scale={"min": 0, "max": 1, "idle": "1s"}, env={"VERSION": "1", "BOOT": "1.5"}, rollout={"warm": "0s", "start-timeout": "30s"})
        self.deploy()
        until(lambda: not self.replicas(), what="rest")
        answers = []
        client = threading.Thread(target=lambda: answers.append(request(self.base)))
        client.start()
        until(self.replicas, what="the start of a replica")
        self.restart()
        client.join()
        self.assertEqual([answer.status for answer in answers], [200])

    def test_a_replica_with_a_request_from_before_is_not_put_to_rest(self):
        self.set(scale={"min": 0, "max": 1, "idle": "1s"})
        self.deploy()
        stream = Stream(self.base, 50, 0.1)
        until(stream.events, what="the first event")
        self.restart()
        stream.join(60)
        self.assertEqual(stream.events(), list(range(50)))
        until(lambda: not self.replicas(), what="rest, once nothing is under way")

    def test_a_deploy_waits_for_requests_from_before_a_restart(self):
        stream = Stream(self.base, 40, 0.1)
        until(stream.events, what="the first event")
        self.restart()
        old = self.replicas()
        self.deploy("--set", "env.VERSION=2")
        self.assertIn(old[0], self.replicas())
        stream.join(60)
        self.assertEqual(stream.events(), list(range(40)))

    def test_a_program_that_cannot_take_over_is_refused_and_nothing_is_lost(self):
        before = self.identity()
        broken = self.root / "broken"
        broken.write_text("#!/bin/sh\necho not mdl\n")
        broken.chmod(0o755)
        # Passes the trial and cannot be executed afterwards.
        fleeting = self.root / "fleeting"
        fleeting.write_text(f'#!/bin/sh\nrm "$0"\nexec {BINARY} supervise\n')
        fleeting.chmod(0o755)
        stream = Stream(self.base, 30, 0.05)
        until(stream.events, what="the first event")
        for program, words in ((self.root / "missing", "could not be started"), (broken, "cannot take over"), (fleeting, "cannot be started")):
            answer = self.restart(program=str(program), status=500)
            self.assertIn(words, answer["message"])
            self.assertIn("goes on as it was", answer["message"])
        self.assertEqual(self.restart(program="mdl", status=400)["code"], "invalid")
        self.assertEqual(self.identity(), before)
        stream.join(60)
        self.assertEqual(stream.events(), list(range(30)))
        self.assertFalse(self.draining())
        self.assertEqual(self.restart()["pid"], before["pid"])

    def test_another_version_of_the_program_goes_on(self):
        moved = self.root / "elsewhere" / "mdl"
        moved.parent.mkdir()
        shutil.copy(BINARY, moved)
        after = self.restart(program=str(moved))
        self.assertEqual(os.readlink(f"/proc/{after['pid']}/exe"), str(moved))
        # The file was replaced, as an upgrade does it: SIGHUP takes the new one.
        shutil.copy(BINARY, moved.with_name("new"))
        os.rename(moved.with_name("new"), moved)
        os.kill(after["pid"], signal.SIGHUP)
        until(lambda: self.started_anew(after), what="the restart")
        self.assertEqual(os.readlink(f"/proc/{after['pid']}/exe"), str(moved))
        self.assertEqual(request(self.base).status, 200)

    def test_a_newer_mdl_restarts_an_older_supervisor_before_its_first_change(self):
        before, version = self.identity(), self.mdl("version", "-o", "json").json()["version"]
        newer = "9" + version[1:]
        program = self.root / "newer" / "mdl"
        program.parent.mkdir()
        program.write_bytes(BINARY.read_bytes().replace(version.encode() + b"\0", newer.encode() + b"\0"))
        program.chmod(0o755)
        stream = Stream(self.base, 40, 0.05)
        until(stream.events, what="the first event")

        def newer_mdl(*words):
            return self._run([str(program), *words], self.folder, None, {}, 60)

        self.assertEqual(newer_mdl("status").code, 0)
        self.assertEqual(self.identity(), before)  # a read changes nothing
        self.assertIn("mdl supervise --restart", newer_mdl("doctor").out)
        done = newer_mdl("deploy", "--set", "env.VERSION=2")
        self.assertEqual(done.code, 0, done)
        self.assertEqual((self.identity()["version"], self.identity()["pid"]), (newer, before["pid"]))
        # The older one works with it as it is, until someone says otherwise.
        self.deploy("--set", "env.VERSION=3")
        self.assertEqual(self.identity()["version"], newer)
        self.assertIn(version, self.mdl("supervise", "--restart").out)
        self.assertEqual((self.identity()["version"], self.identity()["pid"]), (version, before["pid"]))
        stream.join(60)
        self.assertEqual(stream.events(), list(range(40)))

    def test_restarting_where_none_runs_is_said(self):
        os.kill(self.identity()["pid"], signal.SIGTERM)
        until(lambda: not self.processes(), what="the end of all processes")
        self.assertIn("no supervisor runs", self.mdl("supervise", "--restart", code=1).err)

    def test_logs_are_whole_across_a_restart(self):
        count = 0
        for _ in range(3):
            for _ in range(20):
                request(self.base + f"/log?text=line&from={count}")
                count += 1
            self.restart()
        until(lambda: f"line {count - 1}\n" in self.mdl("logs", "--tail", "1000").out, what="the last line")
        out = self.mdl("logs", "--tail", "1000").out
        self.assertEqual([out.count(f"line {number}\n") for number in range(count)], [1] * count)

    def test_killed_after_a_restart_it_leaves_no_process(self):
        stream = Stream(self.base, 1000, 0.1)
        until(stream.events, what="the first event")
        pid = self.restart()["pid"]
        os.kill(pid, signal.SIGKILL)
        until(lambda: not self.processes(), what="the end of all processes")
        stream.join(30)


if __name__ == "__main__":
    unittest.main()
