"""Trains on scikit-learn's own breast cancer data (569 tumours). Run as a program it writes weights/, which app.py then serves."""

import json
import pathlib

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = ["mean radius", "mean texture", "mean smoothness", "mean concavity"]


def fit():
    """The model and what is known of it. Put your own data and model here."""
    data = load_breast_cancer()
    columns = [list(data.feature_names).index(name) for name in FEATURES]
    malignant = data.target == list(data.target_names).index("malignant")
    train, test, train_labels, test_labels = train_test_split(
        data.data[:, columns], malignant, test_size=0.25, stratify=malignant, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, train_labels)
    auc = roc_auc_score(test_labels, model.predict_proba(test)[:, 1])
    return model, {"train_rows": len(train), "test_rows": len(test), "test_auc": round(float(auc), 4), "features": FEATURES}


def main():
    model, card = fit()
    weights = pathlib.Path(__file__).parent / "weights"
    weights.mkdir(exist_ok=True)
    joblib.dump(model, weights / "model.joblib")
    (weights / "card.json").write_text(json.dumps(card) + "\n")
    print(f"test AUC {card['test_auc']:.3f}; wrote {weights}")


if __name__ == "__main__":
    main()
