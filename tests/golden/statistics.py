"""Writes statistics.json beside this file: intervals and quartiles of made-up samples, by SciPy and NumPy.

    pip install numpy scipy && python tests/golden/statistics.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

RANDOM = np.random.default_rng(2014)


def distribution(values):
    values = np.asarray(values)
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values)
    )
    quartiles = np.quantile(values, [0.25, 0.5, 0.75])
    return {
        "values": values.tolist(),
        "mean": values.mean(),
        "mean_interval": [low, high],
        "standard_deviation": values.std(ddof=1),
        "quartiles": quartiles.tolist(),
    }


def share(count, all):
    interval = stats.binomtest(count, all).proportion_ci(0.95, method="wilson")
    return {"count": count, "all": all, "interval": [interval.low, interval.high]}


def difference(one, other):
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    return {"one": list(one), "other": list(other), "interval": [interval.low, interval.high]}


solved = RANDOM.uniform(size=200) < 0.9
samples = {
    "two values": [0.25, 1.0],
    "three equal values": [0.5, 0.5, 0.5],
    "five values": [3.0, 1.0, 4.0, 1.0, 5.0],
    "normal": RANDOM.normal(7.0, 2.0, 31),
    "two heaps, as of networks that solve a task and others": np.where(
        solved, RANDOM.lognormal(-3.5, 0.3, 200), RANDOM.uniform(0.25, 0.5, 200)
    ),
    "one far away": np.append(RANDOM.normal(0.0, 1.0, 9), 1e6),
}
found = {
    "distributions": {name: distribution(values) for name, values in samples.items()},
    "shares": [
        share(count, all)
        for all in (1, 2, 5, 30, 200, 100_000)
        for count in sorted({0, 1, all // 3, all // 2, all - 1, all})
    ],
}
found["differences"] = [
    difference([3.0, 1.0, 4.0, 1.0, 5.0], [2.0, 7.0, 1.0, 8.0, 2.0, 8.0]),
    difference([0.25, 1.0], [0.5, 0.25]),
    difference([0.031, 0.030, 0.031, 0.034, 0.039], [0.5, 0.5, 0.5]),
    difference(RANDOM.normal(7.0, 2.0, 31), RANDOM.normal(6.0, 0.1, 5)),
]
# A spread of 0 has an interval of no width, which SciPy calls not a number.
for one in found["distributions"].values():
    if one["standard_deviation"] == 0:
        one["mean_interval"] = [one["mean"], one["mean"]]
path = Path(__file__).with_suffix(".json")
path.write_text(json.dumps(found, indent=1) + "\n")
