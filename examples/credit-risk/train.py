"""Trains the model and writes weights/: model.joblib, card.json and the golden request with its expected answer."""

import argparse
import datetime
import json
import pathlib
import sys

import joblib
import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import data
import features

SEED = 0
TEST_SHARE = 0.25


def pipeline():
    choices = list(range(len(features.CHOICES)))
    numbers = list(range(len(features.CHOICES), len(features.FIELDS)))
    scale = make_pipeline(FunctionTransformer(np.log1p, validate=True), StandardScaler())
    encode = OneHotEncoder(categories=list(features.CHOICES.values()))
    return make_pipeline(
        ColumnTransformer([("choices", encode, choices), ("numbers", scale, numbers)]),
        LogisticRegression(C=0.1, max_iter=1000),
    )


def matrix(applications):
    return np.array([features.row(application) for application in applications], dtype=object)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="path of GermanCredit.RData (default: from Debian's package r-cran-caret)")
    arguments = parser.parse_args()
    applications, bad = data.load(arguments.data or data.fetch())
    train, test, bad_train, bad_test = train_test_split(
        applications, bad, test_size=TEST_SHARE, stratify=bad, random_state=SEED)
    model = pipeline().fit(matrix(train), bad_train)
    probability = model.predict_proba(matrix(test))[:, 1]

    card = {
        "name": "German credit default",
        "data": "Statlog German Credit, Hans Hofmann 1994; from Debian's r-cran-caret (caret, GPL-2+)",
        "rows": len(applications),
        "train_rows": len(train),
        "test_rows": len(test),
        "trained": datetime.date.today().isoformat(),
        "test_auc": round(roc_auc_score(bad_test, probability), 4),
        "test_brier": round(brier_score_loss(bad_test, probability), 4),
        "algorithm": "logistic regression, C=0.1",
        "seed": SEED,
        "scikit_learn": sklearn.__version__,
        "features": features.FIELDS,
        "left_out": ["sex and marital status", "age", "nationality", "dependents"],
    }
    weights = pathlib.Path(__file__).parent / "weights"
    weights.mkdir(exist_ok=True)
    joblib.dump(model, weights / "model.joblib")
    write(weights / "card.json", card)
    write_golden(weights, card, test, probability)
    print(f"trained on {len(train)} loans, tested on {len(test)}: AUC {card['test_auc']:.2f}, "
          f"Brier score {card['test_brier']:.2f}", file=sys.stderr)


def write_golden(weights, card, applications, probability):
    """What this model answers to its clearest case: a deploy compares the running service with it."""
    clearest = probability.argmin()
    write(weights / "golden.json", applications[clearest])
    write(weights / "golden.out.json", {
        "default_probability": round(float(probability[clearest]), 4),
        "decision": "approve",
        "model": f"{card['trained']}, test AUC {card['test_auc']:.2f}",
    })


def write(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


if __name__ == "__main__":
    main()
