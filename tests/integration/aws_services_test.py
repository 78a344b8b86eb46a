"""HTTP services on AWS, unchanged behind the runtime client: ASGI, WSGI and commands, on the emulator ministack and, from the very
zip that was sent, under AWS's Runtime Interface Emulator."""

import base64
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import types
import unittest
import zipfile

import aws_rie_test as official
from aws_harness import AwsTest
from aws_runtime_test import free_port, url_event
from harness import until

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

ASGI = """
import json, os, socket
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    said = {"path": scope["raw_path"].decode(), "query": scope["query_string"].decode(), "method": scope["method"],
            "body": body.decode("latin-1"), "cookie": dict(scope["headers"]).get(b"cookie", b"").decode(),
            "word": os.environ.get("WORD"), "here": os.path.exists("app.py"),
            "wrapper": "AWS_LAMBDA_EXEC_WRAPPER" in os.environ}
    status = 404 if scope["path"] == "/missing" else 200
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", b"application/json"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})
"""

WSGI = """
import greeting
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "image/png")])
    return [b"\\x89PNG" + greeting.word + environ["PATH_INFO"].encode()]
"""

SERVER = """#!/usr/bin/env python3
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        healthy = os.environ.get("SICK") != "1"
        body = (os.environ.get("VERSION", "") + " " + self.path).encode()
        print("asked for", self.path)
        self.send_response(200 if healthy or self.path != "/ready" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
if os.environ.get("CRASH"):
    sys.exit("no weights here")
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Services(AwsTest):
    def uploaded(self):
        """The bytes of the last zip that was sent."""
        for request in reversed(self.recorder.requests):
            if request["body"].startswith("{"):
                body = json.loads(request["body"])
                text = body.get("ZipFile") or (body.get("Code") or {}).get("ZipFile")
                if text:
                    return base64.b64decode(text)
        self.fail("no zip was sent")

    def test_asgi(self):
        self.write({"app.py": ASGI}, build={"python": PYTHON}, http={"entry": "app:app", "interface": "asgi", "health": "/ok"},
                   env={"WORD": "hi"})
        self.aws("deploy")
        configuration = self.configuration()
        self.assertEqual(configuration["Runtime"], "python" + PYTHON)
        self.assertEqual(configuration["Environment"]["Variables"],
                         {"WORD": "hi", "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bootstrap"})
        # The emulator decodes a path that AWS leaves as it is: the one with %2F goes by `invoke`.
        self.assertEqual(json.loads(self.aws("invoke", "--path", "/a%2Fb").out)["path"], "/a%2Fb")
        answer = self.ask("/ab?x=1&x=2", "POST", "grüße".encode(), {"Content-Type": "text/plain", "Cookie": "c=3"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json(), {"path": "/ab", "query": "x=1&x=2", "method": "POST", "body": "grüße".encode().decode("latin-1"),
                                         "cookie": "c=3", "word": "hi", "here": True, "wrapper": False})
        self.assertEqual(self.ask("/missing").status, 404)
        self.assertEqual(self.aws("invoke", "--path", "/missing", "-o", "json", code=1).json()["status"], 404)
        names = zipfile.ZipFile(io.BytesIO(self.uploaded())).namelist()
        self.assertTrue({"bootstrap", "runtime.json", "app/app.py", "front/mdl_front.py", "packages/uvicorn/main.py"} <= set(names), names)
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.under_the_official_emulator(configuration)
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def under_the_official_emulator(self, configuration):
        """AWS's own emulator runs the zip as a managed runtime's bootstrap runs a wrapper."""
        if not os.access(official.EMULATOR, os.X_OK):
            return
        with tempfile.TemporaryDirectory(prefix="mdl-rie-") as folder:
            pathlib.Path(folder, "code.zip").write_bytes(self.uploaded())
            subprocess.run(["unzip", "-q", "-o", "code.zip"], cwd=folder, check=True)
            runtime = pathlib.Path(folder, "runtime")
            runtime.write_text('#!/bin/sh\nexec "$LAMBDA_TASK_ROOT/${AWS_LAMBDA_EXEC_WRAPPER#/var/task/}" python3 /var/runtime/bootstrap.py\n')
            runtime.chmod(0o755)
            port = free_port()
            environment = os.environ | configuration["Environment"]["Variables"] | {
                "LAMBDA_TASK_ROOT": folder, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(configuration["Timeout"])}
            with open(os.path.join(folder, "log"), "w+b") as log:
                process = subprocess.Popen([official.EMULATOR, "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
                                            "--runtime-api-address", f"127.0.0.1:{free_port()}", "./runtime"], cwd=folder,
                                           env=environment, stdout=log, stderr=log)
                try:
                    answer = json.loads(official.Emulated.invoke(types.SimpleNamespace(port=port), url_event("/hello", "y=2")))
                    log.seek(0)
                    self.assertEqual(answer.get("statusCode"), 200, (answer, log.read()))
                    said = json.loads(answer["body"])
                    self.assertEqual((said["path"], said["query"], said["word"]), ("/hello", "y=2", "hi"))
                    self.assertEqual(answer["cookies"], ["a=1", "b=2"])
                finally:
                    process.terminate()
                    process.wait()

    def test_wsgi_of_a_package_folder(self):
        self.write({"app/__init__.py": "", "app/main.py": WSGI, "greeting.py": "word = b'hello'"}, build={"python": PYTHON},
                   http={"entry": "app.main:app"}, resources={"memory": "256Mi"})
        self.aws("deploy")
        answer = self.ask("/x")
        self.assertEqual((answer.body, answer.headers["content-type"]), (b"\x89PNGhello/x", "image/png"))
        self.aws("destroy", "-y")

    def test_command_life(self):
        """A program of one's own on the OS-only runtime: releases, logs, a bad release, a rollback."""
        self.write({"server": SERVER}, http={"command": ["./server"], "health": "/ready"}, env={"VERSION": "one"},
                   rollout={"start-timeout": "3s"})
        (self.folder / "server").chmod(0o755)
        self.aws("deploy")
        self.assertEqual(self.configuration()["Runtime"], "provided.al2023")
        self.assertNotIn("AWS_LAMBDA_EXEC_WRAPPER", self.configuration()["Environment"]["Variables"])
        self.assertEqual(self.ask("/a?b=1").body, b"one /a?b=1")
        self.set(env={"VERSION": "two"})
        self.aws("deploy")
        self.assertEqual(self.ask().body, b"two /")
        self.assertIn("asked for /", self.aws("logs", "--tail", "20").out)
        self.set(env={"CRASH": "1"})
        crashed = self.aws("deploy", code=3)
        self.assertIn("no weights here", crashed.out + crashed.err)
        self.assertEqual(self.ask().body, b"two /")
        self.set(env={"CRASH": "", "SICK": "1"})
        sick = self.aws("deploy", code=3)
        self.assertIn("answers /ready with 503", sick.out + sick.err)
        self.aws("rollback")
        self.assertEqual(self.ask().body, b"one /")
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_packages_of_a_handler(self):
        """What requirements.txt names lies beside the handler, for its Python and processor."""
        self.write({"app.py": "import idna\ndef answer(event, context): return idna.__version__\n", "requirements.txt": "idna==3.7\n"},
                   build={"python": PYTHON, "requirements": "requirements.txt"}, http={"handler": "app.answer"})
        self.assertIn("1 package; zip", self.aws("deploy").err)
        self.assertEqual(self.aws("invoke").out.strip(), "3.7")
        self.assertIn("idna/core.py", zipfile.ZipFile(io.BytesIO(self.uploaded())).namelist())
        self.set(build={"requirements": "more.txt"})
        (self.folder / "more.txt").write_text("idna==3.7\nno-such-package-of-ours-at-all==1\n")
        self.assertIn("no-such-package-of-ours-at-all", self.aws("deploy", code=3).err)
        self.aws("destroy", "-y")

    def s3(self, operation):
        return [r for r in self.recorder.requests if "/s3/aws4_request" in r["headers"].get("Authorization", "") and operation(r)]

    def test_large_zip_goes_by_s3_once(self):
        self.write({"server": SERVER}, http={"command": ["./server"]}, env={"VERSION": "1"}, resources={"memory": "512Mi"})
        (self.folder / "server").chmod(0o755)
        with open(self.folder / "weights.bin", "wb") as file:
            for _ in range(54):
                file.write(os.urandom(1 << 20))
        self.assertIn("by way of s3://mdl-123456789012-eu-central-1", self.aws("deploy").err)
        self.assertEqual(self.ask().body, b"1 /")
        uploads = self.s3(lambda r: r["path"].endswith(".zip") and r["method"] == "PUT")
        self.assertEqual(len(uploads), 2)  # the first found no bucket
        self.assertEqual({r["headers"]["x-amz-expected-bucket-owner"] for r in uploads}, {"123456789012"})
        self.assertEqual(self.botocore("print(json.dumps(client('s3').get_public_access_block(Bucket='mdl-123456789012-eu-central-1')"
                                       "['PublicAccessBlockConfiguration']))"),
                         dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True))
        self.set(env={"VERSION": "2"})
        self.aws("deploy")
        self.assertEqual(self.ask().body, b"2 /")
        self.aws("rollback")
        self.assertEqual(self.ask().body, b"1 /")
        self.aws("destroy", "-y")
        self.aws("deploy")  # the object is still there
        self.assertEqual(self.ask().body, b"2 /")
        self.assertEqual(len(self.s3(lambda r: r["path"].endswith(".zip") and r["method"] == "PUT")), 2)
        self.aws("destroy", "-y")

    def test_sizes_that_lambda_does_not_take_are_refused_before_anything_is_sent(self):
        self.write({"server": SERVER}, http={"command": ["./server"]})
        with open(self.folder / "weights.bin", "wb") as file:
            file.truncate(270_000_000)
        before = len(self.recorder.requests)
        self.assertIn("artifact.bytes", self.aws("deploy", code=1).err)
        (self.folder / "weights.bin").unlink()
        (self.folder / "app.py").write_text(ASGI)
        # With what mdl itself adds to the environment it is over 4,096 bytes, without it is not.
        del self.manifest["http"]
        self.set(http={"entry": "app:app"}, env={"WORD": "x" * 4_060})
        self.assertIn("AWS_LAMBDA_EXEC_WRAPPER", self.aws("deploy", code=1).err)
        self.assertEqual([r for r in self.recorder.requests[before:] if r["method"] != "GET" and "X-Amz-Target" not in r["headers"]
                          and not r["body"].startswith(("Action=Get", "Action=List"))], [])

    def ready(self):
        """The provisioned concurrency of the alias; 0 without."""
        return self.botocore("""
try:
    found = client("lambda").get_provisioned_concurrency_config(FunctionName=sys.argv[1], Qualifier="live")
    print(found["RequestedProvisionedConcurrentExecutions"])
except Exception as error:
    print(0 if "NotFound" in str(error) else repr(str(error)))""", self.name + "-eu")

    def test_instances_kept_ready(self):
        self.write({"server": SERVER}, http={"command": ["./server"]}, env={"VERSION": "1"}, scale={"min": 2, "max": 5})
        (self.folder / "server").chmod(0o755)
        self.aws("deploy")
        self.assertEqual(self.ready(), 2)
        mark = len(self.recorder.requests)
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.assertLessEqual(len(self.recorder.requests) - mark, 4)
        self.assertIn('"min": 3', self.aws("scale", "--min", "3", "-o", "json").out)
        self.assertEqual(self.ready(), 3)
        self.set(env={"VERSION": "2"})
        self.aws("deploy")  # what was scaled by hand holds until the manifest's own figure changes
        self.assertEqual((self.ready(), self.ask().body), (3, b"2 /"))
        self.set(scale={"min": 1})
        self.aws("deploy")
        self.assertEqual(self.ready(), 1)
        self.aws("rollback")
        self.assertEqual((self.ready(), self.ask().body), (1, b"1 /"))
        self.set(scale={"min": 0}, env={"VERSION": "1"})
        self.aws("deploy")
        self.assertEqual(self.ready(), 0)
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_logs_are_followed_and_can_outlive_the_service(self):
        self.write({"server": SERVER}, http={"command": ["./server"]})
        (self.folder / "server").chmod(0o755)
        self.aws("deploy")
        follower = self.start("logs", "-f", "-t", "eu")
        seen = []
        reader = threading.Thread(target=lambda: [seen.append(line) for line in follower.stdout], daemon=True)
        reader.start()
        self.ask("/one-of-a-kind")
        until(lambda: any("one-of-a-kind" in line for line in seen), 20, "the line in `logs -f`")
        follower.kill()
        self.assertEqual(sum("one-of-a-kind" in line for line in seen), 1)
        self.assertNotIn("log-group", self.aws("destroy", "--dry-run", "--keep-logs").out)
        self.aws("destroy", "-y", "--keep-logs")
        self.assertEqual(self.left(), [f"/aws/lambda/{self.name}-eu"])
        self.assertIn("othing to do", self.aws("destroy", "-y", "--keep-logs").out)
        self.aws("deploy")
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])

    def test_settings_of_the_target(self):
        """Network, storage, tags, CORS and streams reach AWS, and leave it again."""
        self.write({"server": SERVER}, http={"command": ["./server"]}, build={"command": ["touch", "made.txt"]},
                   targets={"eu": {"provider": "aws", "vpc": {"subnets": ["subnet-1"], "security-groups": ["sg-1"]}, "ephemeral-storage": "1Gi",
                                   "tags": {"team": "risk"}, "stream": True, "log-retention": 7,
                                   "cors": {"origins": ["https://a.example"], "methods": ["GET"], "headers": ["x-a"], "max-age": "1h"}}})
        (self.folder / "server").chmod(0o755)
        self.aws("deploy")
        look = """
c, name = client("lambda"), sys.argv[1]
f, url = c.get_function(FunctionName=name, Qualifier="live"), c.get_function_url_config(FunctionName=name, Qualifier="live")
print(json.dumps([f["Configuration"]["VpcConfig"]["SubnetIds"], f["Configuration"]["EphemeralStorage"]["Size"],
                  c.get_function(FunctionName=name)["Tags"].get("team"), url["InvokeMode"], url.get("Cors", {})]))"""
        self.assertEqual(self.botocore(look, self.name + "-eu"),
                         [["subnet-1"], 1024, "risk", "RESPONSE_STREAM", {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"],
                                                                          "AllowHeaders": ["x-a"], "MaxAge": 3600}])
        self.assertIn("app/made.txt", zipfile.ZipFile(io.BytesIO(self.uploaded())).namelist())
        answer = self.ask("/x", headers={"Origin": "https://a.example"})
        self.assertEqual((answer.body, answer.headers["access-control-allow-origin"]), (b" /x", "https://a.example"))
        self.assertEqual(self.aws("invoke", "--path", "/y").out.strip(), "/y")
        self.assertIn("Nothing to do", self.aws("deploy").out)
        self.set(targets={"eu": {"provider": "aws"}})
        self.aws("deploy")
        self.assertEqual(self.botocore(look, self.name + "-eu")[:2], [[], 512])
        self.assertEqual(self.botocore(look, self.name + "-eu")[3:], ["BUFFERED", {}])
        self.aws("destroy", "-y")
        self.assertEqual(self.left(), [])
        self.set(targets={"eu": {"provider": "aws", "stream": True}}, http={"handler": "app.answer"})
        del self.manifest["http"]["command"]
        self.set()
        self.assertIn("targets.eu.stream", self.aws("deploy", code=1).err)

    def test_processor_of_the_client(self):
        """The client in the zip is the one for the function's processor."""
        self.write({"server": SERVER}, http={"command": ["./server"]},
                   targets={"eu": {"provider": "aws", "architecture": "arm64"}})
        self.aws("deploy", code=None)  # the emulator cannot run it on this machine
        client = zipfile.ZipFile(io.BytesIO(self.uploaded())).read("bootstrap")
        self.assertEqual((client[:4], int.from_bytes(client[18:20], "little")), (b"\x7fELF", 183))
        self.aws("destroy", "-y", code=None)

    def test_fields_that_do_not_go_are_refused_with_their_line(self):
        self.write({"server": SERVER}, http={"command": ["./server"]}, scale={"concurrency": 4, "idle": "1m"},
                   metrics={"from": "/metrics"})
        refused = self.aws("deploy", code=1)
        for words in ("scale.concurrency", "scale.idle", "metrics.from"):
            self.assertIn(words, refused.out + refused.err)
        self.assertEqual(self.left(), [])

    def test_zz_requests_keep_to_the_models(self):
        self.check_models()


if __name__ == "__main__":
    unittest.main()
