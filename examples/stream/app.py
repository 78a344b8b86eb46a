"""Continues a text word by word, one server-sent event a word. ASGI: app:app, nothing but the standard library.

The model is a second-order Markov chain over corpus.txt: small, but it streams as a large one does.
"""

import asyncio
import json
import pathlib
import random
from collections import defaultdict

WORDS = pathlib.Path(__file__).with_name("corpus.txt").read_text().split()
LIMIT = 500  # words in an answer


def learn(words):
    """For each pair of words and each word, those that followed it."""
    followers = defaultdict(list)
    for first, second, third in zip(words, words[1:], words[2:]):
        followers[first, second].append(third)
        followers[second].append(third)
    return followers


MODEL = learn(WORDS)


def generate(prompt, count, seed):
    """`count` words that follow the prompt; the same for the same seed."""
    choose = random.Random(seed).choice
    last = ["", *(prompt.split() or ["The"])][-2:]
    for _ in range(count):
        word = choose(MODEL.get(tuple(last)) or MODEL.get(last[1]) or WORDS)
        yield word
        last = [last[1], word]


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(receive, send)
    elif scope["path"] == "/healthz":
        await answer(send, 200, {"status": "ok"})
    elif scope["method"] == "POST":
        await stream(receive, send)
    else:
        await answer(send, 405, {"error": "POST a JSON object such as {\"prompt\": \"A release\", \"words\": 20}"})


async def lifespan(receive, send):
    while True:
        kind = (await receive())["type"]
        await send({"type": kind + ".complete"})
        if kind == "lifespan.shutdown":
            return


async def stream(receive, send):
    try:
        prompt, count, seed, pause = options(json.loads(await body(receive) or b"{}"))
    except (ValueError, RecursionError) as error:
        await answer(send, 400, {"error": str(error)})
        return
    await start(send, 200, "text/event-stream")
    for number, word in enumerate(generate(prompt, count, seed)):
        event = f"id: {number}\ndata: {json.dumps({'word': word})}\n\n"
        await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
        await asyncio.sleep(pause)
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


async def websocket(receive, send):
    """The same over a WebSocket: each text message is a prompt, answered by ten words, one message a word."""
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.disconnect":
            return
        else:
            for word in generate(event.get("text") or "", 10, 0):
                await send({"type": "websocket.send", "text": word})


def options(request):
    """Prompt, number of words, seed and the pause between words in seconds; ValueError when they are not sensible."""
    if not isinstance(request, dict):
        raise ValueError("the body must be a JSON object")
    prompt, count = request.get("prompt", ""), request.get("words", 20)
    seed, pause = request.get("seed", 0), request.get("pause", 0.05)
    if not isinstance(prompt, str):
        raise ValueError("prompt must be text")
    if type(count) is not int or not 1 <= count <= LIMIT:
        raise ValueError(f"words must be a whole number from 1 to {LIMIT}")
    if type(seed) is not int:
        raise ValueError("seed must be a whole number")
    if type(pause) not in (int, float) or not 0 <= pause <= 1:
        raise ValueError("pause must be a number of seconds from 0 to 1")
    return prompt, count, seed, pause


async def body(receive):
    data, more = b"", True
    while more:
        event = await receive()
        data, more = data + event.get("body", b""), event.get("more_body", False)
    return data


async def answer(send, status, value):
    await start(send, status, "application/json")
    await send({"type": "http.response.body", "body": json.dumps(value).encode() + b"\n"})


async def start(send, status, content_type):
    headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
