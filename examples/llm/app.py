"""A language model behind the routes of OpenAI's API: /v1/completions, /v1/chat/completions, /v1/models. ASGI: app:app.

A client that goes away stops the work for it; see engine.py for the work itself.
"""

import asyncio
import json
import secrets
import threading
import time

import engine
from engine import NAME, Refused

ROUTES = {"/v1/completions": "POST", "/v1/chat/completions": "POST", "/v1/models": "GET", "/metrics": "GET", "/healthz": "GET"}
ONLY = {"n": (None, 1), "best_of": (None, 1), "echo": (None, False), "logprobs": (None, False, 0), "tools": (None, [])}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    path, method = scope["path"], scope["method"]
    try:
        if path not in ROUTES:
            raise Refused(f"there is no {path}", 404, code="unknown_url")
        if method != ROUTES[path]:
            raise Refused(f"{path} takes {ROUTES[path]}, not {method}", 405)
        if path == "/healthz":
            await answer(send, 200, {"status": "ok", "model": NAME})
        elif path == "/metrics":
            await answer(send, 200, engine.prometheus.generate_latest(engine.numbers), b"text/plain; version=0.0.4")
        elif path == "/v1/models":
            about = {"id": NAME, "object": "model", "created": int(engine.WEIGHTS.stat().st_mtime), "owned_by": "google"}
            await answer(send, 200, {"object": "list", "data": [about]})
        else:
            await complete(receive, send, chat=path == "/v1/chat/completions")
    except Refused as error:
        kind = "server_error" if error.status >= 500 else "invalid_request_error"
        what = {"message": error.message, "type": kind, "param": error.param, "code": error.code}
        await answer(send, error.status, {"error": what})


async def lifespan(receive, send):
    await receive()
    await asyncio.to_thread(engine.load)  # nothing is answered before, so that healthy means loaded
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def complete(receive, send, chat):
    request = parse(await body(receive), chat)
    streamed = bool(request.get("stream"))
    kind = "chat.completion" if chat else "text_completion"
    head = {"id": f"{'chatcmpl' if chat else 'cmpl'}-{secrets.token_hex(12)}", "created": int(time.time()), "model": NAME,
            "object": kind + (".chunk" if chat and streamed else "")}
    gone = threading.Event()
    watch = asyncio.create_task(wait_for_disconnect(receive, gone))
    try:
        await (stream if streamed else at_once)(send, chat, request, engine.pieces(chat, request, gone), head)
    finally:
        watch.cancel()


async def stream(send, chat, request, pieces, head):
    started, usage = False, None

    async def event(value):
        text = value if isinstance(value, str) else json.dumps(value)
        await send({"type": "http.response.body", "body": f"data: {text}\n\n".encode(), "more_body": text != "[DONE]"})

    async for text, finish, usage in pieces:
        if not started:
            started = True
            await start(send, 200, b"text/event-stream")
            if chat:
                await event(head | {"choices": [choice(True, "", None, delta={"role": "assistant"})]})
        if text or finish:
            await event(head | {"choices": [choice(chat, text, finish, delta={"content": text} if text else {})]})
    if started:
        if (request.get("stream_options") or {}).get("include_usage"):
            await event(head | {"choices": [], "usage": usage})
        await event("[DONE]")


async def at_once(send, chat, request, pieces, head):
    parts = [piece async for piece in pieces]
    if parts:
        text, (_, finish, usage) = "".join(part[0] for part in parts), parts[-1]
        one = choice(chat, text, finish, message={"role": "assistant", "content": text})
        await answer(send, 200, head | {"choices": [one], "usage": usage})


def choice(chat, text, finish, **message):
    return {"index": 0, "logprobs": None, "finish_reason": finish} | (message if chat else {"text": text})


def parse(text, chat):
    """The request for llama.cpp, which checks most of it itself."""
    try:
        request = json.loads(text)
    except ValueError as error:
        raise Refused(f"the body is no JSON: {error}") from None
    if not isinstance(request, dict):
        raise Refused("the body must be a JSON object")
    if request.get("model", NAME) != NAME:
        raise Refused(f"the model {request['model']!r} does not exist: this is {NAME}", 404, "model", "model_not_found")
    field = "messages" if chat else "prompt"
    if not isinstance(request.get(field), list if chat else str):
        raise Refused(f"{field} must be {'a list' if chat else 'a text'}", param=field)
    for name, allowed in ONLY.items():
        if request.get(name) not in allowed:
            raise Refused(f"{name} is not offered here", param=name, code="unsupported_parameter")
    usual = engine.CONTEXT // 2 if chat else 16
    request["max_tokens"] = request.pop("max_completion_tokens", None) or request.get("max_tokens") or usual
    stop = request.get("stop") or []
    if not isinstance(stop, str | list):
        raise Refused("stop must be a text or a list of texts", param="stop")
    request["stop"] = ([stop] if isinstance(stop, str) else stop) + ([engine.OTHER_SPEAKER] if chat else [])
    return request


async def wait_for_disconnect(receive, gone):
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


async def body(receive):
    data, more = b"", True
    while more:
        event = await receive()
        data, more = data + event.get("body", b""), event.get("more_body", False)
    return data


async def answer(send, status, value, content_type=b"application/json"):
    await start(send, status, content_type)
    await send({"type": "http.response.body", "body": value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"})


async def start(send, status, content_type):
    await send({"type": "http.response.start", "status": status,
                "headers": [(b"content-type", content_type), (b"cache-control", b"no-cache")]})
