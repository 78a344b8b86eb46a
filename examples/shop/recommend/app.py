"""Recommends films to people who liked certain others. WSGI: app:app."""

import json
import logging
import os
import pathlib

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from recommender import Recommender

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper(), format="%(message)s")
log = logging.getLogger("recommend")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

# Loaded before the first request: a replica that cannot load its model never becomes healthy.
recommender = Recommender(pathlib.Path(__file__).parent / "weights")
log.info("recommender loaded: %d films, hit rate at 10 %.3f", len(recommender.titles),
         recommender.card["hit_rate_at_10"])


@app.get("/healthz")
def healthz():
    return answer({"status": "ok"})


@app.get("/model")
def describe():
    return answer(recommender.card)


@app.get("/films")
def films():
    return answer({"films": recommender.search(request.args.get("q", ""), 20)})


@app.post("/")
def recommend():
    try:
        liked, count = wanted(json.loads(request.get_data()))
    except (ValueError, RecursionError) as error:
        return answer({"error": str(error)}, 400)
    unknown = [title for title in liked if title.lower() not in recommender.films]
    if unknown:
        return answer({"error": "unknown films", "unknown": unknown}, 404)
    log.info("recommending %d films from %d", count, len(liked))
    return answer(recommender.recommend(liked, count))


@app.errorhandler(HTTPException)
def http_error(error):
    return answer({"error": error.description}, error.code)


def wanted(body):
    """Titles and number of recommendations; ValueError when the request is not one."""
    if not isinstance(body, dict):
        raise ValueError('the body must be an object such as {"liked": ["Toy Story"], "count": 10}')
    liked, count = body.get("liked"), body.get("count", 10)
    if not isinstance(liked, list) or not liked or not all(isinstance(title, str) for title in liked):
        raise ValueError("liked must be a list of film titles")
    if type(count) is not int or not 1 <= count <= 100:
        raise ValueError("count must be a whole number from 1 to 100")
    return liked, count


def answer(value, status=200):
    return Response(json.dumps(value, ensure_ascii=False) + "\n", status, content_type="application/json")
