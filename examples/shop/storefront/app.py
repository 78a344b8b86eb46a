"""A shop window: a page of films like the one that was chosen. Asks the recommender, whose address mdl gives. WSGI: app:app."""

import html
import json
import logging
import os
import urllib.error
import urllib.parse
import urllib.request

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

RECOMMEND = os.environ["MDL_URL_RECOMMEND"]

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper(), format="%(message)s")
log = logging.getLogger("storefront")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024


class Unavailable(Exception):
    """The recommender did not answer."""


# Says only whether this service works: when the recommender is away, the shop window stays open.
@app.get("/healthz")
def healthz():
    return answer({"status": "ok"})


@app.get("/")
def page():
    title = request.args.get("film", "Toy Story")
    status, reply = similar(title)
    films = [film["title"] for film in reply.get("recommendations", [])]
    if not films:
        _, found = ask("/films?" + urllib.parse.urlencode({"q": title}))
        return render("Which one?" if found["films"] else "No such film.", found["films"]), status
    return render(f"Because you liked {title}", films)


@app.post("/")
def recommend():
    try:
        body = json.loads(request.get_data())
        title = body["film"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return answer({"error": 'the body must be an object such as {"film": "Toy Story"}'}, 400)
    status, reply = similar(title)
    return answer({"because": title, **reply}, status)


@app.errorhandler(Unavailable)
def unavailable(error):
    log.warning("recommender: %s", error)
    return answer({"error": f"the recommender does not answer: {error}"}, 502)


@app.errorhandler(HTTPException)
def http_error(error):
    return answer({"error": error.description}, error.code)


def similar(title):
    log.info("films like %s", json.dumps(title))
    return ask("/", {"liked": [title], "count": 8})


def ask(path, body=None):
    """Status and decoded answer of the recommender."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(RECOMMEND + path, data), timeout=5) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise Unavailable(f"status {error.code}") from error
        return error.code, json.load(error)
    except OSError as error:
        raise Unavailable(str(error)) from error


def render(heading, titles):
    items = "".join(f'<li><a href="?{urllib.parse.urlencode({"film": title})}">{html.escape(title)}</a></li>'
                    for title in titles)
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Films</title>'
            f'<h1>{html.escape(heading)}</h1><ol>{items}</ol>'
            f'<form><label>A film you liked: <input name="film"></label> <button>Show</button></form></html>\n')


def answer(value, status=200):
    return Response(json.dumps(value, ensure_ascii=False) + "\n", status, content_type="application/json")
