"""Tunes the same network on the same rows with dropwise and its peers, and prints a table. Called by tune.sh.

Everyone gets the same rows: the split is drawn here, each class by itself, with the shares of config/DATA.toml, and
written as lists of rows, which dropwise reads. Everyone chooses by the validation rows, trains what it chose again on
training and validation rows together, with 5 seeds, and is then shown the test rows. Everyone has the hidden layers,
the batch, the epochs and the schedule of the configuration, and the width that dropwise chose, or --width.

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
from groups import dropwise, python
from process import limit_cpus

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("dropwise", "optuna", "scikit-learn")
# One seed for the search; the networks that are tested have the seeds 1 to 5.
SEED = 1


def main():
    parser = argparse.ArgumentParser(prog="tune.sh", description=__doc__.splitlines()[0])
    parser.add_argument("data", metavar="DATA", choices=tune_data.SOURCES, help=", ".join(tune_data.SOURCES))
    parser.add_argument("--data", dest="dir", metavar="DIR", help="the IDX files [as the configuration says]")
    parser.add_argument("--trials", type=int, default=50, metavar="N", help="settings that are tried [50]")
    parser.add_argument("--epochs", type=int, metavar="N", help="epochs of each network [the configuration's]")
    parser.add_argument("--width", type=int, metavar="W", help="units of each hidden layer [as dropwise found]")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS, metavar="PROGRAM", help="[all]")
    arguments = parser.parse_args()

    os.chdir(ROOT)
    limit_cpus()

    folder = ROOT / "target/peers/tune" / arguments.data
    job = tune_data.prepare(arguments.data, folder, arguments.dir, arguments.epochs)
    if "dropwise" in arguments.only:
        keep(folder, "dropwise", lambda: ours(folder, arguments.trials))
    job["hidden"] = [width(folder, arguments.width)] * len(job["hidden"])
    (folder / "job.json").write_text(json.dumps(job))
    for program, script in (("optuna", "tune_optuna.py"), ("scikit-learn", "tune_sklearn.py")):
        if program in arguments.only:
            command = python(script, folder, arguments.trials)
            keep(folder, program, lambda: last_line(command))
    print(table(arguments.data, folder, job))


def ours(folder, trials):
    """What `dropwise tune` came to."""
    command = [dropwise(), "tune", folder / "config.toml", "--trials", trials, "--seed", SEED, "--json"]
    # A study that is there already would be refused, and what it had done would not count in the time.
    out = folder / f"study-{int(time.time())}"
    return read_summary(last_line([*command, "--out", out]))


def read_summary(summary):
    """The result in the words of this script, from the last line of `dropwise tune --json`: the only place that knows
    the names in it."""
    arms = {arm["arm"]: arm for arm in summary["arms"]}
    found = {name: of_arm(arm) for name, arm in arms.items()}
    return {**found["dropout"], "without": found["no-dropout"]}


def of_arm(arm):
    chosen = {"width" if key == "network.hidden" else key.split(".")[1]: value for key, value in arm["setting"].items()}
    return {
        "test_errors": arm["test"]["errors"],
        "trials": arm["trials"],
        "width": chosen.pop("width"),
        "chosen": chosen,
    }


def last_line(command):
    """The figures that a program prints as JSON in its last line; what else it says goes to the terminal."""
    command = list(map(str, command))
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"tune.sh: {' '.join(command)} failed")
    return json.loads(ended.stdout.splitlines()[-1])


def keep(folder, program, run):
    """Runs a program and keeps its result, with the seconds from its start to its end."""
    start = time.perf_counter()
    result = run()
    result["seconds"] = time.perf_counter() - start
    (folder / f"{program}.json").write_text(json.dumps(result, indent=1))


def width(folder, asked):
    """Units of a hidden layer: as asked, or as dropwise found."""
    found = folder / "dropwise.json"
    if asked:
        return asked
    if found.exists():
        return json.loads(found.read_text())["width"]
    sys.exit("tune.sh: no --width, and no result of dropwise to take it from")


def table(data, folder, job):
    """The results that are there."""
    names = {
        "dropwise": "`dropwise tune`",
        "optuna": "Optuna's TPE, PyTorch",
        "scikit-learn": "scikit-learn's MLPClassifier, its grid",
    }
    lines = [
        f"### {data}: {job['features']}-{'-'.join(map(str, job['hidden']))}-10, {job['epochs']} epochs",
        "",
        "| what | test error (mean +- sd of 5 seeds) | trials | seconds | chosen |",
        "|---|---|---|---|---|",
    ]
    for program, name in names.items():
        file = folder / f"{program}.json"
        if file.exists():
            result = json.loads(file.read_text())
            lines.append(row(name, result, f"{result['seconds']:.0f}"))
            if "without" in result:
                lines.append(row(f"{name}, without dropout", result["without"], "in the same"))
    return "\n".join(lines)


def row(name, result, seconds):
    errors = [100 * error for error in result["test_errors"]]
    chosen = ", ".join(f"{key} {shown(value)}" for key, value in result["chosen"].items())
    spread = f"{statistics.mean(errors):.2f} +- {statistics.stdev(errors):.2f} %" if len(errors) > 1 else "diverged"
    if 1 < len(errors) < 5:
        spread += f" ({len(errors)} seeds, the others diverged)"
    return f"| {name} | {spread} | {result['trials']} | {seconds} | {chosen} |"


def shown(value):
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
