"""Every line once, across replicas, restarts and releases."""

import json
import re
import unittest

from harness import MdlTest, request, until


class Logs(MdlTest):
    def lines(self, *words):
        """Texts of the lines that mdl logs gives."""
        document = self.mdl("logs", "-o", "json", *words).json()
        return [line["text"] for line in document["lines"] if "text" in line]

    def numbers(self, text, lines):
        return [int(match[1]) for line in lines if (match := re.fullmatch(rf"{text} (\d+)", line))]

    def test_every_line_once_across_two_replicas_and_a_crash(self):
        self.service(scale={"min": 2, "max": 2})
        self.deploy()
        url = self.url()
        for batch in range(10):
            request(f"{url}/log?text=line&from={batch * 20}&count=20")
        with self.assertRaises(Exception):
            request(url + "/exit?status=3").json()["version"]
        until(lambda: len(self.replicas()) == 2, what="the replica's return")
        for batch in range(10, 20):
            until(lambda: request(f"{url}/log?text=line&from={batch * 20}&count=20").status == 200)
        until(lambda: len(self.numbers("line", self.lines("--tail", "1000"))) >= 400, what="400 lines")
        self.assertEqual(sorted(self.numbers("line", self.lines("--tail", "1000"))), list(range(400)))

    def test_tail_grep_and_release_choose(self):
        self.service()
        self.deploy()
        request(self.url() + "/log?text=first&count=5")
        self.set(env={"VERSION": "2"})
        self.deploy()
        request(self.url() + "/log?text=second&count=5&stream=err")
        until(lambda: len(self.numbers("second", self.lines())) == 5, what="the second release's lines")
        self.assertEqual(self.numbers("second", self.lines("--tail", "2")), [3, 4])
        self.assertEqual(self.numbers("first", self.lines("--release", "1")), [0, 1, 2, 3, 4])
        self.mdl("rollback")  # recorded as release 3, which runs release 1
        self.assertEqual(self.numbers("first", self.lines("--release", "3")), [0, 1, 2, 3, 4])
        self.assertEqual(self.lines("--grep", "first [34]"), ["first 3", "first 4"])
        self.assertEqual(self.numbers("first", self.lines()), [0, 1, 2, 3, 4])

    def test_following_gives_each_line_once_and_ends_with_the_command(self):
        self.service()
        self.deploy()
        follow = self.start("logs", "-f", "-o", "json")
        for number in range(30):
            request(f"{self.url()}/log?text=live&from={number}")
        seen = []
        while len(seen) < 30:
            entry = json.loads(follow.stdout.readline())
            seen += self.numbers("live", [entry.get("text", "")])
        self.assertEqual(seen, list(range(30)))

    def test_logs_are_there_after_the_service_was_stopped(self):
        self.service(scale={"min": 0, "idle": "1s"}, rollout={"warm": "1s"})
        self.deploy()
        request(self.url() + "/log?text=before&count=3")
        until(lambda: not self.replicas(), what="no replica")
        self.assertEqual(self.numbers("before", self.lines()), [0, 1, 2])


if __name__ == "__main__":
    unittest.main()
