"""What the machine does to mdl: a full disk, a home that cannot be written, a corrupt state, a port that is taken, no file descriptors,
a clock that jumps. Each is said clearly with what to run next, nothing that serves is lost, and the state is readable afterwards."""

import contextlib
import hashlib
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import time
import unittest

from harness import BINARY, SANITIZED, MdlTest, Traffic, request, until
from weights_source import Source, certificate

JUMPING_CLOCK = BINARY.parent / "tests/libjumping_clock.so"


def can_mount():
    try:
        return subprocess.run(["unshare", "-m", "true"], capture_output=True, timeout=30).returncode == 0
    except OSError:
        return False


class Faults(MdlTest):
    def failed(self, done, codes, *said):
        """That a command failed as it should: with this exit, in clear words, with a command to run next, without a crash."""
        self.assertIn(done.code, codes, done)
        for pattern in said:
            self.assertRegex(done.err + done.out, pattern, str(done))
        for crash in ("Traceback", "terminate called", "std::", "AddressSanitizer", "bad_alloc"):
            self.assertNotIn(crash, done.err + done.out, str(done))
        self.assertRegex(done.err + done.out, r"\bmdl \w+|Next: ", f"no command to run next\n{done}")
        return done

    def live(self):
        return self.status()["live"]

    def history(self):
        return [entry["number"] for entry in self.mdl("releases", "-o", "json").json()["releases"]]

    def stop_supervisor(self):
        pid = self.supervisor()
        os.kill(pid, signal.SIGTERM)
        until(lambda: not self.processes(), what="the end of all processes")

    def version(self, url):
        with contextlib.suppress(OSError, ValueError):
            return request(url, timeout=5).json().get("version")


@unittest.skipUnless(can_mount(), "needs to mount in a namespace of its own")
class Disk(Faults):
    """The home is a small file system of its own, mounted where only this test's commands see it."""

    def setUp(self):
        super().setUp()
        self.home.mkdir()
        self.holder = subprocess.Popen(
            ["unshare", "-m", "--propagation", "private", "sh", "-c",
             f"mount -t tmpfs -o size=6m,mode=700 tmpfs '{self.home}' && echo ready && exec sleep 1000"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self._end_holder)
        self.assertEqual(self.holder.stdout.readline().strip(), "ready")
        self.inside = ["nsenter", "-m", "-t", str(self.holder.pid), f"--wd={self.root}"]

    def _end_holder(self):
        self.holder.kill()
        self.holder.communicate()

    def mdl(self, *words, code=0, **options):
        folder = getattr(self, "folder", self.root)
        done = self._run([*self.inside[:-1], f"--wd={folder}", str(BINARY), *words], folder, None, {}, 120)
        if code is not None and done.code != code:
            self.fail(f"expected exit {code}\n{done}")
        return done

    def sh(self, command):
        return subprocess.run([*self.inside, "sh", "-c", command], capture_output=True, text=True, timeout=60)

    def fill(self):
        self.sh(f"cat /dev/zero > '{self.home}/filler'")
        self.sh(f"cat /dev/zero > '{self.home}/filler2'")

    def clean(self):
        self.sh(f"rm -f '{self.home}'/filler*")

    def test_a_full_disk_stops_a_deploy_and_nothing_that_serves(self):
        self.service()
        self.deploy()
        url = self.url()
        self.fill()
        with Traffic(url) as traffic:
            self.set(env={"VERSION": "2"})
            self.failed(self.mdl("deploy", code=None), (1, 3), "(?i)no space|disk.* full|full disk")
            (self.folder / "more.txt").write_text("a new file, so a new artifact\n" * 1000)
            self.failed(self.mdl("deploy", code=None), (1, 3), "(?i)no space|disk.* full|full disk")
            self.failed(self.mdl("scale", "--min", "2", code=None), (1,), "(?i)no space|disk.* full|full disk")
            self.assertEqual(self.live(), [{"release": 1, "weight": 1.0}])
        self.assertEqual((traffic.failures, list(traffic.versions)), ([], ["1"]))
        self.assertIn(1, self.history())
        self.clean()
        self.deploy()
        until(lambda: self.version(url) == "2", what="release 2 once there is room again")
        self.mdl("rollback")
        self.assertEqual(self.version(url), "1")

    def test_a_fetch_of_weights_stops_at_a_full_disk_and_goes_on_when_there_is_room(self):
        data = os.urandom(10_000_000)
        digest = hashlib.sha256(data).hexdigest()
        source = Source({"base.bin": data}, certificate(self.root))
        self.addCleanup(source.close)
        self.env["SSL_CERT_FILE"] = str(self.root / "cert.pem")
        self.service(model=[{"path": "base.bin", "from": source.url + "/plain/base.bin", "sha256": digest}])
        self.failed(self.mdl("deploy", code=None), (1,), r"the disk of .*blobs is full; [56]\.\d MB are kept", "(?i)no space left")
        self.assertEqual(self.sh(f"ls '{self.home}/blobs'").stdout.split(), [digest + ".fetch", digest + ".fetch.tag"])
        grown = self.sh(f"mount -o remount,size=60m '{self.home}'")
        self.assertEqual(grown.returncode, 0, grown.stderr)
        self.mdl("deploy")
        self.assertRegex(source.asked()[-1]["headers"]["Range"], r"bytes=[56]\d{6}-")
        self.assertEqual(self.sh(f"ls '{self.home}/blobs'").stdout.split(), [digest])
        self.assertEqual(self.sh(f"sha256sum '{self.home}/blobs/{digest}'").stdout.split()[0], digest)

    def test_a_disk_that_is_full_from_the_start_is_said(self):
        self.service()
        self.fill()
        self.failed(self.mdl("deploy", code=None), (1,), "(?i)no space|disk.* full|full disk")
        self.clean()
        self.deploy()
        self.assertEqual(self.version(self.url()), "1")

    def test_a_home_that_cannot_be_written_is_said_and_is_as_it_was_afterwards(self):
        self.service()
        self.deploy()
        self.mdl("deploy", "--set", "env.VERSION=2")
        self.stop_supervisor()
        # Busy for as long as what has ended still closes its files.
        until(lambda: self.sh(f"mount -o remount,ro '{self.home}'").returncode == 0, what="a home that cannot be written")
        for words in (["deploy", "--set", "env.VERSION=3"], ["rollback"], ["scale", "--max", "7"], ["status"]):
            self.failed(self.mdl(*words, code=None), (1, 3, 4), "(?i)read-only")
        self.sh(f"mount -o remount,rw '{self.home}'")
        self.assertEqual(self.live(), [{"release": 2, "weight": 1.0}])
        self.assertEqual(self.history(), [2, 1])
        until(lambda: self.version(self.url()) == "2", what="the service's return")

    def test_a_home_that_cannot_be_written_from_the_start_is_said(self):
        self.service()
        self.sh(f"mount -o remount,ro '{self.home}'")
        self.failed(self.mdl("deploy", code=None), (1,), "(?i)read-only")


class Machine(Faults):
    def test_a_corrupt_state_is_said_and_left_alone(self):
        self.service()
        self.deploy()
        self.deploy("--set", "env.VERSION=2")
        self.stop_supervisor()
        database = self.home / "state.db"
        whole = database.read_bytes()
        for name, damaged in (("its head", b"not a database at all" + whole[21:]), ("its pages", whole[:4096] + os.urandom(len(whole) - 4096)),
                              ("its end", whole[:len(whole) // 2])):
            with self.subTest(damaged=name):
                database.write_bytes(damaged)
                for words in (["status"], ["deploy", "--set", "env.VERSION=3"], ["rollback"]):
                    self.failed(self.mdl(*words, code=None), (1, 3), "(?i)corrupt|malformed|not a database")
                self.assertEqual(database.read_bytes(), damaged, "what may be saved by hand must not be written over")
                database.write_bytes(whole)
                self.assertEqual(self.live(), [{"release": 2, "weight": 1.0}])
                self.assertEqual(self.history(), [2, 1])
                self.stop_supervisor()

    def test_a_corrupt_journal_stops_nothing(self):
        self.service()
        self.deploy()
        journal = self.home / "state" / "journal.db"
        journal.write_bytes(b"not a database at all" * 1000)
        done = self.mdl("deploy", "--set", "env.VERSION=2", code=None)
        if done.code != 0:
            self.failed(done, (1, 3), "journal")
        self.mdl("status")

    def test_a_port_that_is_taken_is_named_and_the_next_deploy_has_it_once_it_is_free(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.service(targets={"local": {"port": port}})
            self.failed(self.mdl("deploy", code=None), (1,), str(port))
        self.deploy()
        self.assertEqual(self.url(), f"http://127.0.0.1:{port}")
        self.assertEqual(self.version(self.url()), "1")

    def test_a_port_that_is_taken_stops_a_deploy_over_a_good_one(self):
        self.service()
        self.deploy()
        url = self.url()
        with socket.socket() as taken, Traffic(url) as traffic:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.set(targets={"local": {"port": port}}, env={"VERSION": "2"})
            done = self.failed(self.mdl("deploy", code=None), (1, 3, 4), str(port))
            self.assertEqual(traffic.failures, [], done)
        self.deploy()
        self.assertEqual(self.version(f"http://127.0.0.1:{port}"), "2")

    def test_a_command_without_file_descriptors_says_so(self):
        self.service()
        self.deploy()
        seen = set()
        for limit in (4, 6, 8, 10, 12, 16):
            done = self._run(["prlimit", f"--nofile={limit}:{limit}", str(BINARY), "deploy", "--set", f"env.VERSION=l{limit}"],
                             self.folder, None, {}, 60)
            seen.add(done.code)
            if limit < 6 and done.code == 127:
                continue  # not even its libraries can be loaded
            if done.code != 0:
                self.failed(done, (1, 3, 4), "(?i)too many open files|descriptor|cannot connect")
        self.assertTrue(seen & {1, 3, 4, 127}, seen)
        done = self.deploy("--set", "env.VERSION=last")
        self.assertEqual(self.version(done["serving"]["url"]), "last", [done, self.mdl("status", "-o", "json").out,
                         self.mdl("releases").out, (self.home / "logs/supervisor.log").read_text()])

    def test_a_supervisor_without_file_descriptors_serves_again_when_it_has_some(self):
        self.service()
        self.deploy()
        url, pid = self.url(), self.supervisor()
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{pid}/fd")) + 2  # enough to be asked, not to start a replica
        replicas = self.replicas()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        done = self.mdl("deploy", "--set", "env.VERSION=2", "--timeout", "5s", code=None)
        self.failed(done, (1, 3, 4))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        until(lambda: self.version(url) == "1", what="an answer once there are descriptors again")
        self.assertEqual((self.supervisor(), self.replicas()), (pid, replicas), "neither may have been started anew")
        self.deploy("--set", "env.VERSION=2")
        self.assertEqual(self.version(url), "2")


    def test_a_supervisor_without_a_single_free_descriptor_is_readable_and_refuses_changes(self):
        self.service()
        self.deploy()
        url, pid, replicas = self.url(), self.supervisor(), self.replicas()
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        self.addCleanup(lambda: os.path.exists(f"/proc/{pid}") and resource.prlimit(pid, resource.RLIMIT_NOFILE, before))
        free = min(self._lowest_free(pid) for _ in range(20))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
        self.assertEqual(self.live(), [{"release": 1, "weight": 1.0}])
        for words in (["deploy", "--set", "env.VERSION=2"], ["scale", "--min", "2"]):
            begun = time.monotonic()
            self.failed(self.mdl(*words, code=None), (1, 3, 4), "no free descriptors")
            self.assertLess(time.monotonic() - begun, 20)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        until(lambda: self.version(url) == "1", what="an answer once there are descriptors again")
        self.assertEqual((self.supervisor(), self.replicas()), (pid, replicas), "neither may have been started anew")
        self.deploy("--set", "env.VERSION=2")
        self.assertEqual(self.version(url), "2")

    @staticmethod
    def _lowest_free(pid):
        used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
        return next(number for number in range(len(used) + 1) if number not in used)


@unittest.skipUnless(JUMPING_CLOCK.exists(), f"{JUMPING_CLOCK} was not built")
class Clock(Faults):
    """Wall time jumps for the supervisor; commands run by the clock that the test says."""

    def jump(self, seconds):
        self.ahead[:] = struct.pack("=q", seconds)

    def setUp(self):
        super().setUp()
        file = self.root / "ahead"
        file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self.ahead = mmap.mmap(opened.fileno(), 8)
        self.addCleanup(self.ahead.close)
        libraries = [str(JUMPING_CLOCK)]
        if SANITIZED:  # it wants to be the first
            libraries.insert(0, subprocess.check_output(["gcc", "-print-file-name=libasan.so"], text=True).strip())
        self.jumping = {"LD_PRELOAD": " ".join(libraries), "JUMPING_CLOCK": str(file)}
        self.service()
        process = subprocess.Popen([str(BINARY), "supervise"], env=self.env | self.jumping, cwd="/", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.terminate)
        until(lambda: list(self.home.rglob("supervisor.sock")), what="the supervisor's socket")

    def command(self, *words, **options):
        return self.mdl(*words, env=self.jumping, **options)

    def test_a_clock_that_jumps_an_hour_either_way_costs_nothing(self):
        self.command("deploy")
        url = self.url()
        with Traffic(url) as traffic:
            for number, offset in enumerate((3600, -3600, 0, 86400, 0)):
                self.jump(offset)
                self.command("deploy", "--set", f"env.VERSION=j{number}")
                until(lambda: traffic.versions.get(f"j{number}"), what=f"traffic at j{number}")
                read = self.call_supervisor("GET", "/v1/services/app/local/metrics").json()["to"] / 1e9
                self.assertAlmostEqual(read - time.time(), offset, delta=60, msg="the supervisor's own clock")
                self.assertIn(f"starting version j{number}", self.command("logs", "--release", str(number + 2)).out)
            self.jump(-3600)
            self.command("rollback")
            self.assertEqual(self.version(url), "j3")
        self.assertEqual(traffic.failures, [])
        self.assertEqual(self.live(), [{"release": 5, "weight": 1.0}])
        self.assertEqual(self.history(), [7, 6, 5, 4, 3, 2, 1])

    def test_a_command_whose_clock_is_an_hour_off_deploys_and_reads(self):
        self.command("deploy")
        self.jump(-3600)
        self.mdl("deploy", "--set", "env.VERSION=2")
        self.jump(0)
        self.mdl("rollback")
        for words in (["status"], ["releases"], ["logs"], ["metrics"]):
            self.command(*words)
        self.assertEqual(self.live(), [{"release": 1, "weight": 1.0}])


if __name__ == "__main__":
    unittest.main()
