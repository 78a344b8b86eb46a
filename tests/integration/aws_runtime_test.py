"""The runtime client as a program, between a scripted Runtime API and a real HTTP service. The numbers C… are those of
docs/runtime-client.md."""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTBED = os.path.join(HERE, "..", "testbed")
sys.path.insert(0, TESTBED)
from runtime_api import RuntimeApi  # noqa: E402

# MDL_RUNTIME_EMULATOR=qemu-aarch64-static runs the program for the other processor.
EMULATOR = os.environ.get("MDL_RUNTIME_EMULATOR", "")
PROGRAM = os.path.join(os.environ.get("MDL_RUNTIME", ""), "arm64" if EMULATOR or os.uname().machine == "aarch64" else "amd64")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def url_event(path="/echo", query="", method="GET", **more):
    event = {"version": "2.0", "rawPath": path, "rawQueryString": query, "headers": {"host": "f.example"},
             "requestContext": {"stage": "$default", "http": {"method": method, "path": path}}, "isBase64Encoded": False}
    event.update(more)
    return json.dumps(event)


class Runtime(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mdl-runtime-")
        self.api = RuntimeApi()
        self.process = None

    def tearDown(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()
        self.api.close()
        self.folder.cleanup()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, settings=None, environment=None, program=None, raw_settings=None):
        chosen = {"command": [sys.executable, "-B", os.path.join(TESTBED, "runtime_service.py")], "port": free_port(), "health": "/healthz",
                  "healthy": "200-299", "folder": self.folder.name}
        chosen.update(settings or {})
        with open(self.path("runtime.json"), "w") as file:
            file.write(raw_settings if raw_settings is not None else json.dumps(chosen))
        variables = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        variables.update(AWS_LAMBDA_RUNTIME_API=self.api.address, MDL_RUNTIME_SETTINGS=self.path("runtime.json"))
        variables.update(environment or {})
        self.port = chosen["port"]
        self.process = subprocess.Popen(([EMULATOR] if EMULATOR else []) + [program or PROGRAM, "/var/lang/bin/python3", "/var/runtime/bootstrap.py"], env=variables,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def invoke(self, event, request_id="r1", **headers):
        self.api.next_invocation(event, request_id, **headers)
        return self.api.answer_to(request_id)

    def response(self, event, request_id="r1", **headers):
        post = self.invoke(event, request_id, **headers)
        self.assertTrue(post.path.endswith("/response"), (post.path, post.body))
        return json.loads(post.body)

    def echoed(self, event, request_id="r1", **headers):
        return json.loads(self.response(event, request_id, **headers)["body"])

    def error(self, event, request_id="r1"):
        post = self.invoke(event, request_id)
        self.assertTrue(post.path.endswith("/error"), (post.path, post.body))
        body = json.loads(post.body)
        self.assertEqual(sorted(body), ["errorMessage", "errorType", "stackTrace"])
        self.assertEqual(post.headers["lambda-runtime-function-error-type"], body["errorType"])
        return body

    def peak(self):
        """The most memory that the program has had, in MiB; an emulator's says nothing."""
        with open("/proc/%d/status" % self.process.pid) as status:
            return 0 if EMULATOR else next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024

    def exit_status(self, seconds=10):
        return self.process.wait(seconds)


class Requests(Runtime):
    def test_a_request_goes_through_and_the_connection_is_kept(self):
        self.start()
        first = self.echoed(url_event("/echo", "a=1&b=%20", "PUT", body="grüße", cookies=["a=1"]))
        self.assertEqual((first["method"], first["path"]), ("PUT", "/echo?a=1&b=%20"))
        self.assertEqual(base64.b64decode(first["body"]).decode(), "grüße")
        self.assertIn(["cookie", "a=1"], first["headers"])
        self.assertEqual(first["port"], str(self.port))
        second = self.echoed(url_event(), "r2")
        self.assertEqual(second["connection"], first["connection"])

    def test_C18_trace_is_a_header_and_never_the_process_variable(self):
        self.start(environment={"_X_AMZN_TRACE_ID": "Root=stale"})
        echoed = self.echoed(url_event(), Trace_Id="Root=1-new")
        self.assertIsNone(echoed["trace"])
        self.assertIn(["x-amzn-trace-id", "Root=1-new"], echoed["headers"])

    def test_C26_bad_base64_is_400_to_the_client_and_the_loop_lives(self):
        self.start()
        self.assertEqual(self.response(url_event(body="a b!", isBase64Encoded=True))["statusCode"], 400)
        self.assertEqual(self.response(url_event(), "r2")["statusCode"], 200)

    def test_C27_C28_C29_six_megabytes_inside_a_memory_bound(self):
        self.start()
        self.response(url_event())
        data = os.urandom(4_400_000)
        answer = json.loads(self.response(url_event("/hash", method="POST", body=base64.b64encode(data).decode(), isBase64Encoded=True), "r2")["body"])
        self.assertEqual((answer["size"], answer["sha256"]), (len(data), hashlib.sha256(data).hexdigest()))
        answer = self.response(url_event("/bytes", "size=4400000"), "r3")
        self.assertEqual(len(base64.b64decode(answer["body"])), 4_400_000)
        self.assertEqual(json.loads(self.response(url_event("/hash", method="POST", body=None), "r4")["body"])["size"], 0)
        self.assertLess(self.peak(), 48)

    def test_C5_C42_other_events_are_posted_and_the_answer_is_the_result(self):
        self.start({"pass_through": "/hash"})
        post = self.invoke('{"Records": []}')
        self.assertEqual(json.loads(post.body)["sha256"], hashlib.sha256(b'{"Records": []}').hexdigest())

    def test_C40_HEAD_and_C41_chunked_answers(self):
        self.start()
        self.assertEqual(self.response(url_event(method="HEAD"))["body"], "")
        answer = self.response(url_event("/stream"), "r2")
        self.assertEqual(answer["body"], "first last")
        self.assertNotIn("transfer-encoding", answer["headers"])
        self.assertEqual(answer["cookies"], ["a=1"])

    def test_C62_invocation_id_is_echoed_if_sent(self):
        self.start()
        self.assertEqual(self.invoke(url_event(), Invocation_Id="i-1").headers["lambda-runtime-invocation-id"], "i-1")
        self.assertNotIn("lambda-runtime-invocation-id", self.invoke(url_event(), "r2").headers)
        self.assertEqual(self.invoke(url_event("/garbage"), "r3", Invocation_Id="i-3").headers["lambda-runtime-invocation-id"], "i-3")

    def test_C61_a_deadline_that_is_missing_garbage_or_past_ends_nothing(self):
        self.start()
        for number, deadline in enumerate(["", "soon", "-5", "1", "99999999999999999999999"]):
            self.assertEqual(self.response(url_event(), "r%d" % number, Deadline_Ms=deadline)["statusCode"], 200)

    def test_C66_C67_tenant_and_client_context(self):
        self.start()
        context = json.dumps({"custom": "x" * 3550})
        headers = dict(self.echoed(url_event(), Aws_Tenant_Id="blue", Client_Context=context)["headers"])
        self.assertEqual(headers["x-amz-tenant-id"], "blue")
        self.assertEqual(json.loads(headers["x-amzn-lambda-context"])["client_context"], json.loads(context))

    def test_C65_proxies_are_ignored(self):
        self.start(environment={"HTTP_PROXY": "http://127.0.0.1:1", "http_proxy": "http://127.0.0.1:1", "ALL_PROXY": "http://127.0.0.1:1"})
        self.assertEqual(self.response(url_event())["statusCode"], 200)

    def test_what_the_service_says_is_written_before_the_answer_is_sent(self):
        # An environment is frozen once the answer is there.
        self.start()
        self.response(url_event("/log"))
        os.kill(self.process.pid, signal.SIGSTOP)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.assertEqual(self.process.stdout.read(), b"said before the answer\n")


class Errors(Runtime):
    def test_C51_configured_statuses_fail_the_invocation(self):
        self.start({"error_statuses": "500-599,418"})
        error = self.error(url_event("/echo", "status=503"))
        self.assertEqual(error["errorType"], "Service.Status")
        told = json.loads(error["errorMessage"])
        self.assertEqual(told["statusCode"], 503)
        self.assertIn("/echo", told["body"])
        self.assertEqual(self.response(url_event("/echo", "status=404"), "r2")["statusCode"], 404)

    def test_an_event_whose_handling_failed_is_an_error_for_its_sender(self):
        self.start({"pass_through": "/echo?status=500"})
        self.assertEqual(self.error('{"Records":[]}')["errorType"], "Service.Status")

    def test_C52_a_refused_connection_is_an_error_with_a_type_and_the_loop_goes_on(self):
        self.start()
        self.response(url_event("/refuse"))
        for number in (2, 3):
            self.assertEqual(self.error(url_event(), "r%d" % number)["errorType"], "Service.ConnectionRefused")

    def test_C53_a_service_that_dies_with_a_request_open(self):
        self.start()
        error = self.error(url_event("/die"))
        self.assertEqual(error["errorType"], "Service.Exited")
        self.assertIn("status 3", error["errorMessage"])
        self.assertIn("about to die", error["errorMessage"])
        self.assertNotEqual(self.exit_status(), 0)

    def test_a_service_that_dies_between_requests_ends_the_environment(self):
        self.start()
        self.response(url_event())
        pid = int(subprocess.check_output(["pgrep", "-P", str(self.process.pid)]).split()[0])
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.exit_status(), 1)
        self.assertIn(b"killed by signal 9", self.process.stderr.read())

    def test_C54_C55_too_large_and_too_late_are_logged_and_the_loop_goes_on(self):
        for status in (413, 410, 400):
            self.api.answers.append(status)
        self.start()
        for number in range(3):
            self.response(url_event(), "r%d" % number)
        self.assertEqual(self.response(url_event(), "last")["statusCode"], 200)
        self.process.kill()
        said = self.process.stderr.read().decode()
        for status in ("413", "410", "400"):
            self.assertIn("answered %s to a response" % status, said)

    def test_C56_C57_a_wrong_state_and_an_internal_error_end_the_runtime(self):
        for status in (403, 500):
            with self.subTest(status):
                self.tearDown()
                self.setUp()
                self.api.answers.append(status)
                self.start()
                self.invoke(url_event())
                self.assertEqual(self.exit_status(), 1)
        self.tearDown()
        self.setUp()
        self.start()
        self.api.invocations.put(500)
        self.assertEqual(self.exit_status(), 1)

    def test_an_answer_that_can_be_in_no_response_is_an_error(self):
        self.start()
        self.assertEqual(self.error(url_event("/bytes", "size=7000000"))["errorType"], "Function.ResponseSizeTooLarge")
        self.assertEqual(self.response(url_event(), "r2")["statusCode"], 200)

    def test_broken_answers_are_errors_with_their_type(self):
        self.start()
        self.assertEqual(self.error(url_event("/garbage"), "r1")["errorType"], "Service.BadResponse")
        self.assertEqual(self.error(url_event("/short"), "r2")["errorType"], "Service.ResponseCut")
        self.assertEqual(self.response(url_event(), "r3")["statusCode"], 200)

    def test_a_service_that_is_too_slow_is_504_and_an_error_for_other_events(self):
        self.start({"timeout_ms": 300, "pass_through": "/slow?seconds=3"})
        answer = self.response(url_event("/slow", "seconds=3"))
        self.assertEqual((answer["statusCode"], json.loads(answer["body"])["code"]), (504, "timeout"))
        self.assertEqual(self.error("{}", "r2")["errorType"], "Service.Timeout")
        self.assertEqual(self.response(url_event(), "r3")["statusCode"], 200)

    def test_the_deadline_of_the_function_is_kept_too(self):
        self.start()
        self.response(url_event())
        soon = str(int(time.time() * 1000) + 400)
        self.assertEqual(self.response(url_event("/slow", "seconds=5"), "r2", Deadline_Ms=soon)["statusCode"], 504)


class Loop(Runtime):
    def test_C60_an_invocation_without_an_id_is_an_init_error_and_no_spin(self):
        self.start()
        self.api.next_invocation(url_event(), None)
        post = self.api.wait_for(lambda p: p.path == "/init/error" and p.whole.is_set())
        self.assertEqual(json.loads(post.body)["errorType"], "Runtime.NoRequestId")
        self.assertEqual(self.exit_status(), 1)

    def test_C64_an_idle_connection_that_was_reset_is_made_anew(self):
        self.api.reset_idle = True
        self.start()
        for number in range(5):
            self.assertEqual(self.response(url_event(), "r%d" % number)["statusCode"], 200)
        self.assertEqual(len([p for p in self.api.posts if p.path.endswith("/response")]), 5)

    def test_C64_an_answer_whose_fate_is_unknown_is_sent_again_and_a_refusal_then_means_it_was_taken(self):
        self.api.answers += ["drop", 403]
        self.start()
        self.invoke(url_event())
        self.assertEqual(self.response(url_event(), "r2")["statusCode"], 200)
        self.assertEqual(len([p for p in self.api.posts if "/r1/" in p.path]), 2)

    def test_a_connection_that_the_service_ended_is_made_anew(self):
        self.start()
        for number in range(3):
            self.response(url_event("/quietly-close", method="POST"), "a%d" % number)
            time.sleep(0.05)  # until the end has arrived: what is then sent is sent once
        self.assertEqual(self.response(url_event(), "r3")["statusCode"], 200)

    def test_C69_several_invocations_at_once(self):
        self.start(environment={"AWS_LAMBDA_MAX_CONCURRENCY": "3"})
        begun = time.monotonic()
        for number in range(3):
            self.api.next_invocation(url_event("/slow", "seconds=1"), "r%d" % number, Trace_Id="t%d" % number)
        for number in range(3):
            self.api.answer_to("r%d" % number)
        self.assertLess(time.monotonic() - begun, 2.9)

    def test_C74_SIGTERM_drains_within_two_seconds(self):
        self.start(environment={"DRAIN_FILE": self.path("drained")})
        self.response(url_event())
        paths = [path for path, _, _ in self.api.extensions]
        self.assertEqual(paths, ["/2020-01-01/extension/register", "/2020-01-01/extension/event/next"])
        self.assertEqual(self.api.extensions[0][2], b'{"events":[]}')
        self.assertEqual(self.api.extensions[1][1]["lambda-extension-identifier"], "ext-1")
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.exit_status(), 0)
        self.assertLess(time.monotonic() - begun, 2)
        self.assertTrue(os.path.exists(self.path("drained")))

    def test_C74_what_is_under_way_is_finished(self):
        self.start()
        self.response(url_event())
        self.api.next_invocation(url_event("/slow", "seconds=0.5"), "r2")
        time.sleep(0.2)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(json.loads(self.api.answer_to("r2").body)["body"], "late")

    def test_C75_nothing_of_before_a_snapshot_is_used_after_it(self):
        self.start({"before_snapshot": "/echo?before", "after_restore": "/echo?after"}, {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
        self.api.next_invocation(url_event())
        end = time.monotonic() + 10
        while not any(path.endswith("/restore/next") for _, path, _ in self.api.requests) and time.monotonic() < end:
            time.sleep(0.01)
        self.assertFalse(any(path.endswith("/invocation/next") for _, path, _ in self.api.requests))
        self.api.restored.set()
        self.assertEqual(json.loads(self.api.answer_to().body)["statusCode"], 200)

    def test_C75_a_failed_hook_is_a_restore_error(self):
        self.start({"after_restore": "/echo?status=500"}, {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})
        self.api.restored.set()
        post = self.api.wait_for(lambda p: p.path == "/restore/error" and p.whole.is_set())
        self.assertEqual(json.loads(post.body)["errorType"], "Service.AfterRestoreFailed")
        self.assertEqual(self.exit_status(), 1)


class Start(Runtime):
    def init_error(self):
        post = self.api.wait_for(lambda p: p.path == "/init/error" and p.whole.is_set())
        self.assertEqual(self.exit_status(), 1)
        return json.loads(post.body)

    def test_C68_C73_a_service_that_exits_at_start_is_told_at_once_with_its_last_lines(self):
        begun = time.monotonic()
        self.start(environment={"DIE_AT_START": "1"})
        error = self.init_error()
        self.assertLess(time.monotonic() - begun, 9)
        self.assertEqual(error["errorType"], "Service.Exited")
        self.assertIn("exited with status 7", error["errorMessage"])
        self.assertIn("cannot read the model", error["errorMessage"])

    def test_C68_a_command_that_is_not_there_is_an_init_error(self):
        self.start({"command": ["no-such-program-xyz"]})
        error = self.init_error()
        self.assertEqual(error["errorType"], "Service.NotStarted")
        self.assertIn("no-such-program-xyz", error["errorMessage"])

    def test_C71_settings_that_are_not_understood_are_an_init_error(self):
        self.start({"healthy": "good"})
        self.assertEqual(self.init_error()["errorType"], "Runtime.BadSettings")

    def test_C71_an_unhealthy_status_is_not_ready(self):
        self.start({"healthy": "200-399"}, {"READY_AFTER": "0.5"})
        self.assertEqual(self.response(url_event())["statusCode"], 200)
        self.tearDown()
        self.setUp()
        self.start({"healthy": "100-499"}, {"HEALTH": "404"})
        self.assertEqual(self.response(url_event())["statusCode"], 200)

    def test_C72_without_a_path_a_connection_is_enough(self):
        self.start({"health": ""}, {"HEALTH": "500", "LISTEN_AFTER": "0.3"})
        self.assertEqual(self.response(url_event())["statusCode"], 200)

    @unittest.skipUnless(os.environ.get("MDL_TEST_FULL"), "takes 11 s: scripts/test --full")
    def test_C70_a_slow_start_goes_on_in_the_first_request(self):
        self.start(environment={"READY_AFTER": "10.5"})
        begun = time.monotonic()
        self.assertEqual(self.response(url_event())["statusCode"], 200)
        self.assertGreater(time.monotonic() - begun, 9.8)

    def test_without_a_runtime_api_it_says_what_it_is_for(self):
        self.start(environment={"AWS_LAMBDA_RUNTIME_API": ""})
        self.assertEqual(self.exit_status(), 1)
        self.assertIn(b"AWS_LAMBDA_RUNTIME_API is not set", self.process.stderr.read())


class Streams(Runtime):
    def stream(self, event, request_id="r1"):
        self.api.next_invocation(event, request_id)
        post = self.api.wait_for(lambda p: "/%s/" % request_id in p.path)
        self.assertTrue(post.path.endswith("/response"), post.path)
        self.assertEqual(post.headers["lambda-runtime-function-response-mode"], "streaming")
        self.assertEqual(post.headers["content-type"], "application/vnd.awslambda.http-integration-response")
        self.assertIn("Lambda-Runtime-Function-Error-Type", post.headers["trailer"])
        return post

    def whole(self, post):
        self.assertTrue(post.whole.wait(20))
        return post

    def error_of(self, post):
        self.whole(post)
        error = json.loads(base64.b64decode(post.trailers["lambda-runtime-function-error-body"]))
        self.assertEqual(error["errorType"], post.trailers["lambda-runtime-function-error-type"])
        return error

    def test_C44_the_first_bytes_arrive_before_the_service_has_ended(self):
        release = self.path("release")
        self.start({"stream": True}, {"RELEASE_FILE": release})
        post = self.stream(url_event("/stream"))
        end = time.monotonic() + 10
        while b"first " not in post.body and time.monotonic() < end:
            time.sleep(0.005)
        self.assertTrue(post.body.endswith(b"\0" * 8 + b"first "))
        self.assertFalse(post.whole.is_set())
        prelude = json.loads(post.prelude())
        self.assertEqual(prelude, {"statusCode": 200, "headers": {"content-type": "text/plain", "x-a": "b"}, "cookies": ["a=1"]})
        open(release, "w").close()
        self.assertEqual(self.whole(post).streamed(), b"first last")
        self.assertEqual(post.trailers, {})

    def test_C45_an_empty_body_has_prelude_NULs_and_end(self):
        self.start({"stream": True})
        post = self.whole(self.stream(url_event("/empty-stream")))
        self.assertEqual(json.loads(post.prelude())["statusCode"], 200)
        self.assertEqual(post.streamed(), b"")
        post = self.whole(self.stream(url_event("/echo", "status=204", method="HEAD"), "r2"))
        self.assertEqual(post.streamed(), b"")

    def test_C47_a_failure_in_the_middle_is_in_the_trailers(self):
        self.start({"stream": True})
        post = self.stream(url_event("/mid-failure"))
        self.assertEqual(self.error_of(post)["errorType"], "Service.ResponseCut")
        self.assertEqual(post.streamed(), b"half")
        self.assertEqual(self.whole(self.stream(url_event("/stream"), "r2")).streamed(), b"first last")

    def test_C50_a_body_cut_short_is_no_success(self):
        self.start({"stream": True})
        post = self.stream(url_event("/short"))
        self.assertEqual(self.error_of(post)["errorType"], "Service.ResponseCut")

    def test_C53_a_death_in_the_middle_is_told_and_ends_the_runtime(self):
        self.start({"stream": True})
        error = self.error_of(self.stream(url_event("/mid-death")))
        self.assertEqual(error["errorType"], "Service.Exited")
        self.assertIn("status 4", error["errorMessage"])
        self.assertEqual(self.exit_status(), 1)

    def test_C48_an_event_that_is_no_HTTP_request_is_answered_buffered(self):
        self.start({"stream": True})
        post = self.invoke('{"Records":[]}')
        self.assertNotIn("lambda-runtime-function-response-mode", post.headers)
        self.assertIn(b'"method": "POST"', post.body)

    def test_C26_a_refused_event_is_400_in_a_stream_too(self):
        self.start({"stream": True})
        post = self.whole(self.stream(url_event(body="!", isBase64Encoded=True)))
        self.assertEqual(json.loads(post.prelude())["statusCode"], 400)

    def test_C76_when_the_client_has_gone_the_service_finishes(self):
        self.start({"stream": True})
        self.api.answers.append("cut")
        self.api.next_invocation(url_event("/finish", "file=" + self.path("end")))
        self.api.wait_for(lambda p: "/r1/" in p.path)
        post = self.whole(self.stream(url_event("/stream"), "r2"))
        self.assertEqual(post.streamed(), b"first last")
        self.assertTrue(os.path.exists(self.path("end")))

    def test_C49_a_slow_reader_costs_time_and_no_memory(self):
        full = bool(os.environ.get("MDL_TEST_FULL"))
        blocks = 3200 if full else 320  # 200 MB or 20 MB
        self.api.bytes_per_second = 20_000_000
        self.start({"stream": True})
        self.whole(self.stream(url_event("/empty-stream"), "r0"))
        post = self.stream(url_event("/much", "blocks=%d" % blocks))
        self.assertTrue(post.whole.wait(120))
        self.assertEqual(len(post.streamed()), blocks * 65536)
        self.assertLess(self.peak(), 8)


if __name__ == "__main__":
    unittest.main()
