"""The runtime client under the official Runtime Interface Emulator, which judges what the scripted API of aws_runtime_test.py cannot:
whether AWS's own program agrees. tests/testbed/get_rie.sh brings it."""

import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTBED = os.path.join(HERE, "..", "testbed")
sys.path.insert(0, HERE)
from aws_runtime_test import free_port, url_event  # noqa: E402

CACHE = os.environ.get("MDL_DEV_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "mdl-dev")
EMULATOR = os.environ.get("MDL_RIE") or os.path.join(CACHE, "aws", "aws-lambda-rie-x86_64")
PROGRAM = os.path.join(os.environ.get("MDL_RUNTIME", ""), "amd64")


@unittest.skipUnless(os.access(EMULATOR, os.X_OK), "there is no emulator: tests/testbed/get_rie.sh")
class Emulated(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mdl-rie-")
        self.process = None

    def tearDown(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()
        self.folder.cleanup()

    def start(self, settings=None, environment=None, timeout=10):
        chosen = {"command": [sys.executable, "-B", os.path.join(TESTBED, "runtime_service.py")], "port": free_port(), "health": "/healthz"}
        chosen.update(settings or {})
        with open(os.path.join(self.folder.name, "runtime.json"), "w") as file:
            json.dump(chosen, file)
        shutil.copy(PROGRAM, os.path.join(self.folder.name, "bootstrap"))
        variables = dict(os.environ, AWS_LAMBDA_FUNCTION_TIMEOUT=str(timeout), LAMBDA_TASK_ROOT=self.folder.name, **(environment or {}))
        self.port = free_port()
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        self.process = subprocess.Popen([EMULATOR, "--runtime-interface-emulator-address", "127.0.0.1:%d" % self.port, "--runtime-api-address",
                                         "127.0.0.1:%d" % free_port(), "./bootstrap"], cwd=self.folder.name, env=variables,
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def invoke(self, event, seconds=30):
        end = time.monotonic() + seconds
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
            try:
                connection.request("POST", "/2015-03-31/functions/function/invocations", event)
                return connection.getresponse().read()
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            finally:
                connection.close()

    def said(self):
        with open(self.log.name, "rb") as log:
            return log.read().decode(errors="replace")

    def test_requests_are_answered_one_after_the_other(self):
        self.start()
        for number in range(5):
            answer = json.loads(self.invoke(url_event("/echo", "n=%d" % number, "POST", body="grüße")))
            self.assertEqual(answer["statusCode"], 200, self.said())
            echoed = json.loads(answer["body"])
            self.assertEqual((echoed["method"], echoed["path"]), ("POST", "/echo?n=%d" % number))
            self.assertEqual(base64.b64decode(echoed["body"]).decode(), "grüße")
            self.assertIn("x-amzn-lambda-context", dict(echoed["headers"]))

    def test_a_large_binary_body_comes_back(self):
        self.start()
        answer = json.loads(self.invoke(url_event("/bytes", "size=4000000")))
        self.assertTrue(answer["isBase64Encoded"])
        self.assertEqual(base64.b64decode(answer["body"]), (bytes(range(256)) * 15626)[:4_000_000])

    def test_C52_an_error_is_reported_and_the_loop_goes_on(self):
        self.start()
        error = json.loads(self.invoke(url_event("/garbage")))
        self.assertEqual(error["errorType"], "Service.BadResponse")
        self.assertEqual(json.loads(self.invoke(url_event()))["statusCode"], 200)

    def test_C53_after_a_death_the_emulator_starts_a_new_environment(self):
        self.start()
        self.assertEqual(json.loads(self.invoke(url_event("/die")))["errorType"], "Service.Exited")
        self.assertEqual(json.loads(self.invoke(url_event()))["statusCode"], 200)

    def test_C54_an_answer_that_is_too_large(self):
        self.start()
        # 6 MiB in plain bytes are 8 MiB in Base64: the emulator refuses the answer with 413, and the loop goes on.
        self.assertNotIn(b'"statusCode"', self.invoke(url_event("/bytes", "size=6200000"))[:100])
        self.assertEqual(json.loads(self.invoke(url_event()))["statusCode"], 200)

    def test_C68_an_init_error_is_told(self):
        self.start(environment={"DIE_AT_START": "1"})
        error = json.loads(self.invoke(url_event()))
        self.assertEqual(error["errorType"], "Service.Exited", self.said())
        self.assertIn("cannot read the model", error["errorMessage"])

    def test_a_request_past_the_functions_deadline_is_504_just_before_it(self):
        self.start(timeout=2)
        self.invoke(url_event())
        self.assertEqual(json.loads(self.invoke(url_event("/slow", "seconds=9")))["statusCode"], 504)

    def test_C42_other_events(self):
        self.start()
        self.assertEqual(json.loads(self.invoke('{"Records":[{"a":1}]}'))["path"], "/events")

    def test_C44_C45_C47_streams_pass_the_emulator(self):
        self.start({"stream": True})
        for path, expected in (("/stream", b"first last"), ("/empty-stream", b"")):
            answer = self.invoke(url_event(path))
            self.assertTrue(answer.endswith(b"\0" * 8 + expected) or answer == expected, answer)
        self.invoke(url_event("/mid-failure"))
        self.assertTrue(self.invoke(url_event("/stream")).endswith(b"first last"))


if __name__ == "__main__":
    unittest.main()
