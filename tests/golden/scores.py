"""Writes scores.json beside this file: random predictions with ties, and what scikit-learn and SciPy say of each class and of
their order.

    pip install numpy scipy scikit-learn && python tests/golden/scores.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr
from sklearn import metrics

warnings.simplefilter("ignore")
RANDOM = np.random.default_rng(1906)


def number(value):
    return None if np.isnan(value) else float(value)


def of_class(is_of_class, is_predicted, scores):
    rows, predicted = int(is_of_class.sum()), int(is_predicted.sum())
    both = len(set(is_of_class.tolist())) == 2
    return {
        "rows": rows,
        "predicted": predicted,
        "recall": number(metrics.recall_score(is_of_class, is_predicted, zero_division=np.nan)),
        "precision": number(metrics.precision_score(is_of_class, is_predicted, zero_division=np.nan)),
        "f1": metrics.f1_score(is_of_class, is_predicted) if rows + predicted else None,
        "roc_auc": metrics.roc_auc_score(is_of_class, scores) if both else None,
        "average_precision": metrics.average_precision_score(is_of_class, scores) if rows else None,
    }


def together(classes, key):
    found = [scores[key] for scores in classes if scores[key] is not None]
    if len(classes) == 2:
        return classes[1][key]
    return float(np.mean(found)) if found else None


def classification(rows, classes, decimals, absent):
    """Scores are rounded, so that many are equal; the classes `absent` have no row."""
    there = [k for k in range(classes) if k not in absent]
    labels = RANDOM.choice(there, size=rows)
    two = classes == 2
    noise = RANDOM.random((rows, 1 if two else classes))
    truth = (labels == 1)[:, None] if two else np.eye(classes)[labels]
    scores = (0.6 * noise + 0.4 * truth).round(decimals)
    predicted = (scores[:, 0] > 0.5).astype(int) if two else scores.argmax(axis=1)
    column = lambda k: (scores[:, 0] if k else -scores[:, 0]) if two else scores[:, k]
    found = [of_class(labels == k, predicted == k, column(k)) for k in range(classes)]
    return {
        "classes": classes,
        "labels": labels.tolist(),
        "predictions": scores.flatten().tolist(),
        "of_class": found,
        "confusion": metrics.confusion_matrix(labels, predicted, labels=range(classes)).tolist(),
        "metrics": {
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
            "f1": together(found, "f1"),
            "roc_auc": together(found, "roc_auc"),
            "average_precision": together(found, "average_precision"),
        },
    }


def regression(rows, decimals):
    truth = RANDOM.normal(size=rows).round(decimals)
    predictions = (truth + RANDOM.normal(size=rows)).round(decimals)
    return {
        "targets": truth.tolist(),
        "predictions": predictions.tolist(),
        "metrics": {
            "median_absolute_error": metrics.median_absolute_error(truth, predictions),
            "spearman": spearmanr(truth, predictions)[0],
        },
    }


CASES = [
    classification(int(RANDOM.integers(8, 60)), classes, decimals, absent)
    for classes, absent in [(2, []), (3, []), (5, []), (4, [2]), (3, [0, 2]), (2, [1]), (2, [0])]
    for decimals in (0, 1, 2, 6)
] + [regression(int(RANDOM.integers(5, 60)), decimals) for decimals in (0, 1, 1, 2, 6)]
Path(__file__).with_suffix(".json").write_text(json.dumps(CASES, allow_nan=False) + "\n")
