"""The Python front that serves an entry or a handler, alone: with the servers that it gets, without the executable."""

import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest

from harness import CACHE, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRONT = ROOT / "core" / "oci" / "front"
SERVERS = ["waitress==3.0.2", "uvicorn==0.34.3", "wsproto==1.2.0"]

# The slow path says that it was reached, and ends when it is told to.
SLOW = """
    import os, time
    def slow():
        open("arrived", "w").close()
        while not os.path.exists("go"):
            time.sleep(0.01)
"""

WSGI = SLOW + """
    import os, sys, time
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/slow":
            slow()
        if path == "/stream":
            start_response("200 OK", [("content-type", "text/plain")])
            def parts():
                for i in range(3):
                    yield b"part %d;" % i
                    time.sleep(0.2)
            return parts()
        body = f"{path} {os.getcwd()} {sys.path[0]}".encode()
        start_response("200 OK", [("content-length", str(len(body)))])
        return [body]
"""

ASGI = SLOW + """
    import asyncio
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    print("lifespan ended", flush=True)
                    return
        if scope["path"] == "/slow":
            await asyncio.to_thread(slow)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
"""

HANDLER = SLOW + """
    import json, time
    calls = at_once = most = 0
    def handler(event, context):
        global calls
        calls += 1
        path = event["rawPath"]
        if path == "/event":
            return {"event": event, "name": context.function_name, "version": context.function_version,
                    "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb}
        if path == "/raise":
            raise ValueError("no luck")
        if path == "/exit":
            raise SystemExit(3)
        if path == "/slow":
            global at_once, most
            at_once += 1
            most = max(most, at_once)
            slow()
            at_once -= 1
        if path == "/calls":
            return calls
        if path == "/most":
            return most
        return json.loads(event["body"])
"""


def environment():
    """The interpreter of a virtual environment that holds the servers, made once."""
    folder = CACHE / "front-servers"
    python = folder / "bin" / "python"
    wanted = "\n".join(SERVERS + [sys.version])
    if not (folder / "complete").exists() or (folder / "complete").read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *SERVERS], check=True)
        (folder / "complete").write_text(wanted)
    return str(python)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Front:
    """A front that serves `code` (app/module.py) until the with block ends."""

    def __init__(self, code, *arguments, **variables):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        (root / "app").mkdir()
        (root / "app" / "module.py").write_text(textwrap.dedent(code))
        (root / "front").mkdir()
        for file in FRONT.glob("*.py"):
            (root / "front" / file.name).write_bytes(file.read_bytes())
        self.root = root
        self.port = free_port()
        self.process = subprocess.Popen(
            [environment(), root / "front" / "mdl_front.py", *arguments],
            env={"PATH": os.environ["PATH"], "PORT": str(self.port), "MDL_SERVICE": "svc", "MDL_RELEASE": "7", **variables},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        until(lambda: self.process.poll() is not None or not refused(self.port), what="the start")
        if self.process.poll() is None:
            return self
        raise AssertionError("the front did not start: " + self.process.communicate()[1])

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def ask(self, path, method="GET", body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response, content

    def arrived(self):
        """Waits until the slow path was reached."""
        until((self.root / "app" / "arrived").exists, what="the slow request")

    def go(self):
        (self.root / "app" / "go").touch()

    def stop(self):
        """Sends SIGTERM; returns exit code, stdout and stderr."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


def failed_start(code, *arguments):
    front = Front(code, *arguments)
    try:
        _, err = front.process.communicate(timeout=30)
        return front.process.returncode, err
    finally:
        front.folder.cleanup()


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except ConnectionRefusedError:
        return True


def drains(case, front):
    """A request under way when SIGTERM comes gets its answer, and no new one is taken."""
    answers = []
    request = threading.Thread(target=lambda: answers.append(front.ask("/slow")))
    request.start()
    front.arrived()
    front.process.send_signal(signal.SIGTERM)
    until(lambda: refused(front.port), what="the end of the listener")
    time.sleep(1.5)  # a front that does not wait for the request has left by then
    front.go()
    request.join(20)
    out, err = front.process.communicate(timeout=20)
    case.assertEqual([a[0].status for a in answers], [200])
    case.assertEqual(front.process.returncode, 0, err)
    return out


class Entry(unittest.TestCase):
    def test_a_wsgi_application_runs_in_its_own_folder(self):
        with Front(WSGI, "entry", "module:app") as front:
            _, body = front.ask("/a%20b")
            self.assertEqual(body.decode(), f"/a b {front.root}/app {front.root}/app")
            self.assertEqual(front.stop()[0], 0)

    def test_parts_of_a_stream_come_as_they_are_made(self):
        with Front(WSGI, "entry", "module:app") as front:
            connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
            connection.request("GET", "/stream")
            response = connection.getresponse()
            self.assertEqual(response.read(7), b"part 0;")
            self.assertEqual(response.read(), b"part 1;part 2;")
            connection.close()

    def test_a_wsgi_application_drains(self):
        with Front(WSGI, "entry", "module:app") as front:
            drains(self, front)

    def test_an_asgi_application_is_recognised_and_drains_with_its_lifespan(self):
        with Front(ASGI, "entry", "module:app") as front:
            self.assertEqual(front.ask("/")[1], b"ab")
            self.assertIn("lifespan ended", drains(self, front))

    def test_the_interface_can_be_said(self):
        with Front("def app(scope):\n    return None\n", "entry", "module:app", "wsgi") as front:
            self.assertEqual(front.ask("/")[0].status, 500)

    def test_what_cannot_be_imported_exits_1_with_the_services_own_lines(self):
        status, err = failed_start("import pandas_of_nobody\n", "entry", "module:app")
        self.assertEqual(status, 1)
        self.assertIn("ModuleNotFoundError: No module named 'pandas_of_nobody'", err)
        self.assertNotIn("mdl_front.py", err)
        self.assertNotIn("importlib", err)

    def test_a_name_that_is_not_there_is_told(self):
        status, err = failed_start("app = 1\n", "entry", "module:other")
        self.assertEqual((status, err), (1, "module.py has no 'other', which 'module:other' names\n"))
        self.assertIn("cannot be called", failed_start("app = 1\n", "entry", "module:app")[1])


class Handler(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.front = Front(HANDLER, "handler", "module.handler", MDL_TIMEOUT_MS="5000", MDL_MEMORY_BYTES=str(512 << 20),
                          MDL_HEALTH="/live")
        cls.front.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.front.__exit__()

    def returned(self, value):
        return self.returned_by("/", value)

    def returned_by(self, path, value=1):
        return self.front.ask(path, "POST", json.dumps(value), {"Content-Type": "application/json"})

    def test_a_request_becomes_an_event_of_payload_2(self):
        response, body = self.front.ask("/event?a=1&a=2&b=", headers={
            "X-Thing": "Caps", "Cookie": "k=v; l=w", "User-Agent": "test", "Host": "h.example"})
        answer = json.loads(body)
        event = answer["event"]
        self.assertEqual(event["version"], "2.0")
        self.assertEqual(event["routeKey"], "$default")
        self.assertEqual(event["rawPath"], "/event")
        self.assertEqual(event["rawQueryString"], "a=1&a=2&b=")
        self.assertEqual(event["queryStringParameters"], {"a": "1,2", "b": ""})
        self.assertEqual(event["cookies"], ["k=v", "l=w"])
        self.assertEqual(event["headers"]["x-thing"], "Caps")
        self.assertEqual(event["isBase64Encoded"], False)
        self.assertNotIn("body", event)
        context = event["requestContext"]
        self.assertEqual(context["http"]["method"], "GET")
        self.assertEqual(context["http"]["userAgent"], "test")
        self.assertEqual(context["domainName"], "h.example")
        self.assertEqual(context["stage"], "$default")
        self.assertEqual(context["requestId"], response.getheader("x-amzn-requestid"))
        self.assertEqual((answer["name"], answer["version"], answer["memory"]), ("svc", "7", "512"))
        self.assertTrue(4000 < answer["left"] <= 5000)

    def test_the_path_and_query_are_given_as_they_came(self):
        event = json.loads(self.front.ask("/event?x=%20+%2B&&y")[1])["event"]
        self.assertEqual(event["rawQueryString"], "x=%20+%2B&&y")

    def test_text_bodies_are_text_and_others_base64(self):
        def sent(body, kind):
            event = json.loads(self.front.ask("/event", "POST", body, {"Content-Type": kind})[1])["event"]
            return event["body"], event["isBase64Encoded"]

        self.assertEqual(sent('{"x":"é"}'.encode(), "application/json; charset=utf-8"), ('{"x":"é"}', False))
        self.assertEqual(sent(b"\x00\xff", "application/octet-stream"), (base64.b64encode(b"\x00\xff").decode(), True))
        self.assertEqual(sent(b"\xff\xfe", "text/plain"), (base64.b64encode(b"\xff\xfe").decode(), True))

    def test_an_answer_with_status_headers_cookies_and_body(self):
        response, body = self.returned({"statusCode": 201, "headers": {"X-A": "1", "X-B": True}, "cookies": ["a=1", "b=2"],
                                        "body": "done"})
        self.assertEqual((response.status, body), (201, b"done"))
        self.assertEqual((response.getheader("x-a"), response.getheader("x-b")), ("1", "true"))
        self.assertEqual(response.headers.get_all("set-cookie"), ["a=1", "b=2"])
        self.assertEqual(response.getheader("content-type"), "application/json")

    def test_a_base64_body_is_decoded(self):
        response, body = self.returned({"statusCode": "200", "body": "AP8=", "isBase64Encoded": True,
                                        "headers": {"Content-Type": "image/x"}})
        self.assertEqual((response.status, body, response.getheader("content-type")), (200, b"\x00\xff", "image/x"))

    def test_any_other_value_is_200_with_json_as_a_function_url_gives_it(self):
        for value, expected in (({"hello": "world"}, b'{"hello":"world"}'), (["hello", 3, True], b'["hello",3,true]'),
                                ("hello", b"hello"), (3, b"3"), (3.1, b"3.1"), (True, b"true"), (None, b"null")):
            response, body = self.returned(value)
            self.assertEqual((response.status, body), (200, expected))
            self.assertEqual(response.getheader("content-type"), "application/json")

    def test_no_body_with_204(self):
        response, body = self.returned({"statusCode": 204, "body": "x"})
        self.assertEqual((response.status, body), (204, b""))

    def test_what_is_no_answer_is_502_and_the_process_lives(self):
        for value in ({"statusCode": "many"}, {"statusCode": 99}, {"statusCode": 200, "body": {"a": 1}},
                      {"statusCode": 200, "body": "!", "isBase64Encoded": True},
                      {"statusCode": 200, "headers": {"X": "a\r\nY: b"}}):
            response, body = self.returned(value)
            self.assertEqual((response.status, body), (502, b'{"message":"Internal Server Error"}'), value)
        self.assertEqual(self.front.ask("/raise")[0].status, 502)
        self.assertEqual(self.front.ask("/exit")[0].status, 502)
        self.assertEqual(self.returned(1)[0].status, 200)

    def test_the_health_check_never_reaches_the_handler_and_is_answered_beside_it(self):
        before = int(self.front.ask("/calls")[1])
        slow = [threading.Thread(target=lambda: self.returned_by("/slow")) for _ in range(2)]
        for thread in slow:
            thread.start()
        self.front.arrived()
        self.assertEqual(self.front.ask("/live")[0].status, 200)
        self.assertTrue(all(thread.is_alive() for thread in slow), "the health check waited for the handler")
        time.sleep(0.5)  # a front that runs two at once has begun the second by then
        self.front.go()
        for thread in slow:
            thread.join()
        self.assertEqual(int(self.front.ask("/calls")[1]), before + 3)
        self.assertEqual(self.front.ask("/most")[1], b"1", "the handler ran twice at once")


class HandlerErrors(unittest.TestCase):
    def test_a_traceback_goes_to_stderr_without_the_front(self):
        with Front(HANDLER, "handler", "module.handler") as front:
            front.ask("/raise")
            status, _, err = front.stop()
        self.assertEqual(status, 0)
        self.assertIn("ValueError: no luck", err)
        self.assertNotIn("mdl_handler.py", err)


if __name__ == "__main__":
    unittest.main()
