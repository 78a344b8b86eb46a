"""One service in the three shapes of `http`: `wsgi`, `asgi` and `handler` answer each request of requests.py alike."""

import asyncio
import base64
import hashlib
import json
import time

EVERY_BYTE = bytes(range(256))


class Failure(Exception):
    pass


def answer(method, path, query, headers, body):
    """(status, headers, body); headers in and out are pairs with names in lower case."""
    if path.startswith("/echo"):
        seen = {"method": method, "path": path, "query": query, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(),
                "headers": sorted([name, text] for name, text in headers if name.startswith("x-case") or name in ("content-type", "cookie"))}
        return 200, [("content-type", "application/json")], json.dumps(seen, sort_keys=True).encode()
    if path == "/bytes":
        return 200, [("content-type", "application/octet-stream")], EVERY_BYTE
    if path == "/text":
        return 200, [("content-type", "text/plain; charset=utf-8")], "Grüße, 世界".encode()
    if path == "/large":
        return 200, [("content-type", "application/octet-stream")], bytes(int(query.partition("=")[2]))
    if path == "/cookies":
        return 200, [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/")], b"two"
    if path == "/many":
        return 200, [("content-type", "text/plain"), ("x-case-many", "a"), ("x-case-many", "b")], b"many"
    if path.startswith("/status/"):
        status = int(path.rpartition("/")[2])
        return status, [("content-type", "text/plain")], b"" if status == 204 else b"said by the service"
    if path == "/moved":
        return 302, [("location", "/echo"), ("content-type", "text/plain")], b""
    if path == "/raise":
        raise Failure("no luck")
    return 200, [("content-type", "text/plain")], b"well"


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(4)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers = [(name[5:].lower().replace("_", "-"), text) for name, text in environ.items() if name.startswith("HTTP_")]
    if environ.get("CONTENT_TYPE"):
        headers.append(("content-type", environ["CONTENT_TYPE"]))
    path = environ["PATH_INFO"].encode("latin-1").decode()
    status, head, body = answer(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, environ["wsgi.input"].read(length))
    start_response(f"{status} Status", head)
    if path == "/stream":
        return iter([b"one,", b"two,", b"three"])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["path"] == "/slow":
        await asyncio.sleep(4)
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = [(name.decode("latin-1").lower(), text.decode("latin-1")) for name, text in scope["headers"]]
    status, head, body = answer(scope["method"], scope["path"], scope["query_string"].decode(), headers, body)
    await send({"type": "http.response.start", "status": status, "headers": [(name.encode(), text.encode("latin-1")) for name, text in head]})
    parts = [b"one,", b"two,", b"three"] if scope["path"] == "/stream" else [body]
    for part in parts:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def handler(event, context):
    path = event["rawPath"]
    if path == "/slow":
        time.sleep(4)
    body = event.get("body") or ""
    body = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    headers = [(name.lower(), text) for name, text in event["headers"].items()]
    if event.get("cookies"):
        headers = [pair for pair in headers if pair[0] != "cookie"] + [("cookie", "; ".join(event["cookies"]))]
    status, head, body = answer(event["requestContext"]["http"]["method"], path, event.get("rawQueryString", ""), headers, body)
    if path == "/stream":
        body = b"one,two,three"
    out = {"statusCode": status, "headers": {}, "isBase64Encoded": True, "body": base64.b64encode(body).decode()}
    for name, text in head:
        if name == "set-cookie":
            out.setdefault("cookies", []).append(text)
        else:
            out["headers"][name] = out["headers"][name] + ", " + text if name in out["headers"] else text
    return out
