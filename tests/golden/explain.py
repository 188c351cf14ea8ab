"""Writes explain.json beside this file: what a made-up network has become, by NumPy in float64.

    pip install numpy && python tests/golden/explain.py

The network is 6-9-7-4 with ReLU and cross-entropy. Its first layer has a unit twice, a unit and its double, a dead unit,
and a unit of zero weights with a bias; its second layer has a dead unit.
"""

import json
from pathlib import Path

import numpy as np

ROWS = 50
RANDOM = np.random.default_rng(1929)


def network():
    sizes = [6, 9, 7, 4]
    layers = []
    for d_input, d_output in zip(sizes[:-1], sizes[1:]):
        weight = RANDOM.normal(scale=1.5 / np.sqrt(d_input), size=(d_input, d_output)).round(4)
        layers.append([weight, RANDOM.normal(scale=0.1, size=d_output).round(4)])
    first, bias = layers[0]
    first[:, 4], bias[4] = first[:, 1], bias[1]
    first[:, 6], bias[6] = 2 * first[:, 2], 2 * bias[2]
    bias[5] = -100
    first[:, 8], bias[8] = 0, 0.75
    layers[1][1][3] = -100
    return layers


def forward(layers, x):
    """The activations of all layers; the last are logits."""
    found = []
    for k, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        if k + 1 < len(layers):
            x = np.maximum(x, 0)
        found.append(x)
    return found


def log_softmax(logits):
    logits = logits - logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def similarities(matrix):
    """What a matrix of similarities comes to; units that are like nothing are zeros in it."""
    units = len(matrix)
    others = ~np.eye(units, dtype=bool)
    kept = matrix[np.ix_(matrix.diagonal() > 0, matrix.diagonal() > 0)]
    values = np.linalg.eigvalsh(kept)
    return {
        "matrix": matrix.tolist(),
        "mean_magnitude": np.abs(matrix[others]).mean(),
        "near_duplicates": int(((matrix > 0.95) & others).any(axis=1).sum()),
        "effective_rank": values.sum() ** 2 / (values**2).sum(),
    }


def correlations(activations):
    varies = np.ptp(activations, axis=0) > 0
    matrix = np.zeros((activations.shape[1],) * 2)
    matrix[np.ix_(varies, varies)] = np.corrcoef(activations[:, varies], rowvar=False)
    return matrix


def cosines(weight):
    lengths = np.linalg.norm(weight, axis=0)
    directions = np.divide(weight, lengths, out=np.zeros_like(weight), where=lengths > 0)
    return directions.T @ directions


def histogram(values):
    counts, edges = np.histogram(values, bins=40)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def calibration(probabilities, labels, bins=15):
    """Guo et al. 2017: bins open below and closed above."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    found = []
    for k in range(bins):
        inside = (confidence > k / bins) & (confidence <= (k + 1) / bins)
        if inside.any():
            found.append(
                {
                    "low": k / bins,
                    "high": (k + 1) / bins,
                    "rows": int(inside.sum()),
                    "confidence": confidence[inside].mean(),
                    "accuracy": right[inside].mean(),
                }
            )
    return found


def landscape(layers, x, labels, at, values):
    """The cross-entropy over the value of one weight of the first layer."""
    losses = []
    for value in values:
        changed = [[weight.copy(), bias] for weight, bias in layers]
        changed[0][0][at] = value
        log_p = log_softmax(forward(changed, x)[-1])
        losses.append(-log_p[np.arange(len(labels)), labels].mean())
    return losses


layers = network()
x = RANDOM.normal(size=(ROWS, 6)).round(4)
hidden = forward(layers, x)
logits = hidden.pop()
probabilities = np.exp(log_softmax(logits))
labels = np.where(RANDOM.random(ROWS) < 0.7, logits.argmax(axis=1), RANDOM.integers(4, size=ROWS))
confusion = np.zeros((4, 4), dtype=int)
np.add.at(confusion, (labels, logits.argmax(axis=1)), 1)
# As far as the weights from the same input and 0 reach, and 0.35 of that on both sides.
low, high = min(0, layers[0][0][3].min()), max(0, layers[0][0][3].max())
room = 0.35 * (high - low)
values = np.linspace(low - room, high + room, 25)

found = {
    "layers": [{"weight": weight.tolist(), "bias": bias.tolist()} for weight, bias in layers],
    "inputs": x.tolist(),
    "labels": labels.tolist(),
    "hidden": [
        {
            "constant_units": int((np.ptp(activations, axis=0) == 0).sum()),
            "activations": similarities(correlations(activations)),
            "weights": similarities(cosines(weight)),
            "histogram": histogram(activations),
            "histogram_of_means": histogram(activations.mean(axis=0)),
            "mean": activations.mean(),
            "near_zero": (np.abs(activations) < 0.01 * np.abs(activations).max()).mean(),
        }
        for activations, (weight, _) in zip(hidden, layers)
    ],
    "confusion": confusion.tolist(),
    "calibration": calibration(probabilities, labels),
    "landscape": {
        "input": 3,
        "unit": 2,
        "values": values.tolist(),
        "losses": landscape(layers, x, labels, (3, 2), values),
    },
}
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(found) + "\n")
