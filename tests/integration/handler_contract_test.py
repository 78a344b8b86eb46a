"""One set of requests (tests/contract/handler) on every target, and docs/differences.md, which is made of what differs.

MDL_UPDATE_DIFFERENCES=1 writes the document anew."""

import contextlib
import http.client
import importlib.util
import os
import pathlib
import sys
import unittest
from urllib.parse import urlsplit

from aws_harness import AwsTest
from harness import PROJECT

CONTRACT = PROJECT / "tests/contract/handler"
DOCUMENT = PROJECT / "docs/differences.md"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
INTERFACES = {"asgi": {"entry": "service:asgi", "interface": "asgi"}, "wsgi": {"entry": "service:wsgi", "interface": "wsgi"},
              "handler": {"handler": "service.handler"}}
TARGETS = {"local": "this machine", "aws": "AWS Lambda, as the emulator ministack has it"}

HEAD = """# Differences

One set of requests, `tests/contract/handler/requests.py`, is sent to the same service in its three shapes (ASGI, WSGI, function handler) on
every target. What a target answers otherwise than the contract says stands here; this page is made by that run
(`tests/integration/handler_contract_test.py`), which fails when it is not true.
"""

# What a run cannot find out, beside what it found.
NOTES = {"aws": """
The emulator sorts a query and sends `c` as `c=`: AWS hands over the query as it came. AWS refuses requests and answers of more than 6,291,556
bytes; the emulator refuses none, the runtime client such answers. A repeated header comes as one, joined by commas. None of it was run on AWS itself.
"""}


def contract():
    spec = importlib.util.spec_from_file_location("contract_requests", CONTRACT / "requests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exchange(address, case, host=None):
    """(status, header pairs, body); what ends without an answer is status 0."""
    connection = http.client.HTTPConnection(*address, timeout=60)
    with contextlib.closing(connection):
        try:
            connection.putrequest(case.method, case.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host or f"{address[0]}:{address[1]}")
            for name, text in case.headers:
                connection.putheader(name, text)
            if case.body or case.method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(case.body)))
            connection.endheaders()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # an answer may come before the body's end
                connection.send(case.body)
            reply = connection.getresponse()
            return reply.status, [(name.lower(), text) for name, text in reply.getheaders()], reply.read()
        except (OSError, http.client.HTTPException) as error:
            return 0, [], repr(error).encode()


def table(target, differences):
    """`differences`: (case, what differs, interfaces) in the contract's order."""
    lines = [f"\n## {target}: {TARGETS[target]}\n"]
    if not differences:
        return "\n".join([*lines, "Answers as the contract says.\n"]) + NOTES.get(target, "")
    lines += ["| request | shapes | answered |", "| --- | --- | --- |"]
    lines += [f"| {says} | {', '.join(shapes)} | {words} |" for says, words, shapes in differences]
    return "\n".join(lines) + "\n" + NOTES.get(target, "")


class HandlerContract(AwsTest):
    def deployed(self, interface, target):
        """Where the service answers, and by which host name."""
        self.write({"service.py": (CONTRACT / "service.py").read_text()}, targets={"local": {}, "aws": {"provider": "aws"}}, build={"python": PYTHON},
                   http=INTERFACES[interface] | {"timeout": "2s"}, resources={"memory": "512Mi"})
        self.set(name=f"contract-{interface}")
        url = urlsplit(self.mdl("deploy", "-t", target, "-o", "json").json()["serving"]["url"])
        if target == "local":
            return (url.hostname, url.port), None
        emulator = urlsplit(self.emulator.url)
        return (emulator.hostname, emulator.port), url.netloc

    def differences(self, target):
        suite, found = contract(), {}
        for interface in INTERFACES:
            address, host = self.deployed(interface, target)
            for case in suite.CASES:
                if interface not in case.interfaces:
                    continue
                words = suite.difference(case.expect, suite.observed(case, *exchange(address, case, host)))
                if words:
                    found.setdefault((case.says, words), []).append(interface)
            self.mdl("destroy", "-y", "-t", target)
        order = [case.says for case in suite.CASES]
        return [(says, words, shapes) for (says, words), shapes in sorted(found.items(), key=lambda item: order.index(item[0][0]))]

    def test_what_differs_is_what_the_document_says(self):
        text = HEAD + "".join(table(target, self.differences(target)) for target in TARGETS)
        if os.environ.get("MDL_UPDATE_DIFFERENCES") == "1":
            pathlib.Path(DOCUMENT).write_text(text)
        self.assertEqual(DOCUMENT.read_text(), text)


if __name__ == "__main__":
    unittest.main()
