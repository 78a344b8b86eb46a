"""A canary under traffic: what is no worse goes live, what is worse gives its traffic back, and nobody else notices."""

import json
import unittest

from harness import MdlTest, Traffic

SERVER = """
import http.server, itertools, os, time
count = itertools.count()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        bad = self.path == "/" and os.environ.get("FAILS") and next(count) % 2 == 0
        if self.path == "/" and os.environ.get("SLOW"):
            time.sleep(float(os.environ["SLOW"]))
        body = ('{"version": "%s"}' % os.environ["VERSION"]).encode()
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Rollout(MdlTest):
    def canary(self, hold="6s", **env):
        """Deploys release 2 with these variables as a canary over release 1, under traffic."""
        self.service(files={"server.py": SERVER})
        self.deploy()
        self.set(env={"VERSION": "2"} | env,
                 rollout={"strategy": "canary", "steps": ["30%"], "hold": hold, "gate": {"errors": "5%"}})

    def test_a_canary_that_is_no_worse_goes_live(self):
        self.canary()
        with Traffic(self.url(), threads=4) as traffic:
            done = self.mdl("deploy")
        self.assertEqual(traffic.failures, [])
        self.assertEqual(sorted(traffic.versions), ["1", "2"])
        self.assertRegex(done.err, r"canary +30 % +[\d,]+ requests, no difference found")
        self.assertEqual(self.status()["live"], [{"release": 2, "weight": 1.0}])

    def test_a_canary_that_fails_requests_is_stopped_before_its_time(self):
        self.canary(hold="120s", FAILS="1")
        with Traffic(self.url(), threads=4) as traffic:
            stopped = self.mdl("deploy", code=3)
        self.assertLess(stopped.seconds, 60)
        self.assertRegex(stopped.err, r"the gate stopped release 2: errors [\d.]+ % against 0\.0 % \(limit 5 %\), after [\d,]+ requests")
        self.assertEqual(self.status()["live"], [{"release": 1, "weight": 1.0}])
        self.assertLess(len(traffic.failures), 200)

    def test_a_slow_canary_is_stopped_by_its_p95(self):
        self.canary(hold="120s", SLOW="0.3")
        with Traffic(self.url(), threads=4) as traffic:
            stopped = self.mdl("deploy", code=3)
        self.assertRegex(stopped.err, r"the gate stopped release 2: p95 [\d,]+ ms against [\d.,]+ ms, after [\d,]+ requests")
        self.assertEqual(self.status()["live"], [{"release": 1, "weight": 1.0}])
        self.assertEqual(traffic.failures, [])

    def test_a_changed_answer_gets_no_traffic(self):
        self.canary()
        (self.folder / "question.json").write_text(json.dumps({"path": "/"}))
        self.set(golden=[{"request": "question.json"}])
        with Traffic(self.url()) as traffic:
            stopped = self.mdl("deploy", code=3)
        self.assertIn('golden request question.json: version: "2" is not "1", which release 1 answers', stopped.err)
        self.assertEqual((traffic.failures, list(traffic.versions)), ([], ["1"]))


if __name__ == "__main__":
    unittest.main()
