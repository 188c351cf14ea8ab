"""Writes ridge.json beside this file: what dropout on the inputs of a linear regression comes to on the table of concrete.

    pip install numpy && python tests/golden/ridge.py

Inputs and target are standardized by mean and (population) standard deviation. With rate r, dropout is least squares on the
table with a row more for each input: the root of r / (1 - r) times the length of its column, and the target 0.
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__)
TABLE = HERE.parents[2] / "config" / "data" / "concrete.csv"


def standardized(column):
    return (column - column.mean(axis=0)) / column.std(axis=0)


def weights(inputs, targets, rate):
    lengths = np.linalg.norm(inputs, axis=0)
    more = np.diag(np.sqrt(rate / (1 - rate)) * lengths)
    inputs = np.vstack([inputs, more])
    targets = np.concatenate([targets, np.zeros(len(lengths))])
    return np.linalg.lstsq(inputs, targets, rcond=None)[0]


table = np.loadtxt(TABLE, delimiter=",", skiprows=1)
inputs, targets = standardized(table[:, :-1]), standardized(table[:, -1])
found = [
    {"rate": rate, "weights": weights(inputs, targets, rate).tolist()}
    for rate in (0.0, 0.1, 0.2, 0.5, 0.9)
]
HERE.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
