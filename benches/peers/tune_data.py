"""The rows, the split and the setting that all programs of tune.py share."""

import gzip
import json
import re
import sys
import tomllib
from pathlib import Path

import numpy as np

import mnist

SOURCES = ("digits", "fashion-mnist")
PARTS = ("train", "validation", "test")


def prepare(data, folder, directory, epochs):
    """Writes the split and a configuration that names it into `folder`, and gives what the peers are to do."""
    folder.mkdir(parents=True, exist_ok=True)
    text = Path(f"config/{data}.toml").read_text()
    config = tomllib.loads(text)
    directory = directory or config["data"].get("dir")
    labels = rows_of(data, directory)[1]
    # The files of Fashion-MNIST have test rows of their own.
    share = config["data"]["split"]
    test, rest = draw(labels, np.arange(len(labels)), share.get("test", 0.0))
    validation, train = draw(labels, rest, share["validation"])
    parts = dict(zip(PARTS, (train, validation, test)))
    for name, rows in parts.items():
        (folder / f"{name}.txt").write_text("\n".join(map(str, rows)) + "\n")

    named = ("validation", "test") if len(test) else ("validation",)
    lists = ", ".join(f'{name}_rows = "{folder / name}.txt"' for name in named)
    text = replaced(r"^split = .*$", f"split = {{ {lists} }}", text)
    if directory:
        text = replaced(r"^dir = .*$", f'dir = "{Path(directory).absolute()}"', text)
    epochs = epochs or config["train"]["epochs"]
    text = replaced(r"^epochs = .*$", f"epochs = {epochs}", text)
    (folder / "config.toml").write_text(text)
    return {
        "data": data,
        "dir": directory,
        "features": 64 if data == "digits" else 784,
        "hidden": config["network"]["hidden"],
        "epochs": epochs,
        "batch_size": config["train"]["batch_size"],
        "schedule": config["train"].get("schedule", "constant"),
    }


def replaced(pattern, line, text):
    """`text` with the one line that is meant."""
    text, count = re.subn(pattern, lambda _: line, text, flags=re.MULTILINE)
    assert count == 1, f"one line {pattern} in the configuration, found {count}"
    return text


def draw(labels, pool, share):
    """A share of a pool of rows, each class by itself, and the rest; both sorted."""
    random = np.random.default_rng(1)
    drawn = []
    for label in np.unique(labels):
        rows = random.permutation(pool[labels[pool] == label])
        drawn.append(rows[: round(share * len(rows))])
    drawn = np.sort(np.concatenate(drawn))
    return drawn, np.setdiff1d(pool, drawn)


def rows_of(data, directory, part="train"):
    """Inputs `[rows, features]` between 0 and 1 and labels `[rows]`."""
    if data == "digits":
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        return (x / 16).astype(np.float32), y
    x, y = idx(directory, f"{part}-images-idx3-ubyte"), idx(directory, f"{part}-labels-idx1-ubyte")
    return x.reshape(len(x), -1).astype(np.float32) / 255, y.astype(np.int64)


def idx(directory, name):
    """An IDX file, packed or not."""
    path = Path(directory) / name
    if path.exists():
        return mnist.idx(path)
    packed = path.with_name(name + ".gz")
    if not packed.exists():
        sys.exit(f"tune.sh: neither {path} nor {packed} is there; name the folder with --data DIR")
    return mnist.idx(packed, gzip.open)


def load(folder):
    """What `prepare` gave, and inputs and labels of the training, validation and test rows."""
    job = json.loads((Path(folder) / "job.json").read_text())
    rows = {part: np.loadtxt(Path(folder) / f"{part}.txt", dtype=int, ndmin=1) for part in PARTS[:2]}
    x, y = rows_of(job["data"], job["dir"])
    parts = [(x[rows[part]], y[rows[part]]) for part in PARTS[:2]]
    if job["data"] == "digits":
        test = np.loadtxt(Path(folder) / "test.txt", dtype=int)
        parts.append((x[test], y[test]))
    else:
        parts.append(rows_of(job["data"], job["dir"], "t10k"))
    return job, *parts
