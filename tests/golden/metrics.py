"""Writes metrics.json beside this file: metrics of made-up outputs, by scikit-learn and NumPy.

    pip install numpy scipy scikit-learn && python tests/golden/metrics.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.special import expit, log_softmax, softmax
from scipy.stats import spearmanr
from sklearn import metrics

ROWS = 60
RANDOM = np.random.default_rng(2017)


def calibration_error(confidence, right, bins=15):
    """Guo et al. 2017, as their code has it: bins open below and closed above."""
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            total += abs(confidence[inside].mean() - right[inside].mean()) * inside.mean()
    return total


def of_classes(labels, scores, classes):
    best = scores.argmax(axis=1)
    found = {
        "errors": int((best != labels).sum()),
        "error_rate": 1 - metrics.accuracy_score(labels, best),
        "accuracy": metrics.accuracy_score(labels, best),
    }
    if classes > 5:
        found["top_5_accuracy"] = metrics.top_k_accuracy_score(
            labels, scores, k=5, labels=range(classes)
        )
    return found | of_all_rows(labels, best, scores, range(classes))


def of_all_rows(labels, predicted, scores, positive):
    """Each class of `positive` against the rest, by the scores of its column."""
    columns = [(labels == k, scores[:, k] if scores.ndim == 2 else scores) for k in positive]
    average = "binary" if scores.ndim == 1 else "macro"
    return {
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "f1": metrics.f1_score(labels, predicted, average=average),
        "roc_auc": np.mean([metrics.roc_auc_score(*column) for column in columns]),
        "average_precision": np.mean([metrics.average_precision_score(*column) for column in columns]),
    }


def several_classes(classes, loss):
    logits = RANDOM.normal(scale=2.0, size=(ROWS, classes)).round(3)
    labels = np.where(
        RANDOM.random(ROWS) < 0.5, logits.argmax(axis=1), RANDOM.integers(classes, size=ROWS)
    )
    targets = np.eye(classes)[labels]
    found = {"rows": ROWS}
    if loss == "cross-entropy":
        predictions = softmax(logits, axis=1)
        right = predictions.argmax(axis=1) == labels
        found |= {
            "loss": -(targets * log_softmax(logits, axis=1)).sum(axis=1).mean(),
            "negative_log_likelihood": metrics.log_loss(
                labels, predictions, labels=range(classes)
            ),
            "brier_score": metrics.brier_score_loss(
                labels, predictions, labels=range(classes), scale_by_half=False
            ),
            "expected_calibration_error": calibration_error(predictions.max(axis=1), right),
        }
    elif loss == "binary-cross-entropy":
        predictions = expit(logits)
        found["loss"] = np.mean(
            [metrics.log_loss(targets[:, k], predictions[:, k]) for k in range(classes)]
        )
    else:
        predictions = logits
        found["loss"] = 0.5 * ROWS * classes * metrics.mean_squared_error(targets, logits)
    found |= of_classes(labels, predictions, classes)
    found["mean_absolute_error"] = metrics.mean_absolute_error(targets, predictions)
    return case(loss, logits, targets, predictions, found)


def two_classes(loss):
    logits = RANDOM.normal(scale=3.0, size=(ROWS, 1)).round(3)
    labels = (RANDOM.random(ROWS) < expit(logits[:, 0] / 2)).astype(int)
    probability = expit(logits)
    p = probability[:, 0]
    predicted = (p > 0.5).astype(int)
    found = {
        "rows": ROWS,
        "mean_absolute_error": metrics.mean_absolute_error(labels, p),
        "errors": int((predicted != labels).sum()),
        "error_rate": 1 - metrics.accuracy_score(labels, predicted),
        "accuracy": metrics.accuracy_score(labels, predicted),
        "negative_log_likelihood": metrics.log_loss(labels, p),
        "brier_score": metrics.brier_score_loss(labels, p),
        "expected_calibration_error": calibration_error(
            np.maximum(p, 1 - p), predicted == labels
        ),
    } | of_all_rows(labels, predicted, p, [1])
    if loss == "binary-cross-entropy":
        found["loss"] = metrics.log_loss(labels, p)
    else:
        found["loss"] = metrics.mean_squared_error(labels, p)
    return case(loss, logits, labels[:, None], probability, found)


def regression(targets):
    learned = RANDOM.normal(size=(ROWS, targets)).round(3)
    outputs = learned + RANDOM.normal(scale=0.4, size=(ROWS, targets)).round(3)
    mean = np.array([152.1, -3.25])[:targets]
    deviation = np.array([77.0, 0.004])[:targets]
    truth, predictions = learned * deviation + mean, outputs * deviation + mean
    found = {
        "rows": ROWS,
        "loss": metrics.mean_squared_error(learned, outputs),
        "mean_absolute_error": metrics.mean_absolute_error(truth, predictions),
        "rmse": metrics.root_mean_squared_error(truth, predictions),
        "r2": metrics.r2_score(truth, predictions),
        "median_absolute_error": metrics.median_absolute_error(truth, predictions),
        "spearman": np.mean([spearmanr(truth[:, k], predictions[:, k])[0] for k in range(targets)]),
    }
    made = case("mean-squared-error", outputs, learned, predictions, found)
    return made | {"mean": mean.tolist(), "deviation": deviation.tolist()}


def case(loss, outputs, targets, predictions, found):
    return {
        "loss": loss,
        "outputs": outputs.tolist(),
        "targets": targets.tolist(),
        "predictions": predictions.tolist(),
        "metrics": found,
    }


CASES = {
    "seven classes, softmax": several_classes(7, "cross-entropy"),
    "three classes, softmax": several_classes(3, "cross-entropy"),
    "seven classes, sigmoids": several_classes(7, "binary-cross-entropy"),
    "four classes, squared error": several_classes(4, "squared-error"),
    "two classes, logits": two_classes("binary-cross-entropy"),
    "two classes, sigmoid output": two_classes("mean-squared-error"),
    "one number": regression(1),
    "two numbers": regression(2),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(CASES) + "\n")
