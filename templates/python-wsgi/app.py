import json

from flask import Flask, Response, request

app = Flask(__name__)


@app.get("/healthz")
def healthz():
    return answer({"status": "ok"})


@app.post("/")
def predict():
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or not isinstance(body.get("text"), str):
        return answer({"error": 'the body must be an object such as {"text": "hello"}'}, 400)
    # Call your model here; load it above, so that /healthz answers only once it is loaded.
    return answer({"words": len(body["text"].split())})


def answer(value, status=200):
    return Response(json.dumps(value) + "\n", status, content_type="application/json")
