"""The handler contract: requests, and what is answered to each on every target. A target's differences are in docs/differences.md."""

import hashlib
import json


class Case:
    def __init__(self, says, path, method="GET", headers=(), body=b"", only=(), **expect):
        self.says, self.path, self.method, self.headers, self.body = says, path, method, list(headers), body
        self.interfaces = only or ("asgi", "wsgi", "handler")
        self.expect = {"status": 200} | expect


def echo(says, path, method="GET", headers=(), body=b"", seen_path=None, query="", seen_headers=None, **more):
    headers = list(headers)
    seen = {"method": method, "path": seen_path or path.partition("?")[0], "query": query, "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "headers": sorted([name.lower(), text] for name, text in (headers if seen_headers is None else seen_headers))}
    return Case(says, path, method, headers, body, json=seen, **more)


def digest(data):
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}"


TEXT = [("Content-Type", "text/plain")]
JSON = [("Content-Type", "application/json")]
BINARY = [("Content-Type", "application/octet-stream")]
EVERY_BYTE = bytes(range(256))

CASES = [
    echo("GET", "/echo"),
    *[echo(f"{method} with a body", "/echo", method, JSON, b'{"x": [1, 2]}') for method in ("POST", "PUT", "PATCH", "DELETE")],
    echo("OPTIONS reaches the service", "/echo", "OPTIONS"),
    Case("HEAD has no body", "/text", "HEAD", text=""),
    echo("a query with repeated and empty values, in its order", "/echo?b=2&a=&b=1&c", query="b=2&a=&b=1&c"),
    echo("an encoded query is not decoded", "/echo?q=a%20b%26c%3D%C3%BC", query="q=a%20b%26c%3D%C3%BC"),
    echo("a path of words outside ASCII", "/echo/gr%C3%BC%C3%9Fe", seen_path="/echo/grüße", only=("asgi", "wsgi")),
    echo("a blank in the path", "/echo/a%20b", seen_path="/echo/a b", only=("asgi", "wsgi")),
    echo("a request's own headers", "/echo", headers=[("X-Case-One", "1"), ("X-Case-Two", "two, and three")]),
    echo("a repeated header is one list", "/echo", headers=[("X-Case-Many", "a"), ("X-Case-Many", "b")],
         seen_headers=[("x-case-many", "a, b")], only=("wsgi",)),
    echo("cookies", "/echo", headers=[("Cookie", "a=1; b=2")]),
    echo("a header of 4,000 bytes", "/echo", headers=[("X-Case-Long", "x" * 4000)]),
    echo("every byte in a request", "/echo", "POST", BINARY, EVERY_BYTE),
    echo("text outside ASCII in a request", "/echo", "POST", TEXT, "Grüße, 世界".encode()),
    echo("an empty POST", "/echo", "POST"),
    echo("a request of 1 MB", "/echo", "POST", BINARY, b"\x07" * 1_000_000),
    echo("a request of 8 MB", "/echo", "POST", BINARY, b"\x07" * 8_000_000),
    Case("every byte in an answer", "/bytes", text=digest(EVERY_BYTE), type="application/octet-stream"),
    Case("text outside ASCII in an answer", "/text", text=digest("Grüße, 世界".encode()), type="text/plain; charset=utf-8"),
    Case("an answer of 1 MB", "/large?n=1000000", text=digest(bytes(1_000_000))),
    Case("an answer of 8 MB", "/large?n=8000000", text=digest(bytes(8_000_000))),
    Case("an answer in parts", "/stream", text=digest(b"one,two,three")),
    Case("two cookies in an answer", "/cookies", cookies=["a=1", "b=2; Path=/"]),
    Case("a repeated header in an answer", "/many", many="a, b"),
    *[Case(f"status {status}", f"/status/{status}", status=status, text=digest(b"said by the service")) for status in (201, 400, 404, 418, 500, 503)],
    Case("status 204 has no body", "/status/204", status=204, text=""),
    Case("a redirect is not followed", "/moved", status=302, location="/echo"),
    Case("an application that raises", "/raise", status=500, only=("asgi", "wsgi")),
    Case("a handler that raises", "/raise", status=502, only=("handler",)),
    Case("longer than http.timeout", "/slow", status=504),
]


def observed(case, status, headers, body):
    """What the contract says of an answer, as this one has it. `headers`: pairs with names in lower case."""
    values = lambda name: [text for key, text in headers if key == name]  # noqa: E731
    found = {"status": status}
    for key in case.expect:
        if key == "json":
            try:
                found[key] = json.loads(body)
            except ValueError:
                found[key] = body[:80].decode("latin-1")
        elif key == "text":
            found[key] = digest(body) if body else ""
        elif key == "type":
            found[key] = ", ".join(values("content-type"))
        elif key == "cookies":
            found[key] = values("set-cookie")
        elif key == "many":
            found[key] = ", ".join(", ".join(values("x-case-many")).replace(" ", "").split(","))
        elif key == "location":
            found[key] = ", ".join(values("location"))
    return found


def difference(expect, found):
    """In words, what is found in place of what is expected; "" when nothing differs."""
    words = []
    for key, wanted in expect.items():
        got = found[key]
        if got == wanted or (key == "status" and "status" in words):
            continue
        if isinstance(wanted, dict) and isinstance(got, dict):
            words += [f"{name} {short(got.get(name))} for {short(wanted[name])}" for name in sorted(wanted) if got.get(name) != wanted[name]]
        elif key == "status" or found["status"] == expect["status"]:
            words.append(f"{key} {short(got)} for {short(wanted)}")
    return "; ".join(words)


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if len(text) <= 70 else f"`{text[:67]}…`"
