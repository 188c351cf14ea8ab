#!/usr/bin/env python3
"""How well a network tells rows of another kind from its own: the figures of docs/UNCERTAINTY.md.

    python3 scripts/foreign.py target/debug/dropwise RUN OWN FOREIGN [--samples 100]

OWN and FOREIGN are files of rows that `dropwise predict RUN` takes, such as IDX images; FOREIGN may be `digits`: scikit-learn's digits,
scaled to 28 x 28 pixels. Printed is the area under the ROC curve (0.5: told by chance, 1: always) of the entropy, the mutual information
and 1 - the largest probability, with samples, and of the first and the last with dropout off; of an ensemble RUN with dropout off of all
three, since its members may differ.
"""

import argparse
import csv
import io
import math
import struct
import subprocess
import sys
import tempfile
from pathlib import Path


def digits(path):
    import numpy as np
    from sklearn.datasets import load_digits

    images = load_digits().images / 16 * 255
    # Each pixel is 3 x 3, with a margin of 2.
    large = np.zeros((len(images), 28, 28))
    large[:, 2:26, 2:26] = images.repeat(3, axis=1).repeat(3, axis=2)
    path.write_bytes(struct.pack(">4I", 0x803, len(large), 28, 28) + large.astype("u1").tobytes())


def scores(program, run, file, more):
    ended = subprocess.run([program, "predict", run, "--input", file, *more], capture_output=True, text=True)
    if ended.returncode:
        sys.exit(ended.stderr)
    found = {"entropy": [], "mutual information": [], "1 - largest probability": []}
    for row in csv.DictReader(io.StringIO(ended.stdout)):
        row.pop("prediction")
        members = {}
        for key in [key for key in row if key.startswith("member_")]:
            _, member, *of_class = key.split("_", 2)
            value = row.pop(key)
            if of_class:
                members.setdefault(member, []).append(float(value))
        if "mutual_information" in row:
            whole, model = (float(row.pop(key)) for key in ("entropy", "mutual_information"))
        else:
            whole, model = entropy(map(float, row.values())), None
            if len(members) > 1:
                model = whole - sum(map(entropy, members.values())) / len(members)
        found["entropy"].append(whole)
        if model is not None:
            found["mutual information"].append(model)
        found["1 - largest probability"].append(1 - max(map(float, row.values())))
    return found


def entropy(probabilities):
    return -sum(p * math.log(p) for p in probabilities if p > 0)


def auroc(own, foreign):
    """The chance that a foreign row has a higher score, a tie counting half."""
    ranked = sorted([(score, 0) for score in own] + [(score, 1) for score in foreign])
    total, k = 0.0, 0
    while k < len(ranked):
        end = k
        while end < len(ranked) and ranked[end][0] == ranked[k][0]:
            end += 1
        total += sum(kind for _, kind in ranked[k:end]) * (k + 1 + end) / 2
        k = end
    count = len(foreign)
    return (total - count * (count + 1) / 2) / (count * len(own))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("program", "run", "own", "foreign"):
        parser.add_argument(name)
    parser.add_argument("--samples", default="100")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        foreign = args.foreign
        if foreign == "digits":
            foreign = str(Path(folder) / "digits-idx3-ubyte")
            digits(Path(foreign))
        for title, more in (("samples", ["--samples", args.samples]), ("dropout off", ["--proba", "--members"])):
            if args.samples == "0" and title == "samples":
                continue
            own, others = (scores(args.program, args.run, file, more) for file in (args.own, foreign))
            for name in own:
                if own[name]:
                    print(f"{title}, {name}: {auroc(own[name], others[name]):.3f}", flush=True)


if __name__ == "__main__":
    main()
