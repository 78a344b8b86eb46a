"""Replicas: as many as are wanted, to zero and back, restarted when they crash."""

import concurrent.futures
import os
import signal
import unittest

from harness import MdlTest, Traffic, request, until


class Scaling(MdlTest):
    def replica_numbers(self):
        """The replicas that answered a batch of requests."""
        url = self.url()
        return {request(url).json()["replica"] for _ in range(12)}

    def test_scale_changes_the_number_of_replicas_and_survives_a_deploy(self):
        self.service()
        self.deploy()
        self.mdl("scale", "--min", "2")
        until(lambda: len(self.replica_numbers()) == 2, what="two replicas that answer")
        self.set(env={"VERSION": "2"})
        self.deploy()
        until(lambda: len(self.replica_numbers()) == 2, what="two replicas of the second release")
        self.mdl("scale", "--min", "1", "--max", "1")
        until(lambda: len(self.replica_numbers()) == 1, what="one replica")

    def test_a_service_at_rest_is_woken_by_a_request(self):
        self.service(scale={"min": 0, "idle": "1s"}, rollout={"warm": "1s"})
        self.deploy()
        until(lambda: not self.replicas(), what="no replica")
        self.assertEqual(self.status()["health"], "asleep")
        answers = [request(self.url()).status]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            until(lambda: not self.replicas(), what="no replica again")
            answers += pool.map(lambda _: request(self.url()).status, range(8))
        self.assertEqual(answers, [200] * 9)

    def test_concurrent_requests_start_further_replicas(self):
        self.service(scale={"min": 1, "max": 3, "concurrency": 1})
        self.deploy()
        url = self.url()
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: request(url + "/sleep?seconds=1.5", timeout=60), range(12)))
        self.assertEqual([answer.status for answer in answers], [200] * 12)
        self.assertGreater(len({answer.json()["replica"] for answer in answers}), 1)

    def test_a_crashed_replica_is_started_again(self):
        self.service(scale={"min": 2, "max": 2})
        self.deploy()
        until(lambda: len(self.replica_numbers()) == 2, what="two replicas")
        victim = self.get().json()["pid"]
        with Traffic(self.url()) as traffic:
            os.kill(victim, signal.SIGKILL)
            until(lambda: len(self.replicas()) == 2 and victim not in self.replicas(), what="a new replica")
            until(lambda: len(self.replica_numbers()) == 2, what="two replicas again")
        # A request that was at the replica when it was killed may fail; none after that.
        self.assertLessEqual(len(traffic.failures), 2, traffic.failures)
        self.assertRegex(self.mdl("logs").out, r"restarted")


if __name__ == "__main__":
    unittest.main()
