import json
import pathlib

import joblib
from flask import Flask, Response, request

import train

WEIGHTS = pathlib.Path(__file__).parent / "weights"

# Before the first request: /healthz answers only once the model is there.
if WEIGHTS.exists():
    model = joblib.load(WEIGHTS / "model.joblib")
    card = json.loads((WEIGHTS / "card.json").read_text())
else:
    model, card = train.fit()  # takes a moment; train.py keeps it in weights/
features = card["features"]

app = Flask(__name__)


@app.get("/healthz")
def healthz():
    return answer({"status": "ok"})


@app.get("/model")
def describe():
    return answer(card)


@app.post("/")
def predict():
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict) or not all(isinstance(body.get(name), (int, float)) for name in features):
        return answer({"error": f"the body must be an object with the numbers: {', '.join(features)}"}, 400)
    probability = model.predict_proba([[body[name] for name in features]])[0, 1]
    return answer({"malignant": round(float(probability), 4)})


def answer(value, status=200):
    return Response(json.dumps(value) + "\n", status, content_type="application/json")
