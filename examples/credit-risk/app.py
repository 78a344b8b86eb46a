"""Scores loan applications. WSGI: app:app."""

import json
import logging
import os
import pathlib
import time

import joblib
import numpy as np
from flask import Flask, Response, request
from prometheus_client import (CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, disable_created_metrics,
                               generate_latest)
from werkzeug.exceptions import HTTPException

import features

WEIGHTS = pathlib.Path(__file__).parent / "weights"
APPROVE_BELOW = float(os.environ.get("APPROVE_BELOW", "0.3"))

logging.basicConfig(level=os.environ.get("LOG_LEVEL", "info").upper(), format="%(message)s")
log = logging.getLogger("credit-risk")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024

# Loaded before the first request: a replica that cannot load its model never becomes healthy.
model = joblib.load(WEIGHTS / "model.joblib")
card = json.loads((WEIGHTS / "card.json").read_text())
version = f"{card['trained']}, test AUC {card['test_auc']:.2f}"

disable_created_metrics()
registry = CollectorRegistry()
predictions = Counter("predictions", "Applications scored.", ["decision"], registry=registry)
rejected = Counter("rejected_requests", "Requests that could not be scored.", registry=registry)
latency = Histogram("prediction_seconds", "Time to score one application.", registry=registry,
                    buckets=[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25])

log.info("model of %s loaded, approving below %.2f", version, APPROVE_BELOW)


def answer(value, status=200):
    return Response(json.dumps(value) + "\n", status, content_type="application/json")


@app.get("/healthz")
def healthz():
    return answer({"status": "ok"})


@app.get("/model")
def describe():
    return answer(card | {"approve_below": APPROVE_BELOW})


@app.get("/metrics")
def metrics():
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@app.post("/predict")
@app.post("/")
def predict():
    try:
        application = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        return refuse([f"the body is not JSON: {error}"])
    problems = features.problems(application)
    if problems:
        return refuse(problems)
    started = time.perf_counter()
    probability = float(model.predict_proba(np.array([features.row(application)], dtype=object))[0, 1])
    latency.observe(time.perf_counter() - started)
    decision = "approve" if probability < APPROVE_BELOW else "decline"
    predictions.labels(decision).inc()
    number = json.dumps(application["application"]) if "application" in application else "without a number"
    log.info("scored application %s: %.2f", number, probability)
    return answer({"default_probability": round(probability, 4), "decision": decision, "model": version})


def refuse(problems):
    rejected.inc()
    return answer({"error": "the application cannot be scored", "problems": problems}, 400)


@app.errorhandler(HTTPException)
def http_error(error):
    return answer({"error": error.description}, error.code)
