"""What `dropwise tune` comes to, and the width that it chose without dropout: the only place that knows the names in its
files."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from groups import dropwise

# One seed for the search; networks are tested with this seed and the four after it.
SEED = 1
SEEDS = range(SEED, SEED + 5)
KEYS = {
    "network.hidden": "width",
    "dropout.hidden": "hidden",
    "dropout.input": "input",
    "train.learning_rate": "learning_rate",
    "train.momentum": "momentum",
    "train.max_norm": "max_norm",
}


def tune(folder, trials, max_width):
    """The result of both searches, the space that the one with dropout had, and what it tried first."""
    # A study that is there already would be refused, and what it had done would not count in the time.
    out = folder / f"study-{int(time.time())}"
    command = [dropwise(), "tune", folder / "config.toml", "--trials", trials, "--max-width", max_width]
    summary = last_line([*command, "--seed", SEED, "--json", "--out", out])
    arms = {arm["arm"]: arm for arm in summary["arms"]}
    advised = [trial["setting"] for trial in trials_of(out) if trial["phase"] == "dropout"][:3]
    return {
        **of_arm(arms["dropout"]),
        "without": of_arm(arms["no-dropout"]),
        "space": arms["dropout"]["space"]["dimensions"],
        "advice": [short(setting) for setting in advised],
        "study": str(out),
    }


def same_width(result):
    """The best trial without dropout at the width that was chosen with it, trained and tested as the others were; None if
    there is none, or if its search chose this width too."""
    hidden, out = result["width"], Path(result["study"])
    if result["without"]["width"] == hidden:
        return None
    tried = [trial for trial in trials_of(out) if trial["phase"] == "no-dropout"]
    tried = [trial for trial in tried if trial["end"] == "finished" and trial["setting"]["network.hidden"] == hidden]
    if not tried:
        return None
    setting = min(tried, key=lambda trial: (trial["curve"][-1]["error"], trial["curve"][-1]["loss"]))["setting"]
    path = out / "same-width.toml"
    path.write_text(re.sub(r"^max_norm = .*\n", "", (out / "best.toml").read_text(), flags=re.MULTILINE))
    layers = len(result["layers"])
    values = {**setting, "network.hidden": [hidden] * layers}
    command = [dropwise(), "train", path, "--json"]
    for key, value in values.items():
        command += ["--set", f"{key}={value}"]
    errors = [last_line([*command, "--seed", seed])["test"]["error_rate"] for seed in SEEDS]
    return {"test_errors": errors, "trials": len(tried), "width": hidden, "chosen": chosen(setting)}


def trials_of(study):
    return [json.loads(line) for line in (study / "study.jsonl").read_text().splitlines()]


def of_arm(arm):
    return {
        "test_errors": arm["test"]["errors"],
        "trials": arm["trials"],
        "width": arm["setting"]["network.hidden"],
        "chosen": chosen(arm["setting"]),
    }


def chosen(setting):
    return {key: value for key, value in short(setting).items() if key != "width"}


def short(setting):
    return {KEYS[key]: value for key, value in setting.items()}


def last_line(command):
    """The figures that a program prints as JSON in its last line; what else it says goes to the terminal."""
    command = list(map(str, command))
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if ended.returncode != 0:
        sys.exit(f"tune.sh: {' '.join(command)} failed")
    return json.loads(ended.stdout.splitlines()[-1])
