"""The supervisor: killed and started again, open to its user alone, and still the same state."""

import os
import signal
import stat
import unittest

from harness import MdlTest, Traffic, request, until


class Supervisor(MdlTest):
    def test_killed_it_comes_back_with_the_right_releases(self):
        self.service()
        self.deploy()
        self.set(env={"VERSION": "2"})
        self.deploy()
        os.kill(self.supervisor(), signal.SIGKILL)
        until(lambda: not self.supervisor(), what="the supervisor's end")
        self.assertEqual(self.status()["live"], [{"release": 2, "weight": 1.0}])
        self.mdl("deploy")
        # At a new address when another program took the port meanwhile.
        until(lambda: self._version(self.url()) == "2", what="release 2")
        self.mdl("rollback")
        self.assertEqual(self._version(self.url()), "1")
        until(lambda: len(self.replicas()) <= 2, what="the end of replicas that nobody owns")

    def _version(self, url):
        try:
            return request(url).json()["version"]
        except (OSError, ValueError):
            return None

    def test_stopped_in_order_it_leaves_no_process_and_the_next_command_brings_it_back(self):
        self.service()
        self.deploy()
        os.kill(self.supervisor(), signal.SIGTERM)
        until(lambda: not self.processes(), what="the end of all processes")
        self.mdl("scale", "--min", "1", "--max", "2")
        until(lambda: self._version(self.url()) == "1", what="the service's return")

    def test_only_its_user_can_open_its_files(self):
        self.service()
        self.deploy()
        path = self.socket_path()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(path.parent.stat().st_mode), 0o700)
        for file in [self.home / "state.db", *self.home.glob("secret.key")]:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)

    def test_two_deploys_at_once_end_with_one_that_won(self):
        self.service()
        self.deploy()
        self.set(env={"VERSION": "2", "BOOT": "1"})
        with Traffic(self.url()) as traffic:
            first = self.start("deploy", "-o", "json", "--set", "env.VERSION=left")
            second = self.start("deploy", "-o", "json", "--set", "env.VERSION=right")
            codes = sorted([first.wait(120), second.wait(120)])
        self.assertEqual(traffic.failures, [])
        # Both may succeed one after the other; otherwise the loser says that it lost.
        self.assertIn(codes, [[0, 0], [0, 5]])
        self.assertIn(self.get().json()["version"], ["left", "right"])

    def test_a_killed_deploy_leaves_nothing_that_the_next_one_does_not_mend(self):
        self.service()
        self.deploy()
        self.set(env={"VERSION": "2", "BOOT": "30"})
        with Traffic(self.url()) as traffic:
            interrupted = self.start("deploy")
            until(lambda: len(self.replicas()) == 2, what="the new release's replica")
            interrupted.send_signal(signal.SIGKILL)
            interrupted.wait(30)
            self.set(env={"VERSION": "3", "BOOT": "0"})
            self.deploy()
            until(lambda: traffic.versions.get("3"), what="traffic at the mended release")
        self.assertEqual(traffic.failures, [])
        until(lambda: len(self.replicas()) <= 2, what="the end of the interrupted release's replica")
        self.assertNotIn("2", traffic.versions)


if __name__ == "__main__":
    unittest.main()
