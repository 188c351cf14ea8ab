#!/usr/bin/env python3
"""Whether intervals hold: the table of docs/UNCERTAINTY.md.

    python3 scripts/coverage.py target/debug/dropwise [--energy FILE] [--seeds 20] [--only NAME,...]

For each table and seed a network is trained on half of the rows, a quarter are calibration rows and a quarter test rows. 100 thinned networks
are asked; of numbers also mean and variance in closed form, and an ensemble of five with dropout off. Printed are the
means over the seeds of the share of test rows whose truth is inside, at 80, 90 and 95 %, and between which shares that mean is in 95 of
100 cases. Needs scikit-learn, whose tables these are but for Concrete and Energy (a text file of numbers, the target last).
"""

import argparse
import csv
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn import datasets

ROOT = Path(__file__).resolve().parents[1]
LEVELS = [0.8, 0.9, 0.95]

CONFIG = """
seed = {seed}
[data]
{data}
[data.split]
test = 0.25
calibration = 0.3334
[network]
hidden = [{hidden}]
activation = "relu"
[dropout]
hidden = 0.1
[train]
optimizer = "adam"
learning_rate = 0.01
schedule = "cosine"
batch_size = 32
epochs = {epochs}
evaluate_every = {epochs}
"""


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def sklearn_table(path, name):
    loaded = getattr(datasets, f"load_{name}")()
    if name == "linnerud":
        names = [*loaded.feature_names, "target"]
        rows = [[*x, y[0]] for x, y in zip(loaded.data, loaded.target)]
    else:
        names = [*(str(f).replace(" ", "_") for f in loaded.feature_names), "target"]
        classes = getattr(loaded, "target_names", None)
        rows = [
            [*x, y if classes is None or name == "diabetes" else classes[int(y)]]
            for x, y in zip(loaded.data, loaded.target)
        ]
    write(path, names, rows)


def tables(folder, energy):
    found = {}
    table = 'source = "csv"\npath = "{}"\ntarget = "{}"'
    found["concrete"] = (table.format(ROOT / "config/data/concrete.csv", "strength"), 60)
    if energy:
        rows = [line.split() for line in open(energy) if line.strip()]
        path = folder / "energy.csv"
        write(path, [*(f"x{k}" for k in range(1, len(rows[0]))), "target"], rows)
        found["energy"] = (table.format(path, "target"), 100)
    found["digits"] = ('source = "digits"', 30)
    for name in ["diabetes", "linnerud", "iris", "wine", "breast_cancer"]:
        path = folder / f"{name}.csv"
        sklearn_table(path, name)
        found[name] = (table.format(path, "target"), 40)
    return found


def call(program, *arguments):
    ended = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr)
    return ended.stdout


def evaluate(program, run, *how):
    return json.loads(call(program, "evaluate", run, *how, "--json"))["uncertainty"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--energy")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only")
    args = parser.parse_args()
    program = str(Path(args.program).resolve())
    print("| table | calibration rows | asked | score | 80 % | 90 % | 95 % | width at 90 % |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for table, (data, epochs) in tables(folder, args.energy).items():
            if args.only and table not in args.only.split(","):
                continue
            found = {}
            for seed in range(1, args.seeds + 1):
                config = folder / "config.toml"
                config.write_text(CONFIG.format(seed=seed, data=data, hidden=64, epochs=epochs))
                run = str(folder / f"{table}-{seed}")
                call(program, "train", config, "--quiet", "--out", run)
                asked = {"samples": evaluate(program, run, "--samples")}
                if "targets" in asked["samples"]:
                    asked["closed form"] = evaluate(program, run, "--samples", "analytic")
                    call(program, "train", config, "--quiet", "--out", run + "-5", "--set", "train.ensemble=5")
                    asked["ensemble"] = evaluate(program, run + "-5", "--coverage")
                for how, sure in asked.items():
                    rows = sure["calibration_rows"]
                    part = sure["targets"][0] if "targets" in sure else sure["classes"]
                    for one in part["coverage"]:
                        # Whoever is asked, this one has the mean alone: nearly the same numbers three times.
                        if how == "samples" or one["score"] != "absolute":
                            key = (how, one["score"], one["level"])
                            found.setdefault(key, []).append((one, sure["rows"]))
            for how, score in dict.fromkeys((how, score) for how, score, _ in found):
                cells = []
                for level in LEVELS:
                    if (how, score, level) not in found:
                        cells.append("-")
                        continue
                    ones = found[how, score, level]
                    mean = statistics.mean(one["coverage"] for one, _ in ones)
                    cell = f"{100 * mean:.1f}"
                    if score != "none":
                        # Beta-binomial, over seeds that are taken to be independent.
                        k = min(math.ceil((rows + 1) * level - 1e-9), rows)
                        share = k / (rows + 1)
                        test = ones[0][1]
                        variance = share * (1 - share) / (rows + 2) * (1 + (rows + 1) / test)
                        spread = 1.96 * math.sqrt(variance / len(ones))
                        cell += f" ({100 * (share - spread):.1f} to {min(100, 100 * (share + spread)):.1f})"
                    cells.append(cell)
                width = "-"
                if (how, score, 0.9) in found:
                    width = f"{statistics.mean(one['mean_width'] for one, _ in found[how, score, 0.9]):.3g}"
                name = "std alone" if score == "none" else f"`{score}`"
                print(f"| {table} | {rows} | {how} | {name} | {' | '.join(cells)} | {width} |", flush=True)


if __name__ == "__main__":
    main()
