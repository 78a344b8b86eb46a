"""A WSGI application around a function handler `(event, context)`: requests become events of the Lambda HTTP payload
2.0, and what the handler returns becomes the response, as a Lambda function URL does it."""

import base64
import binascii
import json
import os
import sys
import threading
import time
import traceback
import uuid
from http.client import responses

TEXT_TYPES = ("application/json", "application/javascript", "application/xml", "application/yaml")


class Context:
    """The second argument of the handler."""

    client_context = None
    identity = None

    def __init__(self, request_id):
        service = os.environ.get("MDL_SERVICE", "service")
        release = os.environ.get("MDL_RELEASE", "0")
        target = os.environ.get("MDL_TARGET", "local")
        self.function_name = service
        self.function_version = release
        self.invoked_function_arn = f"arn:aws:lambda:{target}:000000000000:function:{service}:{release}"
        self.memory_limit_in_mb = str(int(os.environ.get("MDL_MEMORY_BYTES") or 1 << 30) >> 20)
        self.aws_request_id = request_id
        self.log_group_name = f"/mdl/{target}/{service}"
        self.log_stream_name = f"{release}/{os.environ.get('MDL_REPLICA', '1')}"
        self._deadline = time.monotonic() + int(os.environ.get("MDL_TIMEOUT_MS") or 30_000) / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


def raw_path(environ):
    target = environ.get("REQUEST_URI") or environ.get("PATH_INFO") or "/"
    if "://" in target.split("?", 1)[0]:  # absolute form
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    return target.split("?", 1)[0] or "/"


def headers_of(environ):
    headers = {}
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            headers[name[5:].replace("_", "-").lower()] = value
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    if environ.get("CONTENT_LENGTH"):
        headers["content-length"] = environ["CONTENT_LENGTH"]
    # WSGI gives bytes as Latin-1; clients send UTF-8.
    return {name: utf8(value) for name, value in headers.items()}


def utf8(text):
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def query_map(query):
    from urllib.parse import parse_qsl

    values = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def is_text(content_type, encoding):
    kind = content_type.split(";", 1)[0].strip().lower()
    if encoding and encoding.lower() != "identity":
        return False
    return not kind or kind.startswith("text/") or kind in TEXT_TYPES or kind.endswith(("+json", "+xml", "+yaml"))


def body_members(environ, headers):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    stream = environ["wsgi.input"]
    body = stream.read(length) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    if not body:
        return {"isBase64Encoded": False}
    if is_text(headers.get("content-type", ""), headers.get("content-encoding", "")):
        try:
            return {"body": body.decode("utf-8"), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode("ascii"), "isBase64Encoded": True}


def event_of(environ, request_id, now):
    headers = headers_of(environ)
    path = raw_path(environ)
    query = environ.get("QUERY_STRING", "")
    host = headers.get("host", "127.0.0.1")
    source = headers.get("x-forwarded-for", "").split(",")[-1].strip() or environ.get("REMOTE_ADDR", "127.0.0.1")
    event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query}
    if headers.get("cookie"):
        event["cookies"] = [part.strip() for part in headers["cookie"].split(";") if part.strip()]
    event["headers"] = headers
    if query:
        event["queryStringParameters"] = query_map(query)
    event["requestContext"] = {
        "accountId": "anonymous",
        "apiId": os.environ.get("MDL_SERVICE", "service"),
        "domainName": host,
        "domainPrefix": host.split(".", 1)[0],
        "http": {
            "method": environ["REQUEST_METHOD"],
            "path": path,
            "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": source,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }
    event.update(body_members(environ, headers))
    return event


class BadAnswer(Exception):
    """The handler returned what cannot become a response."""


def compact(value):
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"what the handler returned cannot be written as JSON: {error}") from None


def response_of(answer):
    """(status, [(name, value)…], body) of what a handler returned."""
    if not isinstance(answer, dict) or "statusCode" not in answer:
        text = answer if isinstance(answer, str) else compact(answer)
        return 200, [("content-type", "application/json")], text.encode("utf-8")
    compact(answer)  # an answer with members that are no JSON fails on Lambda too
    try:
        status = int(answer["statusCode"])
    except (TypeError, ValueError):
        raise BadAnswer(f"statusCode {answer['statusCode']!r} is no number") from None
    if not 200 <= status <= 599:
        raise BadAnswer(f"statusCode {status} is not one of 200 to 599")
    headers = []
    for name, value in (answer.get("headers") or {}).items():
        value = str(value).lower() if isinstance(value, bool) else str(value)
        if any(c in f"{name}{value}" for c in "\r\n\0"):
            raise BadAnswer(f"header {name!r} holds a line end")
        if name.lower() not in ("transfer-encoding", "connection", "content-length", "keep-alive", "upgrade"):
            headers.append((name, value.encode("utf-8").decode("latin-1")))
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    headers += [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or []]
    body = answer.get("body")
    if body is None:
        body = ""
    if not isinstance(body, str):
        raise BadAnswer("body must be text: wrap it in json.dumps(…)")
    if answer.get("isBase64Encoded"):
        try:
            return status, headers, base64.b64decode(body, validate=True)
        except binascii.Error:
            raise BadAnswer("body is not Base64, though isBase64Encoded says so") from None
    return status, headers, body.encode("utf-8")


def application(handler):
    """One call of the handler at a time, as in an environment of Lambda. The health check is answered beside it."""
    health = os.environ.get("MDL_HEALTH", "/healthz")
    one_at_a_time = threading.Lock()

    def respond(environ):
        request_id = str(uuid.uuid4())
        try:
            with one_at_a_time:
                event = event_of(environ, request_id, time.time())
                status, headers, body = response_of(handler(event, Context(request_id)))
        except BadAnswer as error:
            print(f"{request_id}: {error}", file=sys.stderr, flush=True)
        except (Exception, SystemExit) as error:
            trace = error.__traceback__.tb_next if error.__traceback__ else None
            traceback.print_exception(type(error), error, trace)
            sys.stderr.flush()
        else:
            return status, headers + [("x-amzn-requestid", request_id)], body
        body = b'{"message":"Internal Server Error"}'
        return 502, [("content-type", "application/json"), ("x-amzn-requestid", request_id)], body

    def app(environ, start_response):
        if raw_path(environ) == health and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            status, headers, body = 200, [("content-type", "text/plain")], b"ok\n"
        else:
            status, headers, body = respond(environ)
        if status in (204, 304):
            body = b""
        else:
            headers = headers + [("content-length", str(len(body)))]
        start_response(f"{status} {responses.get(status, 'Unknown')}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return app
