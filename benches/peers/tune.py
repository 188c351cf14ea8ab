"""Tunes the same network on the same rows with dropwise and its peers, and prints a table. Called by tune.sh.

Everyone gets the same rows: the split is drawn here, each class by itself, with the shares of config/DATA.toml, and
written as lists of rows, which dropwise reads. Everyone chooses by the error on the validation rows, between equal errors
by the loss, trains what it chose again on training and validation rows together, with 5 seeds, and is then shown the
test rows. Everyone has the number of hidden layers, the batch, the epochs and the schedule of the configuration. Optuna
searches the space that dropwise searched with dropout, from the same first settings; scikit-learn, which has no
dropout, has a grid at the width that dropwise chose. dropwise grows a network before, and trains its best four
settings again with other seeds after; its peers do not.

Each program's result is kept in target/peers/tune/DATA/PROGRAM.json; the table has all that are there.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import tune_data
import tune_dropwise
from groups import python
from process import limit_cpus

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("dropwise", "optuna", "scikit-learn")


def main():
    parser = argparse.ArgumentParser(prog="tune.sh", description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA", choices=tune_data.SOURCES, help=", ".join(tune_data.SOURCES))
    parser.add_argument("--data", dest="dir", metavar="DIR", help="the IDX files [as the configuration says]")
    parser.add_argument("--trials", type=int, default=50, metavar="N", help="settings that are tried [50]")
    parser.add_argument("--epochs", type=int, metavar="N", help="epochs of each network [the configuration's]")
    parser.add_argument("--max-width", type=int, default=1024, metavar="W", help="units of a hidden layer at most [1024]")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, metavar="PROGRAM", help="[all]")
    arguments = parser.parse_args()

    os.chdir(ROOT)
    limit_cpus()

    folder = ROOT / "target/peers/tune" / arguments.data
    job = tune_data.prepare(arguments.data, folder, arguments.dir, arguments.epochs)
    if "dropwise" in arguments.only:
        layers = {"layers": job["hidden"]}
        keep(folder, "dropwise", lambda: tune_dropwise.tune(folder, arguments.trials, arguments.max_width) | layers)
        keep(folder, "same-width", lambda: tune_dropwise.same_width(result_of(folder, "dropwise")))
    ours = result_of(folder, "dropwise")
    job |= {"hidden": [ours["width"]] * len(job["hidden"]), "space": ours["space"], "advice": ours["advice"]}
    (folder / "job.json").write_text(json.dumps(job))
    for program, script in (("optuna", "tune_optuna.py"), ("scikit-learn", "tune_sklearn.py")):
        if program in arguments.only:
            command = python(script, folder, arguments.trials)
            keep(folder, program, lambda: tune_dropwise.last_line(command))
    print(table(arguments.data, folder, job))


def keep(folder, program, run):
    """Runs a program and keeps its result, if it has one, with the seconds from its start to its end."""
    start = time.perf_counter()
    result = run()
    file = folder / f"{program}.json"
    file.unlink(missing_ok=True)
    if result:
        result["seconds"] = time.perf_counter() - start
        file.write_text(json.dumps(result, indent=1))


def result_of(folder, program):
    """What a program came to, as it was kept."""
    file = folder / f"{program}.json"
    if not file.exists():
        sys.exit(f"tune.sh: no result of {program} in {folder}; leave out --only for the first time")
    return json.loads(file.read_text())


def table(data, folder, job):
    """The results that are there."""
    names = {
        "dropwise": "`dropwise tune`",
        "same-width": "the same width without dropout",
        "optuna": "Optuna's TPE, PyTorch",
        "scikit-learn": "scikit-learn's MLPClassifier, its grid",
    }
    layers = len(job["hidden"])
    lines = [
        f"### {data}: {job['features']} inputs, {layers} hidden layer{'s' * (layers > 1)}, 10 classes, {job['epochs']} epochs",
        "",
        "| what | test error (mean +- sd of 5 seeds) | trials | seconds | width | chosen |",
        "|---|---|---|---|---|---|",
    ]
    for program, name in names.items():
        file = folder / f"{program}.json"
        if file.exists():
            result = json.loads(file.read_text())
            lines.append(row(name, result, f"{result['seconds']:.0f}"))
            if "without" in result:
                lines.append(row("its search without dropout", result["without"], "in the same"))
    return "\n".join(lines)


def row(name, result, seconds):
    errors = [100 * error for error in result["test_errors"]]
    chosen = ", ".join(f"{key} {shown(value)}" for key, value in result["chosen"].items() if value is not None)
    spread = f"{statistics.mean(errors):.2f} +- {statistics.stdev(errors):.2f} %" if len(errors) > 1 else "diverged"
    if 1 < len(errors) < 5:
        spread += f" ({len(errors)} seeds, the others diverged)"
    return f"| {name} | {spread} | {result['trials']} | {seconds} | {result['width']} | {chosen} |"


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
